// A list cut to what a log line can carry, with the number of all there are.

export type Excerpt<T> = { readonly count: number; readonly first: readonly T[] };

const most = 10;

export function excerptOf<T>(all: readonly T[]): Excerpt<T> {
  return { count: all.length, first: all.slice(0, most) };
}
