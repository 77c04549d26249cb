// One PanFirewall as its own status and those of its policies show it, and which policies a change of it concerns.

import { isDeepStrictEqual } from 'node:util';
import type { ConditionReason, PolicyId } from '../../core/model/model.ts';
import { type FirewallHealth, firewallHealth, healthForPolicies } from '../../core/status/firewall-health.ts';
import type { FirewallView } from '../../core/status/firewall-view.ts';
import { seenByPolicies } from '../../core/status/firewall-health.ts';
import { isFinalized } from '../../kubernetes/resources/api.ts';
import type { Controller } from '../cluster/controller.ts';
import type { FirewallObject } from '../cluster/firewall-objects.ts';
import type { OpenWork } from '../../core/status/open-work.ts';
import { farewellOf, recalled } from '../status/view-from-status.ts';
import { asideOf } from '../table/table-view.ts';

export type FirewallSnapshot = {
  readonly view: FirewallView;
  /** What the statuses of its policies rest on. */
  readonly shared: {
    readonly exists: boolean;
    /** Its spec is understood. */
    readonly isValid: boolean;
    /** All of its tables have been read, or never will be, as its spec is invalid. */
    readonly known: boolean;
    readonly health: FirewallHealth;
  };
  readonly work: OpenWork;
};

const unstarted: FirewallView = { finding: undefined, device: undefined, tables: [] };

export const missingFirewall: FirewallSnapshot = {
  view: unstarted,
  shared: {
    exists: false,
    isValid: false,
    known: false,
    health: seenByPolicies(firewallHealth(unstarted, 0)),
  },
  work: new Map(),
};

/** @param now monotonic ms. */
export function firewallSnapshot(object: FirewallObject, now: number): FirewallSnapshot {
  const { parsed, worker } = object;
  const view = viewOf(object);
  const isRead =
    view.open !== true && view.tables.length > 0 && view.tables.every(({ view: table }) => table.known);
  const known = !parsed.ok || isRead;
  const health = seenByPolicies(healthForPolicies(view, now));
  return {
    view,
    shared: { exists: true, isValid: parsed.ok, known, health },
    work: worker?.openWork() ?? missingFirewall.work,
  };
}

function viewOf({ parsed, worker }: FirewallObject): FirewallView {
  const finding = parsed.ok ? undefined : ({ reason: 'InvalidSpec', message: parsed.problems } as const);
  const aside = parsed.meta.deletingSince === undefined ? undefined : asideOf('deleting');
  const seen = worker?.view(finding) ?? { ...unstarted, finding, aside, started: false };
  const farewell = isFinalized(parsed.meta) ? farewellOf(parsed.meta, parsed.ending) : undefined;
  return { ...recalled(seen, parsed.status), farewell };
}

/** The policies whose statuses may differ between two snapshots of a PanFirewall: all that name it, or these. */
export function concernedPolicies(
  before: FirewallSnapshot,
  after: FirewallSnapshot,
): 'all' | readonly PolicyId[] {
  if (!isDeepStrictEqual(before.shared, after.shared)) return 'all';
  const open = new Set([...before.work.keys(), ...after.work.keys()]);
  return [...open].filter((policy) => !isDeepStrictEqual(before.work.get(policy), after.work.get(policy)));
}

/** PanFirewall -> the reason of its Ready condition, as this process sees it right now. @param now monotonic ms. */
export function* firewallReasons(
  controller: Controller,
  now: number,
): Iterable<readonly [string, ConditionReason]> {
  for (const [name, object] of controller.firewalls)
    yield [name, firewallHealth(viewOf(object), now).finding.reason];
}
