// Prints what learning cost each subject, and the ratios that the goals are about.
import { type Say, verdict } from './bench.ts';
import type { Cost } from './cost.ts';
import type { Usage } from './process-usage.ts';
import { median, minimum, table } from './statistics.ts';

export type SubjectName = 'bare stream' | 'reflector' | 'client-go';

export type WholeOperator = {
  readonly seconds: number;
  /** undefined where the system does not tell. */
  readonly usage: Usage | undefined;
};

export type SyncResult = {
  readonly pods: number;
  readonly costs: ReadonlyMap<SubjectName, readonly Cost[]>;
  readonly nodeArgs: readonly string[];
};

type Field = 'seconds' | 'cpuSeconds' | 'peakMiB' | 'grownMiB';

/** The goals, all of our reflector against another. */
const ratios = [
  { what: 'time', field: 'seconds', against: 'bare stream', atMost: 1.3 },
  { what: 'time', field: 'seconds', against: 'client-go', atMost: 0.5 },
  { what: 'memory', field: 'peakMiB', against: 'client-go', atMost: 0.4 },
  { what: 'memory growth', field: 'grownMiB', against: 'client-go', atMost: undefined },
  { what: 'CPU', field: 'cpuSeconds', against: 'bare stream', atMost: undefined },
  { what: 'CPU', field: 'cpuSeconds', against: 'client-go', atMost: undefined },
] as const;

export function reportSync({ pods, costs, nodeArgs }: SyncResult, print: Say): void {
  const flags = nodeArgs.length === 0 ? 'no flags' : nodeArgs.join(' ');
  const bytes = costs.get('bare stream')?.[0]?.bytes ?? Number.NaN;
  print(`sync: ${pods} Pods of ${Math.round(bytes / pods)} bytes in protobuf`);
  print(`sync: Node programs with ${flags}; minimum / median of the rounds`);
  const pair = (values: readonly number[], digits: number): string =>
    `${minimum(values).toFixed(digits)} / ${median(values).toFixed(digits)}`;
  const rows = [...costs].map(([name, all]) => [
    name,
    pair(valuesOf(all, 'seconds'), 2),
    pair(valuesOf(all, 'cpuSeconds'), 2),
    pair(
      valuesOf(all, 'cpuSeconds').map((seconds) => (seconds * 1e6) / pods),
      0,
    ),
    pair(valuesOf(all, 'peakMiB'), 0),
    pair(valuesOf(all, 'grownMiB'), 0),
  ]);
  const header = ['', 'seconds', 'CPU seconds', 'CPU us a Pod', 'peak MiB', 'grown MiB'];
  for (const line of table([header, ...rows])) print(`sync: ${line}`);
  for (const ratio of ratios) print(`sync: ${describeRatio(ratio, costs)}`);
}

export function reportOperator(operator: WholeOperator, print: Say): void {
  print(
    `sync: whole operator, from process start to 'cluster state complete': ${describeOperator(operator)}`,
  );
}

function describeRatio(
  { what, field, against, atMost }: (typeof ratios)[number],
  costs: SyncResult['costs'],
): string {
  const ours = valuesOf(costs.get('reflector') ?? [], field);
  const theirs = valuesOf(costs.get(against) ?? [], field);
  const byMinimum = minimum(ours) / minimum(theirs);
  const byMedian = median(ours) / median(theirs);
  const figures = `${byMinimum.toFixed(2)} of minima, ${byMedian.toFixed(2)} of medians`;
  // Reader and server share the cores: what disturbs only ever adds, so minima compare best.
  const goal = atMost === undefined ? 'no goal' : `goal at most ${atMost}: ${verdict(byMinimum, atMost)}`;
  return `ratio of ${what}, reflector to ${against}: ${figures}; ${goal}`;
}

function describeOperator({ seconds, usage }: WholeOperator): string {
  const time = `${seconds.toFixed(2)} s`;
  if (usage === undefined) return `${time}; CPU and memory are not told on this system`;
  return `${time}, CPU ${usage.cpuSeconds.toFixed(2)} s, peak ${usage.peakMiB.toFixed(0)} MiB`;
}

function valuesOf(costs: readonly Cost[], field: Field): readonly number[] {
  return costs.map((cost) => cost[field]);
}
