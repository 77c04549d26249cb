// Keeps the keys of the statuses that may have moved (a dirty set), and makes of each key what its status is computed from.

import { addMember, deleteMember } from '../../core/model/collections.ts';
import type { PolicyId } from '../../core/model/model.ts';
import { firewallStatus } from '../../core/status/firewall-status.ts';
import { policyStatus } from '../../core/status/policy-status.ts';
import { objectPath, panFirewalls } from '../../kubernetes/resources/api.ts';
import type { Controller } from '../cluster/controller.ts';
import { policyPath } from '../cluster/policy-objects.ts';
import { isPolicyKey, type StatusKey } from '../cluster/status-key.ts';
import type { PolicyMetrics } from './policy-metrics.ts';
import type { StatusEvents } from './status-events.ts';
import {
  concernedPolicies,
  type FirewallSnapshot,
  firewallSnapshot,
  missingFirewall,
} from './firewall-snapshot.ts';
import { policyView, firewallNames } from './policy-view.ts';
import type { StatusSubject } from './status-queue.ts';

/** A fresh process leaves statuses as it found them until it knows the tables, but no longer than this. */
const graceMs = 30_000;
/** How often PanFirewalls are looked at though nothing was reported: waits grow into findings, windows end. */
const tickMs = 1000;
/** How often all policies are computed again: a change that nobody reported heals within this. */
const resyncMs = 600_000;

type StatusSourceOptions = {
  readonly controller: Controller;
  readonly events: StatusEvents;
  readonly policyMetrics: Pick<PolicyMetrics, 'tell' | 'forget'>;
  /** Monotonic ms. */
  readonly startedAt: number;
};

/**
 * A PanFirewall that is reported, or whose second is over, is looked at once, and of its policies those are dirty that the
 * difference concerns. A policy therefore costs nothing while nothing that it shows moves, but for the resync.
 */
export class StatusSource {
  readonly #options: StatusSourceOptions;
  readonly #dirty = new Set<StatusKey>();
  /** PanFirewalls that may differ from their snapshots. */
  readonly #stale = new Set<string>();
  readonly #snapshots = new Map<string, FirewallSnapshot>();
  readonly #firewallsOf = new Map<PolicyId, readonly string[]>();
  /** PanFirewall -> the policies that name or select it. */
  readonly #namedBy = new Map<string, Set<PolicyId>>();
  /** What their statuses advise depends on labels of Pods and namespaces that they do not select. */
  readonly #selectingNothing = new Set<PolicyId>();
  #adviceRevision = 0;
  #graceIsOver = false;
  #tickAt = 0;
  #resyncAt = 0;

  constructor(options: StatusSourceOptions) {
    this.#options = options;
  }

  /** Something moved that this status may show. */
  changed(key: StatusKey): void {
    this.#dirty.add(key);
    if (!isPolicyKey(key)) this.#stale.add(key);
  }

  /** When `take` has something to do though nothing was reported, in monotonic ms. */
  get nextAt(): number {
    return this.#dirty.size > 0 && this.#options.controller.synced ? 0 : this.#tickAt;
  }

  /** The dirty keys, each once, oldest first; undefined: the object is gone. A caller that stops early gets the rest next time. */
  *take(at: number): Iterable<readonly [StatusKey, StatusSubject | undefined]> {
    const { controller } = this.#options;
    controller.reviewRequests();
    if (at >= this.#tickAt) this.#tick(at);
    if (!controller.synced) return;
    for (const key of this.#dirty) {
      this.#dirty.delete(key);
      yield [key, isPolicyKey(key) ? this.#policy(key, at) : this.#firewall(key, at)];
    }
  }

  #tick(at: number): void {
    const { controller, startedAt } = this.#options;
    this.#tickAt = at + tickMs;
    const graceEnds = !this.#graceIsOver && at - startedAt > graceMs;
    this.#graceIsOver ||= graceEnds;
    for (const name of controller.firewalls.keys()) this.changed(name);
    if (at >= this.#resyncAt || graceEnds) {
      this.#resyncAt = at + resyncMs;
      for (const id of controller.policies.keys()) this.changed(id);
    }
    const { revision } = controller.desired;
    if (revision !== this.#adviceRevision) for (const id of this.#selectingNothing) this.changed(id);
    this.#adviceRevision = revision;
  }

  #firewall(name: string, at: number): StatusSubject | undefined {
    const { view, shared } = this.#look(name, at);
    const parsed = this.#options.controller.firewalls.get(name)?.parsed;
    if (parsed === undefined) return undefined;
    return {
      key: name,
      path: objectPath(panFirewalls, name),
      uid: parsed.meta.uid,
      generation: parsed.meta.generation,
      current: parsed.status,
      judgeable: this.#graceIsOver || shared.known || parsed.status === undefined,
      compute: (context) => {
        const status = firewallStatus(view, context);
        return { status, written: () => this.#options.events.firewall(parsed, status, shared.known) };
      },
    };
  }

  #policy(id: PolicyId, at: number): StatusSubject | undefined {
    const { controller, events, policyMetrics } = this.#options;
    const parsed = controller.policies.get(id)?.parsed;
    const names = parsed === undefined ? [] : firewallNames(controller, parsed, id);
    this.#setFirewalls(id, names);
    this.#selectingNothing.delete(id);
    if (parsed === undefined) {
      policyMetrics.forget(id);
      return undefined;
    }
    const firewalls = new Map(names.map((name) => [name, this.#look(name, at)]));
    // What the looks found is in what follows.
    this.#dirty.delete(id);
    const known = [...firewalls.values()].every(({ shared }) => shared.known || !shared.exists);
    const view = policyView({ controller, parsed, id, firewalls });
    if (view.pods === 0) this.#selectingNothing.add(id);
    const judgeable = this.#graceIsOver || known || parsed.status === undefined;
    // Until then the word of the leader before stands here, too.
    if (!judgeable) policyMetrics.tell(id, parsed.meta, parsed.status);
    return {
      key: id,
      path: policyPath(parsed.meta),
      uid: parsed.meta.uid,
      generation: parsed.meta.generation,
      current: parsed.status,
      judgeable,
      compute: (context) => {
        const status = policyStatus(view, context);
        policyMetrics.tell(id, parsed.meta, status);
        return { status, written: () => events.policy(parsed, status) };
      },
    };
  }

  /** The PanFirewall as it is now; its policies are dirty where they may show a difference. */
  #look(name: string, at: number): FirewallSnapshot {
    const before = this.#snapshots.get(name) ?? missingFirewall;
    if (!this.#stale.delete(name)) return before;
    const object = this.#options.controller.firewalls.get(name);
    const after = object === undefined ? missingFirewall : firewallSnapshot(object, at);
    if (object === undefined) this.#snapshots.delete(name);
    else this.#snapshots.set(name, after);
    const concerned = concernedPolicies(before, after);
    const policies = concerned === 'all' ? (this.#namedBy.get(name) ?? []) : concerned;
    for (const policy of policies) this.#dirty.add(policy);
    return after;
  }

  #setFirewalls(id: PolicyId, names: readonly string[]): void {
    for (const name of this.#firewallsOf.get(id) ?? []) deleteMember(this.#namedBy, name, id);
    if (names.length === 0) this.#firewallsOf.delete(id);
    else this.#firewallsOf.set(id, names);
    for (const name of names) addMember(this.#namedBy, name, id);
  }
}
