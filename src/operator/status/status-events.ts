// Remembers the reported state of each object, and derives Events from what a newly written status adds.

import type { EventNote } from '../../core/status/event-note.ts';
import {
  type ReportedFirewall,
  firewallEvents,
  reportedByFirewallStatus,
  type FirewallEventStatus,
} from '../../core/status/firewall-events.ts';
import {
  reportedByPolicyStatus,
  type ReportedPolicy,
  policyEvents,
  type PolicyEventStatus,
} from '../../core/status/policy-events.ts';
import { type Regarding, referenceTo } from '../../kubernetes/events/events.ts';
import { clusterPanTagPolicies, panFirewalls, panTagPolicies } from '../../kubernetes/resources/api.ts';
import type { ParsedFirewall, ParsedPolicy } from '../../kubernetes/resources/parse.ts';

type Record = (about: Regarding, event: EventNote) => void;

/** What a fresh process finds on an object is what its predecessor has reported: nothing is reported twice. */
export class StatusEvents {
  readonly #record: Record;
  /** By uid. */
  readonly #firewalls = new Map<string, ReportedFirewall>();
  readonly #policies = new Map<string, ReportedPolicy>();

  constructor(record: Record) {
    this.#record = record;
  }

  /** @param known see firewallEvents. */
  firewall({ meta, status: found }: ParsedFirewall, written: FirewallEventStatus, known: boolean): void {
    const before = this.#firewalls.get(meta.uid) ?? reportedByFirewallStatus(found);
    const { reported, events } = firewallEvents(before, written, { name: meta.name, known });
    this.#firewalls.set(meta.uid, reported);
    for (const event of events) this.#record(referenceTo(panFirewalls, meta), event);
  }

  policy({ meta, status: found }: ParsedPolicy, written: PolicyEventStatus): void {
    const kind = meta.namespace === undefined ? clusterPanTagPolicies : panTagPolicies;
    const { reported, events } = policyEvents(
      this.#policies.get(meta.uid) ?? reportedByPolicyStatus(found),
      written,
    );
    this.#policies.set(meta.uid, reported);
    for (const event of events) this.#record(referenceTo(kind, meta), event);
  }

  forget(uid: string): void {
    this.#firewalls.delete(uid);
    this.#policies.delete(uid);
  }
}
