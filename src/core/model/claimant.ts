// Claimant: an object of the cluster to which addresses can belong, as its source describes it. Core knows no other.

import type { Labels, SkipReason } from './model.ts';

export type Claimant = {
  /** Of the object. */
  readonly kind: 'Pod';
  /** metadata.uid: unique over all kinds. */
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** In canonical text (see address.ts), IPv4 and IPv6, without duplicates. */
  readonly addresses: readonly string[];
  /** When it got its addresses, in ms since the epoch: of several Pods with one address the latest holds it. */
  readonly since: number;
  /** It is about to end: it holds an address only where no other one claims it. */
  readonly terminating: boolean;
  /** Why it claims none of its addresses; undefined: it claims them. */
  readonly ineligible: SkipReason | undefined;
  /** What placeholders take from it besides namespace, name and labels. '': no value. */
  readonly fields: { readonly node: string; readonly serviceAccount: string };
};
