// The moving picture on a terminal: a small workload comes and goes until somebody has seen enough.

import { setTimeout as delay } from 'node:timers/promises';
import type { Followed } from './followed.ts';
import { blank, byNumber, faint, type Line, plain, strong, type Table } from './frame.ts';
import { agree, holds, pictureLines, printedStatuses, registeredIps } from './picture.ts';
import { createProductionPolicy, createTenantPolicy } from './policies.ts';
import { wholeMs } from './played.ts';
import { withPrefix } from './script.ts';
import type { Stage } from './stage.ts';
import { redrawn } from './terminal.ts';

const tiers = ['gold', 'silver', 'bronze'] as const;
type Tier = (typeof tiers)[number];
/** With them the picture fits into 24 lines. */
const mostPods = 5;
const shownEvents = 3;
const followMs = 10_000;
const redrawMs = 200;

type Pod = { readonly name: string; readonly ip: string; tier: Tier };
type Live = {
  readonly stage: Stage;
  readonly pods: Pod[];
  readonly events: string[];
  readonly followed: Followed;
  started: number;
  /** The table before the latest change. */
  before: Table;
};

/** Until the signal, by which it rejects; resolves where the firewall does not follow, with that in words. */
export async function playLive(stage: Stage, followed: Followed, signal: AbortSignal): Promise<string> {
  await createTenantPolicy(stage.cluster);
  await createProductionPolicy(stage.cluster);
  const before = registeredIps(stage);
  const live: Live = { stage, pods: [], events: [], followed, started: 0, before };
  process.stdout.write('\x1b[2J');
  return Promise.race([act(live, signal), draw(live, signal)]);
}

async function draw(live: Live, signal: AbortSignal): Promise<never> {
  for (;;) {
    const statuses = await printedStatuses(live.stage);
    const after = registeredIps(live.stage);
    const count = live.pods.length;
    const agreed = agree(statuses, after, { web: count, prod: count });
    const picture = pictureLines({ before: live.before, after, statuses, agreed });
    process.stdout.write(redrawn([...title, ...picture, ...below(live)], process.stdout));
    await delay(redrawMs, undefined, { signal });
  }
}

const title: readonly Line[] = [
  strong("pan-tag-operator: Pods become entries of a firewall's registered-ip table"),
  blank,
];

function below({ events, followed }: Live): Line[] {
  return [blank, ...events.map(plain), faint(`${followed.figures}   (Ctrl-C ends it)`)];
}

async function act(live: Live, signal: AbortSignal): Promise<string> {
  for (;;) {
    await delay(900 + Math.random() * 1200, undefined, { signal });
    const before = registeredIps(live.stage);
    const event = await change(live);
    live.before = before;
    const ms = await follow(live, signal);
    if (ms === undefined) return `${event}: the firewall did not follow within ${followMs / 1000} s`;
    live.followed.add(ms);
    live.events.push(`${event.padEnd(27)}✓ the firewall followed within ${wholeMs(ms)} ms`);
    if (live.events.length > shownEvents) live.events.shift();
  }
}

/** Milliseconds until the table holds what the Pods deserve; undefined: too many. */
async function follow({ stage, pods }: Live, signal: AbortSignal): Promise<number | undefined> {
  const at = performance.now();
  const tags = ({ ip, tier }: Pod) => [ip, ['env.prod', 'ns_shop.web', `ns_shop.tier.${tier}`]] as const;
  const expected = withPrefix(Object.fromEntries(pods.map(tags)));
  while (!holds(stage, expected)) {
    if (performance.now() - at > followMs) return undefined;
    await delay(1, undefined, { signal });
  }
  return performance.now() - at;
}

/** One change in the cluster, told in words. */
function change(live: Live): Promise<string> {
  const { pods } = live;
  const grow = pods.length < 3 || (pods.length < mostPods && Math.random() < 0.5);
  if (grow) return start(live);
  return Math.random() < 0.4 ? relabel(live) : end(live);
}

async function start(live: Live): Promise<string> {
  const { stage, pods } = live;
  const number = ++live.started;
  const tier = tiers[number % tiers.length] ?? 'gold';
  // Few addresses, so that they are used again soon.
  const pod = { name: `web-${number}`, ip: `10.1.0.${(number % 9) + 1}`, tier };
  await stage.cluster.createPod({
    namespace: 'shop',
    name: pod.name,
    labels: { app: 'web', tier },
    ips: [pod.ip],
  });
  pods.push(pod);
  pods.sort((a, b) => byNumber(a.name, b.name));
  return `${pod.name} starts on ${pod.ip}`;
}

async function relabel({ stage, pods }: Live): Promise<string> {
  const pod = pods[Math.floor(Math.random() * pods.length)];
  if (pod === undefined) return '';
  const others = tiers.filter((tier) => tier !== pod.tier);
  const tier = others[Math.floor(Math.random() * others.length)] ?? 'gold';
  await stage.cluster.labelPod({ namespace: 'shop', name: pod.name }, { tier });
  pod.tier = tier;
  return `${pod.name} becomes ${tier}`;
}

async function end({ stage, pods }: Live): Promise<string> {
  const pod = pods.shift();
  if (pod === undefined) return '';
  await stage.cluster.deletePod({ namespace: 'shop', name: pod.name });
  return `${pod.name} is deleted`;
}
