// Events of a policy: that it became Ready, and what is its own doing; nothing of what its firewalls go through.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { EventNote } from '../../../src/core/status/event-note.ts';
import { conditionReasons } from '../../../src/core/model/model.ts';
import {
  reportedByPolicyStatus,
  type ReportedPolicy,
  policyEvents,
  type PolicyEventStatus,
} from '../../../src/core/status/policy-events.ts';

const ownReasons = [
  'InvalidSpec',
  'FirewallMissing',
  'NotAdmitted',
  'CapacityExceeded',
  'TagLimitExceeded',
  'RegistrationRejected',
];

/** firewalls: the states of the firewalls that it names. */
function at(reason: string, { generation = 1, firewalls = [reason] } = {}): PolicyEventStatus {
  const condition = {
    type: 'Ready',
    status: reason === 'InSync' || reason === 'NoPods' ? 'True' : 'False',
    observedGeneration: generation,
    lastTransitionTime: '2026-11-22T00:00:00Z',
    reason,
    message: `it is ${reason}`,
  };
  return { conditions: [condition], firewalls: firewalls.map((state) => ({ state })) };
}
const invalid = (generation = 1) => at('InvalidSpec', { generation, firewalls: [] });

const fresh = reportedByPolicyStatus(undefined);

function told(steps: readonly PolicyEventStatus[], reported: ReportedPolicy = fresh): EventNote[] {
  const events: EventNote[] = [];
  let now = reported;
  for (const step of steps) {
    const next = policyEvents(now, step);
    events.push(...next.events);
    now = next.reported;
  }
  return events;
}
const reasons = (events: readonly EventNote[]) => events.map(({ reason }) => reason);

test('a policy is told to be Ready when it first is, whatever came before', () => {
  assert.deepEqual(told([at('Progressing'), at('DeviceUnavailable'), at('InSync'), at('InSync')]), [
    { reason: 'Ready', note: 'it is InSync' },
  ]);
});

test('Ready is found wherever it stands, and a Ready that is True is no trouble whatever its reason', () => {
  const { conditions = [], firewalls = [] } = at('NotAdmitted');
  const [ready] = conditions;
  assert.ok(ready);
  const other = { ...ready, type: 'Reconciling', status: 'True', reason: 'InSync' };
  assert.deepEqual(reasons(told([{ conditions: [other, ready], firewalls }])), ['NotReady']);
  assert.deepEqual(reasons(told([{ conditions: [{ ...ready, status: 'True' }], firewalls }])), ['Ready']);
});

test('an outage of its firewall is no Event of a policy, nor is its end', () => {
  const ready = told([at('InSync')]);
  const outage = ['DeviceUnavailable', 'Progressing', 'AuthenticationFailed', 'InSync', 'SecretMissing'];
  assert.deepEqual(told([at('InSync'), ...outage.map((r) => at(r)), at('InSync')]), ready);
});

test('what is its own doing is told with its reason, once for each edit, and then that it is Ready again', () => {
  const steps = [
    at('InSync'),
    invalid(2),
    invalid(2),
    invalid(3),
    at('FirewallMissing', { generation: 4 }),
    at('Progressing', { generation: 5 }),
    at('InSync', { generation: 5 }),
  ];
  assert.deepEqual(reasons(told(steps)), ['Ready', 'NotReady', 'NotReady', 'NotReady', 'Ready']);
  assert.equal(told(steps)[1]?.note, 'InvalidSpec: it is InvalidSpec');
});

test('an outage in the midst of its own trouble does not make it tell that twice', () => {
  const steps = [
    at('RegistrationRejected'),
    at('DeviceUnavailable'),
    at('RegistrationRejected'),
    at('InSync'),
  ];
  assert.deepEqual(reasons(told(steps)), ['NotReady', 'Ready']);
});

test('an invalid spec of a firewall is not the doing of the policies that name it', () => {
  assert.deepEqual(told([at('InSync'), at('InvalidSpec'), at('InSync')]), told([at('InSync')]));
});

test('an edit that keeps it Ready, or makes it so anew, is no Event', () => {
  const steps = [at('Progressing', { generation: 2 }), at('InSync', { generation: 2 })];
  assert.deepEqual(told(steps, reportedByPolicyStatus(at('InSync'))), []);
});

test('a policy that selects nothing is told so once, with its words, and Ready when Pods come', () => {
  assert.deepEqual(told([at('Progressing'), at('NoPods'), at('NoPods'), at('InSync')]), [
    { reason: 'NoPods', note: 'it is NoPods' },
    { reason: 'Ready', note: 'it is InSync' },
  ]);
});

test('Pods that come and go later are no news, an edit that selects nothing is', () => {
  assert.deepEqual(reasons(told([at('InSync'), at('NoPods'), at('InSync'), at('NoPods')])), ['Ready']);
  const edited = [at('InSync'), at('NoPods', { generation: 2 }), at('NoPods', { generation: 2 })];
  assert.deepEqual(reasons(told(edited)), ['Ready', 'NoPods']);
});

test('over a restart, NoPods is told no second time, and Ready still is when Pods come', () => {
  const found = reportedByPolicyStatus(at('NoPods'));
  assert.deepEqual(reasons(told([at('NoPods'), at('InSync')], found)), ['Ready']);
});

test('only its own doing makes a NotReady', () => {
  for (const reason of [...conditionReasons, 'OwnershipConflict']) {
    const expected = ownReasons.includes(reason) && reason !== 'InvalidSpec' ? ['NotReady'] : [];
    assert.deepEqual(reasons(told([at(reason)], reportedByPolicyStatus(at('InSync')))), expected, reason);
  }
});

const anyStatus = fc
  .record({
    reason: fc.constantFrom<string>(...conditionReasons, 'OwnershipConflict'),
    generation: fc.integer({ min: 1, max: 3 }),
    alone: fc.boolean(),
  })
  .map(({ reason, generation, alone }) => at(reason, { generation, firewalls: alone ? [] : [reason] }));

test('law: a restart over an unchanged status tells nothing', () => {
  fc.assert(
    fc.property(anyStatus, (status) => {
      assert.deepEqual(told([status], reportedByPolicyStatus(status)), []);
    }),
  );
});

test('law: it is told to be Ready only when it is, and never twice without a NotReady in between', () => {
  fc.assert(
    fc.property(fc.array(anyStatus, { maxLength: 30 }), (steps) => {
      let reported = fresh;
      let last: string | undefined;
      for (const step of steps) {
        const next = policyEvents(reported, step);
        reported = next.reported;
        assert.ok(next.events.length <= 1);
        const [event] = next.events;
        if (event === undefined) continue;
        assert.equal(step.conditions?.[0]?.status === 'True', event.reason !== 'NotReady');
        assert.equal(step.conditions?.[0]?.reason === 'NoPods', event.reason === 'NoPods');
        if (event.reason === 'NoPods') continue;
        if (event.reason === 'Ready') assert.notEqual(last, 'Ready');
        last = event.reason;
      }
    }),
  );
});
