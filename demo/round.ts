// One scripted round: each step acts on the cluster, waits for the firewall to follow, and is judged.

import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { drawStatuses, drawTable, registeredIps } from './picture.ts';
import { countOf, type Step, steps, withPrefix } from './script.ts';
import { firewallName, type Stage, tagPrefix } from './stage.ts';

const followMs = 10_000;
const statusMs = 10_000;

/** True when every step ended as expected. */
export async function playRound(
  stage: Stage,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  await inTime(() => allReady(stage), signal);
  say(await picture(stage));
  let allWell = true;
  for (const [i, step] of steps.entries()) {
    say(`\n── ${i + 1}/${steps.length}  ${step.title}`);
    const verdict = await play(step, stage, signal);
    const agreed = await inTime(() => statusesAgree(step, stage), signal);
    say(`\n${await picture(stage)}\n\n${verdict.text}`);
    if (!agreed) say(`✗ the statuses did not come to what the table holds within ${statusMs / 1000} s`);
    allWell &&= verdict.well && agreed;
  }
  return allWell;
}

type Verdict = { readonly well: boolean; readonly text: string };

async function play(step: Step, stage: Stage, signal: AbortSignal): Promise<Verdict> {
  const { cluster, firewall } = stage;
  const before = ours(stage);
  await step.act(cluster);
  const actedAt = performance.now();
  const expected = withPrefix(step.expected);
  while (!isDeepStrictEqual(ours(stage), expected)) {
    if (performance.now() - actedAt > followMs) {
      return {
        well: false,
        text: `✗ the firewall did not follow within ${followMs / 1000} s; expected:\n${drawTable(expected)}`,
      };
    }
    await delay(1, undefined, { signal });
  }
  const ms = Math.round(performance.now() - actedAt);
  if (!isDeepStrictEqual(registeredIps(firewall.tables()).get('10.9.9.9'), ['vpn-gateway'])) {
    return { well: false, text: "✗ somebody else's entry 10.9.9.9 was touched" };
  }
  if (isDeepStrictEqual(before, expected)) {
    return { well: true, text: '✓ there was nothing to change on the firewall' };
  }
  return { well: true, text: `✓ the firewall agreed ${ms} ms after the API server's last answer` };
}

/** Where the operator keeps its own mark, by which it knows the table as its own; no Pod's address. */
const markerAddress = '192.0.2.1';

/** The addresses that carry our prefix, with those tags only; the operator's mark left out. */
function ours({ firewall }: Stage): Map<string, readonly string[]> {
  const owned = [...registeredIps(firewall.tables())]
    .filter(([ip]) => ip !== markerAddress)
    .map(([ip, tags]) => [ip, tags.filter((tag) => tag.startsWith(tagPrefix))] as const);
  return new Map(owned.filter(([, tags]) => tags.length > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Shown = {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly pods?: number;
    readonly addresses?: number;
    readonly owned?: number;
    readonly pending?: number;
  };
};

function isReady({ status }: Shown): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;
}

async function allReady({ cluster }: Stage): Promise<boolean> {
  return isReady(await cluster.get<Shown>('PanFirewall', { name: firewallName }));
}

/** True when every object is Ready and counts what the firewall shall hold. */
async function statusesAgree({ expected, webPods }: Step, { cluster }: Stage): Promise<boolean> {
  const firewall = await cluster.get<Shown>('PanFirewall', { name: firewallName });
  const web = await cluster.get<Shown>('PanTagPolicy', { namespace: 'shop', name: 'web' });
  const prod = await cluster.list<Shown>('ClusterPanTagPolicy');
  return (
    [firewall, web, ...prod].every(isReady) &&
    firewall.status?.owned === countOf(expected) &&
    firewall.status.pending === 0 &&
    web.status?.pods === webPods &&
    web.status.addresses === countOf(expected, 'ns_shop.web') &&
    prod.every(({ status }) => status?.addresses === countOf(expected, 'env.prod'))
  );
}

async function inTime(look: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  const until = performance.now() + statusMs;
  while (performance.now() < until) {
    if (await look()) return true;
    await delay(50, undefined, { signal });
  }
  return false;
}

export async function picture({ cluster, firewall }: Stage): Promise<string> {
  const table = drawTable(registeredIps(firewall.tables()));
  return `registered-ip table of the firewall    (${markerAddress} carries the operator's mark)\n${indent(table)}\n\nkubectl get panfw, ptp, cptp    (conditions are written at once, counts within a second)\n${indent(await drawStatuses(cluster))}`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
