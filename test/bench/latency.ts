// `bench latency`: how long a change takes from its API write to the firewall, beside a bare watch of the same changes.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, type BenchContext, readArguments, readCount, type Say } from './bench.ts';
import { matchArrivals, type Phase, reportLatency } from './latency-report.ts';
import { buildStage, type Stage, tableIsRight } from './latency-stage.ts';
import type { Change, MovingPods } from './moving-pods.ts';

export const latency: Bench = {
  name: 'latency',
  measures:
    'from API write to firewall: p50, p99 and maximum, one change at a time and many a second, beside a bare watch',
  takes: 'about 1 minute',
  usage: [
    '--idle 200       single changes, 60 to 140 ms apart',
    '--rate 100       changes a second under load',
    '--seconds 15     how long the load lasts',
    '--device-ms 0    how long the simulated firewall works on a message',
  ],
  run: (context) => runLatency(context),
};

const warmUpChanges = 25;
const arrivalLimitMs = 30_000;

type Settings = {
  readonly idle: number;
  readonly rate: number;
  readonly seconds: number;
  readonly deviceMs: number;
};

async function runLatency(context: BenchContext): Promise<boolean> {
  const { progress, print, signal } = context;
  const settings = readSettings(context.args);
  const load = Math.round(settings.rate * settings.seconds);
  await using stage = await buildStage(
    { deviceMs: settings.deviceMs, changes: [warmUpChanges, settings.idle, load] },
    context,
  );
  await measure(stage, () => oneByOne(stage.pods, warmUpChanges, signal), signal);
  progress(`idle: ${settings.idle} changes, one after the other`);
  const idle = await measure(stage, () => oneByOne(stage.pods, settings.idle, signal), signal);
  progress(`load: ${settings.rate} changes a second for ${settings.seconds} s`);
  const busy = await measure(stage, () => atRate(stage.pods, load, settings.rate, signal), signal);
  const { deviceMs } = settings;
  const phases = [
    { name: 'idle', ...idle },
    { name: `${settings.rate}/s`, ...busy },
  ];
  const isComplete = reportLatency(phases, deviceMs, print);
  return (await checkTable(stage, print)) && isComplete;
}

function readSettings(args: readonly string[]): Settings {
  const given = readArguments(args, { idle: '200', rate: '100', seconds: '15', 'device-ms': '0' });
  const deviceMs = given['device-ms'];
  return {
    idle: readCount('idle', given.idle),
    rate: readCount('rate', given.rate),
    seconds: readCount('seconds', given.seconds),
    deviceMs: deviceMs === '0' ? 0 : readCount('device-ms', deviceMs),
  };
}

/** Makes the changes, and waits until both sides have all of them, or no longer than is reasonable. */
async function measure(
  { device, watch }: Stage,
  make: () => Promise<readonly Change[]>,
  signal: AbortSignal,
): Promise<Omit<Phase, 'name'>> {
  const since = (await device.log(0)).at(-1)?.seq ?? 0;
  const begun = performance.now();
  const changes = await make();
  const seconds = (performance.now() - begun) / 1000;
  const deadline = performance.now() + arrivalLimitMs;
  for (;;) {
    const messages = (await device.log(since)).filter(({ kind }) => kind === 'message');
    const arrivals = matchArrivals(changes, watch.heard(), messages);
    const isComplete = arrivals.every(
      ({ watchMs, firewallMs }) => watchMs !== undefined && firewallMs !== undefined,
    );
    if (isComplete || performance.now() > deadline) return { arrivals, messages, seconds };
    await sleep(200, undefined, { signal });
  }
}

async function oneByOne(pods: MovingPods, count: number, signal: AbortSignal): Promise<readonly Change[]> {
  const changes: Change[] = [];
  while (changes.length < count) {
    changes.push(await pods.change());
    // Irregular, so that no timer of anybody's beats in time with it.
    await sleep(60 + Math.random() * 80, undefined, { signal });
  }
  return changes;
}

/** Begins each change at its time, whether or not the ones before have been answered. */
async function atRate(
  pods: MovingPods,
  count: number,
  rate: number,
  signal: AbortSignal,
): Promise<readonly Change[]> {
  const changes: Promise<Change>[] = [];
  const begun = performance.now();
  while (changes.length < count) {
    const wait = begun + (changes.length * 1000) / rate - performance.now();
    if (wait > 0) await sleep(wait, undefined, { signal });
    const change = pods.change();
    // Whoever awaits them all hears of a failure; until then it must not end the process.
    change.catch(() => undefined);
    changes.push(change);
  }
  return Promise.all(changes);
}

/** When all has come to rest the table must be exactly what the Pods are. */
async function checkTable({ device, pods }: Stage, print: Say): Promise<boolean> {
  const equal = await tableIsRight(device, pods);
  print(`latency: the firewall's table ${equal ? 'equals' : 'DIFFERS FROM'} the Pods at the end`);
  return equal;
}
