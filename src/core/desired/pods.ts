// The Pods that are known, each with what the rules give it, and which of them holds an address.

import { type Evaluation, nothingGranted } from '../policies/grants.ts';
import { Holders } from './holders.ts';
import { sameLabels } from '../syntax/label.ts';
import type { PodRecord } from '../model/model.ts';
import { type LabelSample, sampleLabels } from './selection-advice.ts';

export type PodState = { readonly record: PodRecord; evaluation: Evaluation };

export class Pods {
  readonly #byUid = new Map<string, PodState>();
  readonly #byNamespace = new Map<string, Set<PodState>>();
  readonly #holders = new Holders();
  /** Of namespaces whose Pods have not changed since. */
  readonly #samples = new Map<string, LabelSample>();

  get(uid: string): PodState | undefined {
    return this.#byUid.get(uid);
  }

  all(): Iterable<PodState> {
    return this.#byUid.values();
  }

  in(namespace: string): Iterable<PodState> {
    return this.#byNamespace.get(namespace) ?? [];
  }

  /** @param namespaces undefined among them: all. */
  inAny(namespaces: ReadonlySet<string | undefined>): Iterable<PodState> {
    if (namespaces.has(undefined)) return this.all();
    return [...namespaces].flatMap((namespace) => [...this.in(namespace ?? '')]);
  }

  /** Labels of the Pods in a namespace: a sample, taken once until they change. */
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

  enter(pod: PodState): void {
    const { uid, namespace } = pod.record;
    this.#samples.delete(namespace);
    this.#holders.claim(pod.record);
    this.#byUid.set(uid, pod);
    const neighbours = this.#byNamespace.get(namespace);
    if (neighbours === undefined) this.#byNamespace.set(namespace, new Set([pod]));
    else neighbours.add(pod);
  }

  leave(pod: PodState): void {
    const { uid, namespace } = pod.record;
    this.#samples.delete(namespace);
    this.#holders.release(pod.record);
    this.#byUid.delete(uid);
    const neighbours = this.#byNamespace.get(namespace);
    neighbours?.delete(pod);
    if (neighbours?.size === 0) this.#byNamespace.delete(namespace);
  }

  holderOf(address: string): PodRecord | undefined {
    return this.#holders.holder(address);
  }

  /** Of the address's holder. */
  evaluationAt(address: string): Evaluation {
    const holder = this.#holders.holder(address);
    return (holder && this.#byUid.get(holder.uid)?.evaluation) ?? nothingGranted;
  }

  /** The addresses that belong to this Pod. */
  held(pod: PodRecord): readonly string[] {
    return pod.addresses.filter((address) => this.#holders.holder(address)?.uid === pod.uid);
  }

  /** All that claim one of these addresses. */
  claimants(addresses: Iterable<string>): Set<PodState> {
    const claimants = new Set<PodState>();
    for (const address of addresses) {
      for (const { uid } of this.#holders.claimants(address)) {
        const pod = this.#byUid.get(uid);
        if (pod !== undefined) claimants.add(pod);
      }
    }
    return claimants;
  }
}

function* labelsOf(pods: Iterable<PodState>): Iterable<PodRecord['labels']> {
  for (const { record } of pods) yield record.labels;
}

/** True when nothing moved that decides holder, eligibility or tags: most Pod updates are such noise. */
export function sameForUs(a: PodRecord, b: PodRecord): boolean {
  return (
    sameLabels(a.labels, b.labels) &&
    a.networkReadyAt === b.networkReadyAt &&
    a.terminating === b.terminating &&
    a.hostNetwork === b.hostNetwork &&
    a.node === b.node &&
    a.serviceAccount === b.serviceAccount &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every((address, i) => address === b.addresses[i])
  );
}
