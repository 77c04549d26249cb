// A source of claimants: a resource that is watched, and what its objects claim.

import type { Claimant } from '../../core/model/claimant.ts';
import type { Decoder } from '../../kubernetes/codec/decode.ts';
import type { Change } from '../../kubernetes/reflector/reflector.ts';

/** The resources that are sources, as logs and metrics name them. */
export const sourceNames = ['pods'] as const;

/** @typeParam R what is kept of an object of the resource. */
export type Source<R> = {
  readonly name: (typeof sourceNames)[number];
  /** Of the collection, over all namespaces. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly decoder: Decoder<R>;
  /** What a change of an object means for claimants. */
  readonly toClaimants: (change: Change<R>) => readonly Change<Claimant>[];
};
