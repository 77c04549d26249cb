// One thing to say about an object, and which of several is said.

import { type ConditionReason, conditionReasons } from './model.ts';

/** One thing to say about an object. The one that stands first in `conditionReasons` is shown. */
export type Finding = { readonly reason: ConditionReason; readonly message: string };

export function worst(findings: readonly Finding[]): Finding | undefined {
  const rank = (finding: Finding) => conditionReasons.indexOf(finding.reason);
  return findings.reduce<Finding | undefined>(
    (least, finding) => (least === undefined || rank(finding) < rank(least) ? finding : least),
    undefined,
  );
}
