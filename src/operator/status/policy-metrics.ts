// The metrics of policies: moved by the key whose status was computed, so that a scrape costs what it prints.

import type { Metrics } from '../../runtime/metrics.ts';

type Named = { readonly namespace: string | undefined; readonly name: string };

type StatusOfPolicy = {
  readonly conditions?:
    | readonly { readonly type: string; readonly status: string; readonly reason: string }[]
    | undefined;
  readonly pods?: number | undefined;
};

type Facts = {
  readonly labels: { readonly kind: string; readonly namespace?: string; readonly name: string };
  readonly ready: boolean;
  readonly reason: string;
  readonly pods: number;
};

/** Of more policies than this those that are Ready are left out, so that a tenant cannot fill somebody's Prometheus. */
const mostPolicies = 10_000;

export class PolicyMetrics {
  readonly #metrics: Pick<Metrics, 'policyReady' | 'policyPods' | 'policies'>;
  readonly #facts = new Map<string, Facts>();
  /** Those with series of their own: Ready ones, and others. */
  readonly #shown = { ready: new Set<string>(), notReady: new Set<string>() };
  readonly #hidden = new Set<string>();

  constructor(metrics: Pick<Metrics, 'policyReady' | 'policyPods' | 'policies'>) {
    this.#metrics = metrics;
    this.clear();
  }

  /** The status of this policy is now this one. */
  tell(key: string, meta: Named, status: StatusOfPolicy): void {
    const facts = factsOf(meta, status);
    if (facts === undefined) return;
    const before = this.#facts.get(key);
    if (before !== undefined) {
      if (isSame(before, facts)) return;
      this.#remove(key, before);
    }
    this.#facts.set(key, facts);
    this.#metrics.policies.inc({ kind: facts.labels.kind, reason: facts.reason });
    const [spare] = this.#isFull && !facts.ready ? this.#shown.ready : [];
    if (spare !== undefined) this.#hide(spare);
    if (this.#isFull) this.#hidden.add(key);
    else this.#show(key, facts);
  }

  /** The policy is gone. */
  forget(key: string): void {
    const before = this.#facts.get(key);
    if (before === undefined) return;
    this.#remove(key, before);
    this.#facts.delete(key);
    const [next] = this.#hidden;
    const facts = next === undefined ? undefined : this.#facts.get(next);
    if (next === undefined || facts === undefined || this.#isFull) return;
    this.#hidden.delete(next);
    this.#show(next, facts);
  }

  /** Another process leads: it tells. */
  clear(): void {
    const { policyReady, policyPods, policies } = this.#metrics;
    for (const gauge of [policyReady, policyPods, policies]) gauge.reset();
    this.#facts.clear();
    this.#hidden.clear();
    for (const shown of Object.values(this.#shown)) shown.clear();
  }

  get #isFull(): boolean {
    return this.#shown.ready.size + this.#shown.notReady.size >= mostPolicies;
  }

  #show(key: string, { labels, ready, reason, pods }: Facts): void {
    this.#shown[ready ? 'ready' : 'notReady'].add(key);
    this.#metrics.policyReady.set({ ...labels, reason }, Number(ready));
    this.#metrics.policyPods.set(labels, pods);
  }

  #remove(key: string, facts: Facts): void {
    this.#metrics.policies.dec({ kind: facts.labels.kind, reason: facts.reason });
    this.#takeOff(key, facts);
    this.#hidden.delete(key);
  }

  #hide(key: string): void {
    const facts = this.#facts.get(key);
    if (facts !== undefined) this.#takeOff(key, facts);
    this.#hidden.add(key);
  }

  #takeOff(key: string, { labels, ready, reason }: Facts): void {
    if (!this.#shown[ready ? 'ready' : 'notReady'].delete(key)) return;
    this.#metrics.policyReady.remove({ ...labels, reason });
    this.#metrics.policyPods.remove(labels);
  }
}

function factsOf(
  { namespace, name }: Named,
  { conditions = [], pods = 0 }: StatusOfPolicy,
): Facts | undefined {
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready === undefined) return undefined;
  const kind = namespace === undefined ? 'ClusterPanTagPolicy' : 'PanTagPolicy';
  const labels = { kind, ...(namespace === undefined ? {} : { namespace }), name };
  return { labels, ready: ready.status === 'True', reason: ready.reason, pods };
}

function isSame(a: Facts, b: Facts): boolean {
  return a.ready === b.ready && a.reason === b.reason && a.pods === b.pods;
}
