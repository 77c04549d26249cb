// The metrics that the operator serves, and which of an expression's are not among them.
import assert from 'node:assert/strict';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { metricNames } from '../scenarios/probes.ts';

/** Metrics of the operator, and those that Node's own collector adds. */
export async function knownMetrics(): Promise<ReadonlySet<string>> {
  return new Set(metricNames(await createMetrics({ version: '0', revision: '0' }).text()));
}

export function unknownMetrics(expression: string, known: ReadonlySet<string>): readonly string[] {
  const names = expression.match(/\b(?:pantag|process|nodejs)_[a-z_]+/g) ?? [];
  assert.notEqual(names.length, 0, expression);
  return names.filter((name) => !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, '')));
}
