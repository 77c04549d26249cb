// Matches changes with what the watch and the firewall heard of them, and prints how long that took.
import type { LogEntry } from '../../simulator/simulator.ts';
import type { Heard } from './bare-watch.ts';
import { type Say, verdict } from './bench.ts';
import type { Change } from './moving-pods.ts';
import { percentile, table } from './statistics.ts';

/** Ms from the begin of the write; undefined: never seen. */
export type Arrival = {
  readonly change: Change;
  readonly watchMs: number | undefined;
  readonly firewallMs: number | undefined;
};

export type Phase = {
  readonly name: string;
  readonly arrivals: readonly Arrival[];
  /** Messages to the firewall in this phase. */
  readonly messages: readonly LogEntry[];
  /** How long the writing took. */
  readonly seconds: number;
};

/** The goal for single changes: p99 at most so much above the reference's. */
const goalMs = 20;

export function matchArrivals(
  changes: readonly Change[],
  heard: readonly Heard[],
  messages: readonly LogEntry[],
): readonly Arrival[] {
  const heardAt = new Map<string, number>();
  for (const { t, type, name, resourceVersion } of heard) {
    heardAt.set(type === 'DELETED' ? `${name} deleted` : `${name} ${resourceVersion}`, t);
  }
  const toldAt = new Map<string, number>();
  for (const { t, register, unregister } of messages) {
    for (const { section, ip, tag, outcome } of [...register, ...unregister]) {
      const pair = `${section} ${ip} ${tag}`;
      if (outcome === `${section}ed` && !toldAt.has(pair)) toldAt.set(pair, t);
    }
  }
  const since = (begin: number, end: number | undefined) => (end === undefined ? undefined : end - begin);
  return changes.map((change) => {
    const { pod, writtenAt, resourceVersion = 'deleted', pair } = change;
    return {
      change,
      watchMs: since(writtenAt, heardAt.get(`${pod} ${resourceVersion}`)),
      firewallMs: since(writtenAt, toldAt.get(pair)),
    };
  });
}

/** Prints the figures; false when a change was lost. */
export function reportLatency(phases: readonly Phase[], deviceMs: number, print: Say): boolean {
  print(
    'latency: ms from the begin of an API write to the head of the message at the firewall; reference: to a',
  );
  print(
    'latency: bare JSON watch in a process of its own. 3 of 5 changes are labels, 1 a new address, 1 a deletion.',
  );
  if (deviceMs > 0) print(`latency: the firewall works ${deviceMs} ms on each message`);
  const rows = phases.flatMap(rowsOf);
  for (const line of table([['', 'changes', 'p50', 'p99', 'max', 'lost'], ...rows]))
    print(`latency: ${line}`);
  for (const phase of phases) print(`latency: ${describeMessages(phase)}`);
  for (const phase of phases) {
    print(`latency: ${compare(phase, 0.5)}`);
    print(`latency: ${compare(phase, 0.99)}`);
  }
  const [idle] = phases;
  if (idle !== undefined) {
    const difference = differenceAt(idle, 0.99);
    print(
      `latency: goal, ${idle.name} p99 at most the reference's + ${goalMs} ms: ${signed(difference)} ms, ` +
        verdict(difference, goalMs),
    );
  }
  return phases.every((phase) => lost(phase, 'watchMs') === 0 && lost(phase, 'firewallMs') === 0);
}

const columns = { watchMs: 'reference', firewallMs: 'firewall' } as const;
type Column = keyof typeof columns;

function rowsOf(phase: Phase): readonly (readonly string[])[] {
  const figures = (values: readonly number[]): readonly string[] =>
    [0.5, 0.99, 1].map((p) => percentile(values, p).toFixed(1));
  const row = (column: Column): readonly string[] => {
    const values = valuesOf(phase, column);
    const label = `${phase.name}: ${columns[column]}`;
    return [label, String(values.length), ...figures(values), String(lost(phase, column))];
  };
  const beyond = phase.arrivals.flatMap(({ watchMs, firewallMs }) =>
    watchMs === undefined || firewallMs === undefined ? [] : [firewallMs - watchMs],
  );
  return [
    row('watchMs'),
    row('firewallMs'),
    [
      `${phase.name}: firewall after reference, change by change`,
      String(beyond.length),
      ...figures(beyond),
      '',
    ],
  ];
}

function compare(phase: Phase, p: number): string {
  const reference = percentile(valuesOf(phase, 'watchMs'), p);
  const ratio = (reference + differenceAt(phase, p)) / reference;
  return `${phase.name} p${p * 100} against the reference: ${signed(differenceAt(phase, p))} ms, ratio ${ratio.toFixed(2)}`;
}

function differenceAt(phase: Phase, p: number): number {
  return percentile(valuesOf(phase, 'firewallMs'), p) - percentile(valuesOf(phase, 'watchMs'), p);
}

function signed(ms: number): string {
  return `${ms < 0 ? '' : '+'}${ms.toFixed(1)}`;
}

function valuesOf({ arrivals }: Phase, column: Column): readonly number[] {
  return arrivals.flatMap((arrival) => arrival[column] ?? []);
}

function lost({ arrivals }: Phase, column: Column): number {
  return arrivals.filter((arrival) => arrival[column] === undefined).length;
}

/** An entry is an address in a section: a label change is two. */
function describeMessages({ name, arrivals, messages, seconds }: Phase): string {
  const entries = messages.map(
    ({ register, unregister }) =>
      new Set([...register, ...unregister].map(({ section, ip }) => `${section} ${ip}`)).size,
  );
  const total = entries.reduce((sum, count) => sum + count, 0);
  return (
    `${name}: ${arrivals.length} changes in ${seconds.toFixed(1)} s (${(arrivals.length / seconds).toFixed(0)}/s), ` +
    `${messages.length} messages, ${(total / messages.length).toFixed(2)} entries a message, ` +
    `${Math.max(...entries)} at most`
  );
}
