// The rules that every status we write keeps, after the Kubernetes API conventions, kstatus and Flux's status checker.

import assert from 'node:assert/strict';
import type { Condition, FoundCondition } from '../../../src/core/status/conditions.ts';
import { conditionReasons } from '../../../src/core/model/model.ts';

export type CheckedStatus = {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
};

/** Fails with a sentence where a status breaks a rule, by itself or as the successor of `previous`. */
export function checkStatus(
  { observedGeneration, conditions }: CheckedStatus,
  generation: number,
  previous: readonly FoundCondition[],
): void {
  const byType = new Map(conditions.map((condition) => [condition.type, condition]));
  const [ready, reconciling, stalled] = (['Ready', 'Reconciling', 'Stalled'] as const).map((t) =>
    byType.get(t),
  );
  assert.equal(byType.size, conditions.length, 'one condition of each type');
  assert.ok(ready !== undefined, 'Ready is always there');
  assert.equal(conditions[0], ready, 'Ready stands first');
  assert.ok(reconciling === undefined || stalled === undefined, 'never Reconciling and Stalled together');
  const abnormal = reconciling ?? stalled;
  assert.equal(ready.status === 'True', abnormal === undefined, 'Ready, or the reason why not yet');
  assert.ok(
    abnormal === undefined || abnormal.status === 'True',
    'abnormal conditions are there while they are true',
  );
  const isReady = ready.reason === 'InSync' || ready.reason === 'NoPods';
  assert.equal(ready.status === 'True', isReady, 'Ready is InSync or NoPods');
  assert.equal(observedGeneration, generation, 'the status speaks of this generation');
  for (const condition of conditions) {
    assert.equal(condition.observedGeneration, generation, `${condition.type} speaks of this generation`);
    assert.ok(conditionReasons.includes(condition.reason), `${condition.reason} is of the closed list`);
    assert.match(condition.message, /^\S(.*\S)?$/, 'a message is one line');
    assert.ok(condition.message.length <= 32_768);
    assert.match(condition.lastTransitionTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const before = previous.find(({ type }) => type === condition.type);
    assert.equal(
      condition.lastTransitionTime === before?.lastTransitionTime,
      condition.status === before?.status,
      `the transition time of ${condition.type} moves when its status does`,
    );
  }
}

/** RFC 3339 of a monotonic time in these tests: never the same for different times. */
export function timeAt(now: number): string {
  return new Date(Date.UTC(2026, 10, 21) + now * 1000).toISOString().replace('.000Z', 'Z');
}
