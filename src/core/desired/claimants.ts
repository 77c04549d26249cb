// The claimants that are known, each with what the rules give it, and which of them holds an address.

import { type Evaluation, nothingGranted } from '../policies/grants.ts';
import { Holders } from './holders.ts';
import { sameLabels } from '../syntax/label.ts';
import { addMember, deleteMember } from '../model/collections.ts';
import type { Claimant } from '../model/claimant.ts';
import { type LabelSample, sampleLabels } from './selection-advice.ts';

export type ClaimantState = { readonly claimant: Claimant; evaluation: Evaluation };

export class Claimants {
  readonly #byUid = new Map<string, ClaimantState>();
  readonly #byNamespace = new Map<string, Set<ClaimantState>>();
  readonly #holders = new Holders();
  /** Of namespaces whose claimants have not changed since. */
  readonly #samples = new Map<string, LabelSample>();

  get(uid: string): ClaimantState | undefined {
    return this.#byUid.get(uid);
  }

  all(): Iterable<ClaimantState> {
    return this.#byUid.values();
  }

  in(namespace: string): Iterable<ClaimantState> {
    return this.#byNamespace.get(namespace) ?? [];
  }

  /** @param namespaces undefined among them: all. */
  inAny(namespaces: ReadonlySet<string | undefined>): Iterable<ClaimantState> {
    if (namespaces.has(undefined)) return this.all();
    return [...namespaces].flatMap((namespace) => [...this.in(namespace ?? '')]);
  }

  /** Labels of the claimants in a namespace: a sample, taken once until they change. */
  labelsIn(namespace: string): LabelSample {
    const known = this.#samples.get(namespace);
    if (known !== undefined) return known;
    const sample = sampleLabels(labelsOf(this.in(namespace)));
    this.#samples.set(namespace, sample);
    return sample;
  }

  hasAny(namespace: string): boolean {
    return this.#byNamespace.has(namespace);
  }

  enter(state: ClaimantState): void {
    const { uid, namespace } = state.claimant;
    this.#samples.delete(namespace);
    this.#holders.claim(state.claimant);
    this.#byUid.set(uid, state);
    addMember(this.#byNamespace, namespace, state);
  }

  leave(state: ClaimantState): void {
    const { uid, namespace } = state.claimant;
    this.#samples.delete(namespace);
    this.#holders.release(state.claimant);
    this.#byUid.delete(uid);
    deleteMember(this.#byNamespace, namespace, state);
  }

  holderOf(address: string): Claimant | undefined {
    return this.#holders.holder(address);
  }

  /** Of the address's holder. */
  evaluationAt(address: string): Evaluation {
    const holder = this.#holders.holder(address);
    return (holder && this.#byUid.get(holder.uid)?.evaluation) ?? nothingGranted;
  }

  /** Those of its addresses that it holds. */
  ownAddresses(claimant: Claimant): readonly string[] {
    return claimant.addresses.filter((address) => this.#holders.holder(address)?.uid === claimant.uid);
  }

  /** All that claim one of these addresses. */
  claiming(addresses: Iterable<string>): Set<ClaimantState> {
    const found = new Set<ClaimantState>();
    for (const address of addresses) {
      for (const { uid } of this.#holders.claimants(address)) {
        const state = this.#byUid.get(uid);
        if (state !== undefined) found.add(state);
      }
    }
    return found;
  }
}

function* labelsOf(states: Iterable<ClaimantState>): Iterable<Claimant['labels']> {
  for (const { claimant } of states) yield claimant.labels;
}

/** True when nothing moved that decides holder, eligibility or tags: most updates of Pods are such noise. */
export function sameForUs(a: Claimant, b: Claimant): boolean {
  return (
    sameLabels(a.labels, b.labels) &&
    a.since === b.since &&
    a.terminating === b.terminating &&
    a.ineligible === b.ineligible &&
    a.fields.node === b.fields.node &&
    a.fields.serviceAccount === b.fields.serviceAccount &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((address, i) => address === b.addresses[i])
  );
}
