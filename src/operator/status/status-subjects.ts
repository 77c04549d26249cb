// Every object whose status we write, with the view that its status is computed from.

import {
  type FirewallHealth,
  type FirewallView,
  firewallHealth,
  firewallStatus,
  healthForPolicies,
} from '../../core/status/firewall-status.ts';
import type { ConditionReason, PolicyId } from '../../core/model/model.ts';
import type { Table } from '../../core/table/table.ts';
import { type LimitedShare, largestOfEach } from '../../core/limits/limit-tally.ts';
import {
  policyStatus,
  type PolicyTarget,
  type PolicyView,
  type SkippedStatus,
} from '../../core/status/policy-status.ts';
import { isFinalized, objectPath, panFirewalls } from '../../kubernetes/resources/api.ts';
import type { ParsedPolicy } from '../../kubernetes/resources/parse.ts';
import type { Controller } from '../cluster/controller.ts';
import type { FirewallObject } from '../cluster/firewall-objects.ts';
import { unusable } from '../cluster/policy-admission.ts';
import { type OpenWork, openWork, openWorkKey } from './open-work.ts';
import { farewellOf, recalled } from '../firewall/recalled-view.ts';
import { policyPath } from '../cluster/policy-objects.ts';
import type { EventTeller } from './event-teller.ts';
import type { StatusSubject } from './status-agenda.ts';
import { asideOf } from '../table/table-view.ts';
import type { TableWorker } from '../table/table-worker.ts';

/** A fresh process leaves statuses as it found them until it knows the tables, but no longer than this. */
const graceMs = 30_000;

type StatusSubjectsInput = {
  readonly controller: Controller;
  readonly teller: EventTeller;
  /** Monotonic ms, like now. */
  readonly startedAt: number;
  readonly now: number;
};

export function* statusSubjects({
  controller,
  teller,
  startedAt,
  now,
}: StatusSubjectsInput): Iterable<StatusSubject> {
  if (!controller.synced) return;
  const graceOver = now - startedAt > graceMs;
  const firewalls = new Map([...controller.firewalls].map(([name, object]) => [name, snapshot(object, now)]));
  const progress = workOf(controller);
  for (const [name, { parsed }] of controller.firewalls) {
    const { view, known } = firewalls.get(name) ?? nothing;
    yield {
      key: name,
      path: objectPath(panFirewalls, name),
      uid: parsed.meta.uid,
      generation: parsed.meta.generation,
      current: parsed.status,
      judgeable: graceOver || known || parsed.status === undefined,
      compute: (context) => {
        const status = firewallStatus(view, context);
        return { status, written: () => teller.firewall(parsed, status, known) };
      },
    };
  }
  for (const [id, { parsed }] of controller.policies) {
    const targets = targetNames(controller, parsed, id);
    const known = targets.every((name) => firewalls.get(name)?.known ?? true);
    yield {
      key: id,
      path: policyPath(parsed.meta),
      uid: parsed.meta.uid,
      generation: parsed.meta.generation,
      current: parsed.status,
      judgeable: graceOver || known || parsed.status === undefined,
      compute: (context) => {
        const view = policyView({ controller, parsed, id, targets, firewalls, progress });
        const status = policyStatus(view, context);
        return { status, written: () => teller.policy(parsed, status) };
      },
    };
  }
}

/** Firewall -> the reason of its Ready condition, as this process sees it right now. */
export function* firewallReasons(
  controller: Controller,
  now: number,
): Iterable<readonly [string, ConditionReason]> {
  for (const [name, object] of controller.firewalls)
    yield [name, firewallHealth(snapshot(object, now).view, now).finding.reason];
}

/** `health` as policies see it. */
type Snapshot = { readonly view: FirewallView; readonly health: FirewallHealth; readonly known: boolean };

const unstarted: FirewallView = { finding: undefined, device: undefined, tables: [] };
const nothing: Snapshot = { view: unstarted, health: firewallHealth(unstarted, 0), known: false };

function snapshot({ parsed, worker }: FirewallObject, now: number): Snapshot {
  const finding = parsed.ok ? undefined : ({ reason: 'InvalidSpec', message: parsed.problems } as const);
  const aside = parsed.meta.deletingSince === undefined ? undefined : asideOf('leaving');
  const seen = worker?.view(finding) ?? { ...unstarted, finding, aside, started: false };
  const farewell = isFinalized(parsed.meta) ? farewellOf(parsed.meta, parsed.ending) : undefined;
  const view = { ...recalled(seen, parsed.status), farewell };
  const known =
    finding !== undefined ||
    (view.open !== true && view.tables.length > 0 && view.tables.every(({ view: table }) => table.known));
  return { view, health: healthForPolicies(view, now), known };
}

function workOf({ desired, firewalls }: Controller): OpenWork {
  const working = [...firewalls].map(([name, { worker }]) => ({
    name,
    tables: countingTables(worker?.workers ?? []),
    isOut: (policy: PolicyId, address: string) => worker?.limits.isOut(policy, address) === true,
  }));
  return openWork(desired, working);
}

/** What a passive HA peer has not taken is waited for by nobody, unless there is no other to look at. */
function countingTables(workers: readonly TableWorker[]): readonly Table[] {
  const counting = workers.filter(({ isPassivePeer }) => !isPassivePeer);
  return (counting.length > 0 ? counting : workers).map(({ table }) => table);
}

/** Firewalls that a policy names, existing or not, or selects; sorted. */
function targetNames({ desired }: Controller, parsed: ParsedPolicy, id: PolicyId): readonly string[] {
  if (!parsed.ok) return [];
  const { firewalls } = parsed.policy;
  return 'names' in firewalls ? [...new Set(firewalls.names)].sort() : desired.targetsOf(id);
}

type PolicyInput = {
  readonly controller: Controller;
  readonly parsed: ParsedPolicy;
  readonly id: PolicyId;
  readonly targets: readonly string[];
  readonly firewalls: ReadonlyMap<string, Snapshot>;
  readonly progress: OpenWork;
};

function policyView(input: PolicyInput): PolicyView {
  const { controller, parsed, id, targets } = input;
  const { desired } = controller;
  const tally = desired.tallyOf(id);
  const shares = targets.flatMap((name) => controller.firewalls.get(name)?.worker?.limits.sharesOf(id) ?? []);
  return {
    finding: parsed.ok ? undefined : { reason: 'InvalidSpec', message: parsed.problems },
    pods: tally?.pods ?? 0,
    skipped: withLimits(tally?.skipped() ?? [], shares),
    tags: desired.tagsInUse(id),
    whyNothing: () => desired.whyNothing(id),
    targets: targets.map((name) => policyTarget(name, input)),
  };
}

function policyTarget(
  name: string,
  { controller, parsed, id, firewalls, progress }: PolicyInput,
): PolicyTarget {
  const { health, known } = firewalls.get(name) ?? nothing;
  const addresses = controller.desired.tallyOf(id)?.addressesOn(name) ?? 0;
  return {
    name,
    unusable: unusable(name, controller, parsed),
    health,
    addresses,
    pending: known ? (progress.pending.get(openWorkKey(id, name)) ?? 0) : addresses,
    failed: progress.failed.get(openWorkKey(id, name)) ?? [],
    limited: controller.firewalls.get(name)?.worker?.limits.limitedOf(id) ?? [],
  };
}

/** Pods that are out on several firewalls count where most of them are. */
function withLimits(skipped: readonly SkippedStatus[], shares: readonly LimitedShare[]): SkippedStatus[] {
  const out = largestOfEach(shares).map(({ reason, pods, example }) => ({ reason, count: pods, example }));
  return [...skipped, ...out].sort((a, b) => (a.reason < b.reason ? -1 : 1));
}
