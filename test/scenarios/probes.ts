// Asks a running operator over HTTP, as a kubelet and Prometheus do.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorProcess } from '../harness/operator-process.ts';
import { waitFor } from '../harness/wait-for.ts';

export type Answer = { readonly ok: boolean; readonly text: string };

const askLimitMs = 5_000;

/** path: '/readyz', '/healthz' or '/metrics'. */
export async function ask(operator: OperatorProcess, path: string): Promise<Answer> {
  const answer = await fetch(`${operator.httpUrl}${path}`, { signal: AbortSignal.timeout(askLimitMs) });
  return { ok: answer.ok, text: await answer.text() };
}

export async function waitUntilReady(operator: OperatorProcess, timeoutMs = 15_000): Promise<void> {
  const look = async (): Promise<boolean> => {
    const { ok, text } = await ask(operator, '/readyz');
    assert.ok(ok, text);
    return ok;
  };
  await waitFor(look, { what: 'the operator to be ready', timeoutMs });
}

/** Resolves when /readyz says this, and that the operator is not ready. */
export async function waitUntilNotReady(operator: OperatorProcess, says: RegExp): Promise<void> {
  const look = async (): Promise<boolean> => {
    const { ok, text } = await ask(operator, '/readyz');
    assert.match(text, says);
    return !ok;
  };
  await waitFor(look, { what: `the operator not to be ready and to say ${says}` });
}

/** The names of all metrics that have a TYPE line, whether they have values or not. */
export function metricNames(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
}

/** The first sample of this name whose labels include these; undefined when there is none. */
export function metricValue(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>>,
): number | undefined {
  for (const [, found, braced = '', value] of text.matchAll(/^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)$/gm)) {
    const has = ([key, text]: [string, string]) => `,${braced},`.includes(`,${key}="${text}",`);
    if (found === name && Object.entries(labels).every(has)) return Number(value);
  }
  return undefined;
}

/** The sum over all samples of this name. */
export function metricSum(text: string, name: string): number {
  const samples = [...text.matchAll(/^([a-zA-Z_:]+)(?:\{.*\})? (\S+)$/gm)].filter(
    ([, found]) => found === name,
  );
  return samples.reduce((sum, [, , value]) => sum + Number(value), 0);
}

/** Operator -> its buckets at the last call. */
const stallsBefore = new WeakMap<OperatorProcess, ReadonlyMap<number, number>>();

/** At most so long the event loop was blocked since the last call, in seconds: the upper bound of the highest bucket in use. */
export async function longestStall(operator: OperatorProcess): Promise<number> {
  // The second that is running has not been counted.
  await sleep(1_100);
  const before = stallsBefore.get(operator);
  const now = stallBuckets((await ask(operator, '/metrics')).text);
  stallsBefore.set(operator, now);
  return longestOf(new Map([...now].map(([le, count]) => [le, count - (before?.get(le) ?? 0)])));
}

/** Of the buckets of stalls, the lowest upper bound that holds for all of them, in seconds. */
export function longestOf(buckets: ReadonlyMap<number, number>): number {
  const all = buckets.get(Number.POSITIVE_INFINITY);
  return [...buckets].find(([, count]) => count === all)?.[0] ?? assert.fail('no stall was measured');
}

/** Upper bound in seconds -> how many seconds had no longer stall. */
export function stallBuckets(text: string): ReadonlyMap<number, number> {
  const buckets = text.matchAll(/^pantag_event_loop_stall_seconds_bucket\{le="(\S+)"\} (\d+)$/gm);
  const bound = (le: string) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le));
  return new Map([...buckets].map(([, le = '', count]) => [bound(le), Number(count)]));
}
