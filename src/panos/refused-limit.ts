// Whether a device refuses for a limit of its own: the few texts that are known to say so.

/** What a refusal says of a limit. */
export type RefusedLimit = {
  readonly kind: 'addresses' | 'tags';
  /** Otherwise the words may mean something else. */
  readonly isCertain: boolean;
  /** As the device says it. */
  readonly figure: number | undefined;
};

/**
 * "max registered-ip for the platform reached (N)" and "total number of tags exceeds the limit N" are what a device
 * writes into its own logs (knowledge base kA14u000000sdAr; useridd.log). "Failed to register" is a reply whose meaning
 * nobody has documented; minemeld swallows it.
 */
const texts: readonly (readonly [RegExp, RefusedLimit['kind'], boolean])[] = [
  [/max(?:imum)? registered-ip for the platform reached(?:\D*(\d{1,7}))?/i, 'addresses', true],
  [/number of tags exceeds the limit(?:\D*(\d{1,4}))?/i, 'tags', true],
  [/^failed to register\b/i, 'addresses', false],
];

/**
 * @param message the device's words about one pair, or about a message as a whole.
 * @param tags those that it may repeat: they are a tenant's words, and must not be taken for the device's.
 */
export function refusedLimit(message: string, tags: readonly string[]): RefusedLimit | undefined {
  const longestFirst = tags.toSorted((a, b) => b.length - a.length);
  const own = longestFirst.reduce((text, tag) => text.replaceAll(tag, ''), message);
  for (const [pattern, kind, isCertain] of texts) {
    const found = pattern.exec(own);
    if (found === null) continue;
    const figure = found[1] === undefined ? undefined : Number(found[1]);
    return { kind, isCertain, figure };
  }
  return undefined;
}
