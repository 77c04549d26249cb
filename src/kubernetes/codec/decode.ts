// Interface of the decoders of API server responses, the same for JSON and protobuf.

import type { ApiStatus } from '../errors/kube-errors.ts';

/** One object: what tells it from others and from its own past, and what we keep of it. */
export type Entry<R> = {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly record: R;
};

/** How one resource is read. Both forms throw DecodeError for what cannot be such an object. */
export type Decoder<R> = {
  readonly json: (object: unknown) => Entry<R>;
  /** From bytes[start, end), which must not be kept: they are overwritten. Absent where there is no protobuf. */
  readonly protobuf?: (bytes: Buffer, start: number, end: number) => Entry<R>;
};

export type WatchEvent<R> =
  | { readonly kind: 'set'; readonly entry: Entry<R> }
  | { readonly kind: 'gone'; readonly entry: Entry<R> }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly kind: 'error'; readonly status: ApiStatus };

export type Page<R> = {
  readonly entries: readonly Entry<R>[];
  readonly resourceVersion: string;
  /** '' on the last page. */
  readonly continueToken: string;
};

/** A bookmark with this annotation ends the initial events of a WatchList (KEP-3157). */
export const initialEventsEndAnnotation = 'k8s.io/initial-events-end';

export type JsonObject = { readonly [key: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
