// The moving picture on a terminal: a small workload comes and goes until somebody has seen enough.

import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../test/harness/cluster.ts';
import { createProductionPolicy, createTenantPolicy } from './policies.ts';
import { picture } from './round.ts';
import type { Stage } from './stage.ts';

const tiers = ['gold', 'silver', 'bronze'] as const;
const mostPods = 8;
const shownEvents = 6;
const clearScreen = '\x1b[2J\x1b[H';

type Workload = { readonly alive: string[]; started: number };

export async function playLive(stage: Stage, signal: AbortSignal): Promise<void> {
  const { cluster } = stage;
  await createTenantPolicy(cluster);
  await createProductionPolicy(cluster);
  const events: string[] = [];
  const workload: Workload = { alive: [], started: 0 };
  const acting = act(
    cluster,
    workload,
    (event) => {
      events.push(`${new Date().toISOString().slice(11, 19)}  ${event}`);
      if (events.length > shownEvents) events.shift();
    },
    signal,
  );
  const drawing = draw(stage, events, signal);
  await Promise.race([acting, drawing]);
}

async function draw(stage: Stage, events: readonly string[], signal: AbortSignal): Promise<void> {
  for (;;) {
    const frame = await picture(stage);
    process.stdout.write(
      `${clearScreen}${frame}\n\nin the cluster\n  ${events.join('\n  ')}\n\nCtrl-C ends it.\n`,
    );
    await delay(400, undefined, { signal });
  }
}

async function act(
  cluster: Cluster,
  workload: Workload,
  tell: (event: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await delay(700 + Math.random() * 1200, undefined, { signal });
    const grow = workload.alive.length < 3 || (workload.alive.length < mostPods && Math.random() < 0.5);
    if (grow) await start(cluster, workload, tell);
    else if (Math.random() < 0.4) await relabel(cluster, workload, tell);
    else await end(cluster, workload, tell);
  }
}

async function start(cluster: Cluster, workload: Workload, tell: (event: string) => void): Promise<void> {
  const number = ++workload.started;
  const name = `web-${number}`;
  // Few addresses, so that they are used again soon.
  const ip = `10.1.0.${(number % 12) + 1}`;
  const tier = tiers[number % tiers.length] ?? 'gold';
  await cluster.createPod({ namespace: 'shop', name, labels: { app: 'web', tier }, ips: [ip] });
  workload.alive.push(name);
  tell(`+ ${name} starts on ${ip}, tier ${tier}`);
}

async function relabel(cluster: Cluster, { alive }: Workload, tell: (event: string) => void): Promise<void> {
  const name = alive[Math.floor(Math.random() * alive.length)];
  const tier = tiers[Math.floor(Math.random() * tiers.length)] ?? 'gold';
  if (name === undefined) return;
  await cluster.labelPod({ namespace: 'shop', name }, { tier });
  tell(`~ ${name} is relabelled: tier ${tier}`);
}

async function end(cluster: Cluster, { alive }: Workload, tell: (event: string) => void): Promise<void> {
  const name = alive.shift();
  if (name === undefined) return;
  await cluster.deletePod({ namespace: 'shop', name });
  tell(`- ${name} is deleted`);
}
