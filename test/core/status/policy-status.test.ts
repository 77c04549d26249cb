// The status of a policy: what its firewalls have confirmed, whose failure is whose, and that it is steady.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Finding } from '../../../src/core/model/finding.ts';
import type { FoundCondition } from '../../../src/core/status/conditions.ts';
import { type ConditionReason, conditionReasons } from '../../../src/core/model/model.ts';
import {
  type PolicyFirewall,
  type PolicyView,
  policyStatus,
} from '../../../src/core/status/policy-status.ts';
import { healthForPolicies } from '../../../src/core/status/firewall-health.ts';
import { writeModeOf } from '../../../src/core/rights/write-mode.ts';
import { asideOf } from '../../../src/operator/table/table-view.ts';
import { checkStatus, timeAt } from './status-rules.ts';
import { quietTable } from './quiet-table.ts';

const found = (reason: ConditionReason): Finding => ({ reason, message: `it is ${reason}` });
const healthy = { finding: found('InSync'), stuck: false };

const edge: PolicyFirewall = {
  name: 'edge-a',
  unusable: undefined,
  health: healthy,
  addresses: 4,
  pending: 0,
  failed: [],
};

function policy(...firewalls: Partial<PolicyFirewall>[]): PolicyView {
  return {
    finding: undefined,
    pods: 4,
    skipped: [],
    tags: ['k8s.ns_shop.web'],
    whyNothing: () => 'no Pod is selected: there is none',
    firewalls: firewalls.map((firewall, i) => ({ ...edge, name: `edge-${'abc'[i] ?? i}`, ...firewall })),
  };
}

function statusOf(
  view: PolicyView,
  { previous = [] as readonly FoundCondition[], generation = 1, now = 7 } = {},
) {
  const status = policyStatus(view, { generation, previous, now, time: timeAt(now) });
  checkStatus(status, generation, previous);
  const [ready] = status.conditions;
  return { ...status, ready: ready?.status === 'True', reason: ready?.reason, message: ready?.message };
}

const readyBefore = statusOf(policy({}, {}), { now: 0 }).conditions;

test('a policy is Ready when every address is confirmed by every firewall, and says where', () => {
  const status = statusOf(policy({}, { addresses: 3 }));
  assert.equal(status.ready, true);
  assert.equal(status.message, 'registered on edge-a, edge-b');
  assert.deepEqual([status.pods, status.addresses], [4, 3]);
  assert.deepEqual(
    status.firewalls.map(({ name, state, registered }) => [name, state, registered]),
    [
      ['edge-a', 'InSync', 4],
      ['edge-b', 'InSync', 3],
    ],
  );
  assert.deepEqual(status.columns, { tags: 1, firewalls: 'edge-a,edge-b' });
});

test('a policy that selects nothing is Ready and says so; so is one whose Pods come to nothing, with another message', () => {
  const nothing = { ...policy({ addresses: 0 }), pods: 0, tags: [] };
  const { ready, reason, message } = statusOf(nothing);
  assert.deepEqual([ready, reason, message], [true, 'NoPods', 'no Pod is selected: there is none']);
  const onlyHosts = {
    ...nothing,
    skipped: [{ reason: 'HostNetwork', count: 2, example: 'node-1' } as const],
  };
  for (const view of [onlyHosts, { ...nothing, pods: 3 }]) {
    assert.deepEqual([statusOf(view).ready, statusOf(view).reason], [true, 'InSync']);
    assert.match(statusOf(view).message ?? '', /no selected Pod gets a tag/);
  }
});

test('a policy that selects nothing does not wait for tables that are still being read', () => {
  const unknown = { finding: found('Progressing'), stuck: true };
  assert.equal(statusOf({ ...policy({ addresses: 0, health: unknown }), pods: 0 }).ready, true);
});

test('it becomes Ready only when nothing is pending, and stays so through churn', () => {
  const view = policy({ pending: 2, health: { finding: found('Progressing'), stuck: false } }, {});
  const first = statusOf(view);
  assert.deepEqual([first.ready, first.reason, first.addresses], [false, 'Progressing', 2]);
  const later = statusOf(view, { previous: readyBefore });
  assert.equal(later.ready, true);
  assert.equal(later.message, readyBefore[0]?.message);
  assert.equal(later.firewalls[0]?.pending, 2);
  assert.equal(statusOf(view, { previous: readyBefore, generation: 2 }).ready, false, 'an edit begins anew');
});

test('Ready ends when a firewall with addresses to confirm is stuck, but not over what others wait for', () => {
  const stuck = { finding: { reason: 'Progressing', message: 'the device is slow' } as const, stuck: true };
  const waiting = statusOf(policy({ pending: 1, health: stuck }), { previous: readyBefore });
  assert.deepEqual([waiting.reason, waiting.message], ['Progressing', 'edge-a: the device is slow']);
  assert.equal(statusOf(policy({ pending: 0, health: stuck }), { previous: readyBefore }).ready, true);
});

test('a named failure of a firewall ends Ready at once, with the name of the firewall', () => {
  const down = { finding: found('DeviceUnavailable'), stuck: false };
  const status = statusOf(policy({}, { health: down }), { previous: readyBefore });
  assert.deepEqual([status.reason, status.message], ['DeviceUnavailable', 'edge-b: it is DeviceUnavailable']);
  assert.deepEqual(
    status.firewalls.map(({ state, message }) => [state, message]),
    [
      ['InSync', ''],
      ['DeviceUnavailable', 'it is DeviceUnavailable'],
    ],
  );
  assert.equal(status.addresses, 4, 'what was confirmed before the failure still is');
});

test('the worst of all findings is shown, an invalid spec before all', () => {
  const view = policy(
    { health: { finding: found('DeviceUnavailable'), stuck: true } },
    { unusable: found('NotAdmitted') },
    { unusable: found('FirewallMissing') },
  );
  assert.equal(statusOf(view).reason, 'FirewallMissing');
  assert.match(statusOf(view).message ?? '', /^edge-c: /);
  assert.equal(statusOf({ ...view, finding: found('InvalidSpec') }).reason, 'InvalidSpec');
});

test('what is held on a firewall, and who else claims its table, ends no Ready while registrations go on', () => {
  for (const reason of ['RegistrationRejected', 'RemovalsHeld', 'OwnershipConflict'] as const) {
    const view = policy({ health: { finding: found(reason), stuck: false } });
    assert.equal(statusOf(view).ready, true, reason);
  }
  const shutOut = policy({ health: { finding: found('OwnershipConflict'), stuck: true } });
  assert.equal(statusOf(shutOut).reason, 'OwnershipConflict');
});

test('ordinary waiting has no words of the firewall: those are of its other tags', () => {
  const view = policy({ addresses: 2, pending: 2, health: { finding: found('Progressing'), stuck: false } });
  const { message, firewalls } = statusOf(view);
  assert.equal(message, 'edge-a: the device has not confirmed all addresses yet');
  assert.deepEqual(
    firewalls.map(({ state, registered, message }) => [state, registered, message]),
    [['Progressing', 0, '']],
  );
});

test('one address on one firewall is enough to be registered, one skipped Pod to say why there is none', () => {
  assert.equal(statusOf(policy({ addresses: 0 }, { addresses: 1 })).message, 'registered on edge-a, edge-b');
  const none = { ...policy({ addresses: 0 }), pods: 0 };
  const skipped = [{ reason: 'HostNetwork', count: 1, example: 'shop/web' } as const];
  for (const view of [
    { ...none, skipped },
    { ...none, pods: 1 },
  ])
    assert.match(statusOf(view).message ?? '', /^no selected Pod gets a tag/);
});

const limited = (reason: ConditionReason) => ({
  finding: found(reason),
  addresses: 1,
  examples: ['10.0.0.9'],
});

test('of every two reasons of two firewalls the first in the order is shown, whichever has it', () => {
  // What other policies are refused, and what is held, is none of a policy's reasons; nobody waits for the aside.
  const others = new Set<ConditionReason>([
    'RemovalsHeld',
    'CapacityExceeded',
    'TagLimitExceeded',
    'RegistrationRejected',
    'Purging',
    'Observing',
    // Where nothing else is to be said.
    'NoPods',
  ]);
  const own: ReadonlyMap<ConditionReason, Partial<PolicyFirewall>> = new Map([
    ['FirewallMissing', { unusable: found('FirewallMissing') }],
    ['NotAdmitted', { unusable: found('NotAdmitted') }],
    // One that is only disputed goes on registering.
    ['OwnershipConflict', { health: { finding: found('OwnershipConflict'), stuck: true } }],
    ['CapacityExceeded', { limited: [limited('CapacityExceeded')] }],
    ['TagLimitExceeded', { limited: [limited('TagLimitExceeded')] }],
    ['RegistrationRejected', { failed: [{ address: '10.0.0.1', message: 'no' }] }],
    ['Progressing', { pending: 1 }],
    ['InSync', {}],
  ]);
  const shown = conditionReasons.filter((reason) => own.has(reason) || !others.has(reason));
  const firewall = (reason: ConditionReason) =>
    own.get(reason) ?? { health: { finding: found(reason), stuck: false } };
  for (const [i, first] of shown.entries()) {
    for (const second of shown.slice(i)) {
      const pair = `${first} and ${second}`;
      assert.equal(statusOf(policy(firewall(first), firewall(second))).reason, first, pair);
      assert.equal(statusOf(policy(firewall(second), firewall(first))).reason, first, pair);
    }
  }
});

test('a firewall that takes nothing counts as having confirmed nothing, and the others go on', () => {
  const status = statusOf(policy({}, { unusable: found('NotAdmitted') }));
  assert.deepEqual([status.addresses, status.ready], [0, false]);
  assert.deepEqual(
    status.firewalls.map(({ registered }) => registered),
    [4, 0],
  );
});

test('a selector that matches no firewall is FirewallMissing, with the next step', () => {
  const status = statusOf(policy());
  assert.deepEqual([status.reason, status.addresses], ['FirewallMissing', 0]);
  assert.match(status.message ?? '', /label one, or change the selector/);
});

test('what the device refuses of this policy is its failure, with the smallest addresses as examples', () => {
  const refused = ['10.0.0.9', '10.0.0.2', '10.0.0.7', '10.0.0.5'].map((address) => ({
    address,
    message: 'reserved',
  }));
  const health = { finding: found('RegistrationRejected'), stuck: false };
  const status = statusOf(policy({ addresses: 9, pending: 1, failed: refused, health }), {
    previous: readyBefore,
  });
  assert.equal(status.reason, 'RegistrationRejected');
  assert.match(status.message ?? '', /^edge-a: .*10\.0\.0\.2: reserved$/);
  assert.deepEqual(status.firewalls[0], {
    name: 'edge-a',
    state: 'RegistrationRejected',
    registered: 4,
    pending: 1,
    failed: 4,
    examples: ['10.0.0.2', '10.0.0.5', '10.0.0.7'],
    message: 'the device refuses registrations, such as that of 10.0.0.2: reserved',
  });
});

test("what the device refuses of other policies is none of this one's business", () => {
  const health = { finding: found('RegistrationRejected'), stuck: false };
  assert.equal(statusOf(policy({ health })).ready, true);
  const waiting = statusOf(policy({ health: { ...health, stuck: true }, pending: 1 }));
  assert.equal(waiting.reason, 'Progressing');
  assert.doesNotMatch(waiting.message ?? '', /RegistrationRejected/);
});

test('a firewall in Observe, or being deleted, is not waited for, and its state says so', () => {
  for (const reason of ['Observing', 'Purging'] as const) {
    const aside = found(reason);
    const left = { health: { finding: found('DeviceUnavailable'), stuck: true, aside }, pending: 4 };
    const mixed = statusOf(policy({}, left));
    assert.deepEqual([mixed.ready, mixed.addresses], [true, 4]);
    assert.equal(mixed.message, 'registered on edge-a');
    assert.deepEqual(
      mixed.firewalls.map(({ state }) => state),
      ['InSync', reason],
    );
    const alone = statusOf(policy(left, left));
    assert.deepEqual([alone.ready, alone.reason, alone.addresses], [false, reason, 0]);
    const refused = statusOf(policy({}, { ...left, unusable: found('NotAdmitted') }));
    assert.equal(refused.reason, 'NotAdmitted', 'a wrong reference is told all the same');
  }
});

test('status names the first 64 tags, and counts all', () => {
  const tags = Array.from({ length: 70 }, (_, i) => `k8s.${String(i).padStart(2, '0')}`);
  const status = statusOf({ ...policy({}), tags });
  assert.deepEqual(status.tags, tags.slice(0, 64));
  assert.equal(status.columns.tags, 70);
});

test('no message moves with a count', () => {
  const health = [
    healthy,
    { finding: found('Progressing'), stuck: true },
    { finding: found('Progressing'), stuck: false },
  ];
  for (const previous of [[], readyBefore]) {
    for (const each of health) {
      const message = (pending: number) =>
        statusOf(
          { ...policy({ pending, addresses: pending + 5, health: each }), pods: pending },
          { previous },
        ).message;
      assert.equal(message(2), message(3));
    }
  }
});

const firewall: fc.Arbitrary<Partial<PolicyFirewall>> = fc
  .record({
    unusable: fc.option(fc.constantFrom(found('FirewallMissing'), found('NotAdmitted')), {
      nil: undefined,
      freq: 4,
    }),
    reason: fc.constantFrom<ConditionReason>(
      'InSync',
      'Progressing',
      'DeviceUnavailable',
      'RegistrationRejected',
    ),
    stuck: fc.boolean(),
    aside: fc.option(fc.constant(found('Observing')), { nil: undefined, freq: 4 }),
    addresses: fc.nat(5),
    pending: fc.nat(3),
    failed: fc.subarray([
      { address: '10.0.0.1', message: 'reserved' },
      { address: '10.0.0.2', message: 'full' },
    ]),
  })
  .map(({ reason, stuck, aside, ...rest }) => ({
    ...rest,
    health: { finding: found(reason), stuck, aside },
  }));

test('law: every status keeps the rules, is the same when nothing changed, and never counts below zero', () => {
  const histories = fc.array(
    fc.record({
      firewalls: fc.array(firewall, { maxLength: 3 }),
      generation: fc.integer({ min: 1, max: 2 }),
      pods: fc.nat(2),
      finding: fc.option(fc.constant(found('InvalidSpec')), { nil: undefined, freq: 6 }),
    }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(histories, (history) => {
      let previous: readonly FoundCondition[] = [];
      for (const [i, { firewalls, generation, pods, finding }] of history.entries()) {
        const view = { ...policy(...firewalls), pods, finding };
        const context = { generation, previous, now: 0, time: timeAt(i) };
        const status = policyStatus(view, context);
        checkStatus(status, generation, previous);
        const again = { ...context, previous: status.conditions, now: 9_000_000, time: timeAt(i + 100) };
        assert.deepEqual(policyStatus(view, again), status);
        assert.ok(status.addresses >= 0 && status.firewalls.every(({ registered }) => registered >= 0));
        previous = status.conditions;
      }
    }),
  );
});

test('a firewall in Enforce that is written nothing, as its finalizer is not there, is waited for', () => {
  const aside = asideOf(
    writeModeOf({ mode: 'Enforce', deletionPolicy: 'Purge', finalized: false, deleting: false }),
  );
  assert.equal(aside, undefined, 'only Observe, deletion and passive peers do not count');
  const blocked = {
    reason: 'Progressing',
    message: 'nothing is written before the finalizer is there',
  } as const;
  const waiting = { blocked, pending: 12, oldestPendingAt: 0, lastConfirmedAt: Number.NEGATIVE_INFINITY };
  const table = { ...quietTable, owned: 0, ...waiting };
  const tables = [{ ref: { serial: undefined, vsys: undefined }, view: table }];
  const health = healthForPolicies({ finding: undefined, aside, device: undefined, tables }, 60_000);
  const status = statusOf(policy({}, { health, addresses: 12, pending: 12 }), { previous: readyBefore });
  assert.deepEqual([status.ready, status.reason, status.addresses], [false, 'Progressing', 0]);
  assert.match(status.message ?? '', /^edge-b: nothing is written before the finalizer/);
});
