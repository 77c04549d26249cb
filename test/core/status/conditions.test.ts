// Conditions: precedence of reasons, what they say, and when their times move.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Finding, worst } from '../../../src/core/model/finding.ts';
import { conditionsFor, isUrgentChange, sameConditions } from '../../../src/core/status/conditions.ts';
import { type ConditionReason, conditionReasons } from '../../../src/core/model/model.ts';
import { checkStatus, timeAt } from './status-rules.ts';

const finding = (reason: ConditionReason): Finding => ({ reason, message: `it is ${reason}` });
const reasons = fc.array(fc.constantFrom(...conditionReasons), { maxLength: 6 });

test('of several findings the first in the order of precedence is shown', () => {
  fc.assert(
    fc.property(reasons, (drawn) => {
      const first = conditionReasons.find((reason) => drawn.includes(reason));
      assert.equal(worst(drawn.map(finding))?.reason, first);
    }),
  );
});

test('of findings with one reason the first is shown', () => {
  const twins: Finding[] = [
    { reason: 'DeviceUnavailable', message: 'one' },
    { reason: 'DeviceUnavailable', message: 'two' },
  ];
  assert.equal(worst(twins)?.message, 'one');
});

test('law: whatever is found after whatever, the conditions keep the rules', () => {
  const step = fc.record({
    reason: fc.constantFrom(...conditionReasons),
    generation: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let previous = conditionsFor({
        finding: finding('Progressing'),
        generation: 1,
        previous: [],
        now: timeAt(0),
      });
      for (const [i, { reason, generation }] of steps.entries()) {
        const conditions = conditionsFor({
          finding: finding(reason),
          generation,
          previous,
          now: timeAt(i + 1),
        });
        checkStatus({ observedGeneration: generation, conditions }, generation, previous);
        previous = conditions;
      }
    }),
  );
});

test('what waits for a person is Stalled: everything else may get better by itself', () => {
  const stalled = [
    'InvalidSpec',
    'FirewallMissing',
    'NotAdmitted',
    'SecretMissing',
    'OwnershipConflict',
    'UntrustedCertificate',
    'AuthenticationFailed',
    'RoleNotAuthorized',
    'UnsupportedVersion',
    'RemovalsHeld',
  ];
  for (const reason of conditionReasons) {
    const conditions = conditionsFor({
      finding: finding(reason),
      generation: 1,
      previous: [],
      now: timeAt(0),
    });
    const [, second] = conditions;
    const isReady = reason === 'InSync' || reason === 'NoPods';
    const expected = isReady ? undefined : stalled.includes(reason) ? 'Stalled' : 'Reconciling';
    assert.equal(second?.type, expected, reason);
  }
});

test('conditions that others left behind, of any type and status, are replaced', () => {
  const stranger = {
    type: 'Healthy',
    status: 'Unknown',
    lastTransitionTime: timeAt(0),
    reason: 'Whatever',
    message: '',
  };
  const unknown = { ...stranger, type: 'Ready' };
  const conditions = conditionsFor({
    finding: finding('InSync'),
    generation: 2,
    previous: [stranger, unknown],
    now: timeAt(9),
  });
  assert.deepEqual(conditions, [
    {
      type: 'Ready',
      status: 'True',
      observedGeneration: 2,
      lastTransitionTime: timeAt(9),
      reason: 'InSync',
      message: 'it is InSync',
    },
  ]);
});

test('conditions are the same when they say the same, whatever their times', () => {
  const base = { finding: finding('DeviceUnavailable'), generation: 1, previous: [] };
  const conditions = conditionsFor({ ...base, now: timeAt(1) });
  assert.equal(sameConditions(conditions, conditionsFor({ ...base, now: timeAt(2) })), true);
  for (const other of [
    { ...base, generation: 2 },
    { ...base, finding: finding('InvalidResponse') },
    { ...base, finding: { ...base.finding, message: 'other' } },
    { ...base, finding: finding('InSync') },
    { ...base, finding: finding('InvalidSpec') },
  ]) {
    const others = conditionsFor({ ...other, now: timeAt(1) });
    assert.equal(sameConditions(conditions, others), false);
    assert.equal(sameConditions(others, conditions), false);
  }
  assert.equal(sameConditions(conditions, conditions.slice(0, 1)), false);
});

test('conditions differ when any one of them differs in any one thing that it says', () => {
  const ready = {
    type: 'Ready',
    status: 'False',
    observedGeneration: 1,
    lastTransitionTime: timeAt(1),
    reason: 'Progressing',
    message: 'on its way',
  };
  const other = { ...ready, type: 'Reconciling', status: 'True' };
  for (const change of [
    { type: 'Stalled' },
    { status: 'Unknown' },
    { observedGeneration: 2 },
    { reason: 'InvalidSpec' },
    { message: 'there' },
  ]) {
    assert.equal(sameConditions([ready, other], [{ ...ready, ...change }, other]), false);
    assert.equal(sameConditions([ready, other], [ready, { ...other, ...change }]), false);
  }
  assert.equal(sameConditions([ready], [{ ...ready, lastTransitionTime: timeAt(2) }]), true);
});

test('the words of a Ready that is not True, and of any other condition, are urgent', () => {
  const of = (type: string, status: string, message: string) => [
    { type, status, observedGeneration: 1, lastTransitionTime: timeAt(1), reason: 'Progressing', message },
  ];
  const changed = (type: string, status: string) =>
    isUrgentChange(of(type, status, 'one'), of(type, status, 'two'));
  assert.equal(changed('Ready', 'True'), false);
  assert.equal(changed('Ready', 'False'), true);
  assert.equal(changed('Reconciling', 'True'), true);
});

test('every change of a condition is urgent, but for the words of a Ready that stays', () => {
  const say = (reason: ConditionReason, message: string, generation = 1) =>
    conditionsFor({ finding: { reason, message }, generation, previous: [], now: timeAt(1) });
  const ready = say('InSync', 'registered on edge');
  assert.equal(isUrgentChange(ready, say('InSync', 'no Pod is selected')), false);
  assert.equal(isUrgentChange(ready, say('InSync', 'registered on edge', 2)), true);
  assert.equal(isUrgentChange(ready, say('Progressing', 'registered on edge')), true);
  assert.equal(isUrgentChange([], ready), true);
  const held = say('RemovalsHeld', 'plan 1');
  assert.equal(isUrgentChange(held, say('RemovalsHeld', 'plan 2')), true);
  assert.equal(isUrgentChange(held, held), false);
});

test('NoPods and InSync that follow each other can wait like a count; a Ready that ends cannot', () => {
  const of = (reason: ConditionReason) =>
    conditionsFor({ finding: finding(reason), generation: 1, previous: [], now: timeAt(0) });
  assert.equal(isUrgentChange(of('InSync'), of('NoPods')), false);
  assert.equal(isUrgentChange(of('NoPods'), of('InSync')), false);
  assert.equal(isUrgentChange(of('NoPods'), of('FirewallMissing')), true);
});
