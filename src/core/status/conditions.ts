// Conditions as the Kubernetes API conventions and kstatus read them: Ready always; Reconciling or Stalled while true.

import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../model/finding.ts';
import { type ConditionReason } from '../model/model.ts';

export type Condition = {
  readonly type: 'Ready' | 'Reconciling' | 'Stalled';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration: number;
  /** RFC 3339; moves only when `status` flips, as in apimachinery's SetStatusCondition. */
  readonly lastTransitionTime: string;
  readonly reason: ConditionReason;
  /** A sentence with the next step in it. */
  readonly message: string;
};

/** A condition as it was found on the object, perhaps written by an older version. */
export type FoundCondition = {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration?: number | undefined;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
};

/** Nothing gets better before a person acts: whoever waits by kstatus, such as Flux, is told at once. */
const stalled: ReadonlySet<ConditionReason> = new Set([
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
]);

type ConditionInput = {
  readonly finding: Finding;
  readonly generation: number;
  readonly previous: readonly FoundCondition[];
  /** RFC 3339, seconds. */
  readonly now: string;
};

export function conditionsFor({ finding, generation, previous, now }: ConditionInput): Condition[] {
  // What selects nothing has nothing to wait for.
  const ready = finding.reason === 'InSync' || finding.reason === 'NoPods';
  const condition = (type: Condition['type'], status: Condition['status']): Condition => {
    const before = previous.find((other) => other.type === type);
    return {
      type,
      status,
      observedGeneration: generation,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
      reason: finding.reason,
      message: finding.message,
    };
  };
  if (ready) return [condition('Ready', 'True')];
  return [
    condition('Ready', 'False'),
    condition(stalled.has(finding.reason) ? 'Stalled' : 'Reconciling', 'True'),
  ];
}

/** True when the conditions say the same, whatever their times. */
export function sameConditions(a: readonly FoundCondition[], b: readonly FoundCondition[]): boolean {
  return isDeepStrictEqual(a.map(saidBy), b.map(saidBy));
}

function saidBy({ type, status, reason, message, observedGeneration }: FoundCondition) {
  return { type, status, reason, message, observedGeneration };
}

/**
 * A change that cannot wait: any but in the words of a Ready that stays, such as what a policy selects by now. Pods that
 * come and go make NoPods of InSync and back: in churn such changes would take the turns of those that matter.
 */
export function isUrgentChange(before: readonly FoundCondition[], after: readonly FoundCondition[]): boolean {
  return !sameConditions(before.map(withoutSmallTalk), after.map(withoutSmallTalk));
}

function withoutSmallTalk(condition: FoundCondition): FoundCondition {
  return condition.type === 'Ready' && condition.status === 'True'
    ? { ...condition, reason: 'InSync', message: '' }
    : condition;
}
