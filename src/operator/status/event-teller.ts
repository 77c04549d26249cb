// Remembers the reported state of each object, and derives Events from what a newly written status adds.

import type { EventNote } from '../../core/status/event-note.ts';
import {
  type FirewallStory,
  firewallEvents,
  foundFirewallStory,
  type ToldFirewallStatus,
} from '../../core/status/firewall-events.ts';
import {
  foundPolicyStory,
  type PolicyStory,
  policyEvents,
  type ToldPolicyStatus,
} from '../../core/status/policy-events.ts';
import { type Regarding, referenceTo } from '../../kubernetes/events/events.ts';
import { clusterPanTagPolicies, panFirewalls, panTagPolicies } from '../../kubernetes/resources/api.ts';
import type { ParsedFirewall, ParsedPolicy } from '../../kubernetes/resources/parse.ts';

type Record = (about: Regarding, event: EventNote) => void;

/** What a fresh process finds on an object is what its predecessor has told: nothing is told twice. */
export class EventTeller {
  readonly #record: Record;
  /** By uid. */
  readonly #firewalls = new Map<string, FirewallStory>();
  readonly #policies = new Map<string, PolicyStory>();

  constructor(record: Record) {
    this.#record = record;
  }

  /** @param known see firewallEvents. */
  firewall({ meta, status: found }: ParsedFirewall, written: ToldFirewallStatus, known: boolean): void {
    const before = this.#firewalls.get(meta.uid) ?? foundFirewallStory(found);
    const { story, events } = firewallEvents(before, written, { name: meta.name, known });
    this.#firewalls.set(meta.uid, story);
    for (const event of events) this.#record(referenceTo(panFirewalls, meta), event);
  }

  policy({ meta, status: found }: ParsedPolicy, written: ToldPolicyStatus): void {
    const kind = meta.namespace === undefined ? clusterPanTagPolicies : panTagPolicies;
    const { story, events } = policyEvents(this.#policies.get(meta.uid) ?? foundPolicyStory(found), written);
    this.#policies.set(meta.uid, story);
    for (const event of events) this.#record(referenceTo(kind, meta), event);
  }

  forget(uid: string): void {
    this.#firewalls.delete(uid);
    this.#policies.delete(uid);
  }
}
