// One scripted round: each step acts on the cluster, waits for the firewall to follow, and is judged.

import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { drawStatuses, drawTable, registeredIps } from './picture.ts';
import { type Counts, type Step, steps, withPrefix } from './script.ts';
import { firewallName, type Stage, tagPrefix } from './stage.ts';

const followMs = 10_000;
const statusMs = 5_000;
const countsMs = 30_000;

/** True when every step ended as expected. */
export async function playRound(
  stage: Stage,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  say(await picture(stage));
  let allWell = true;
  for (const [i, step] of steps.entries()) {
    say(`\n── ${i + 1}/${steps.length}  ${step.title}`);
    const verdict = await play(step, stage, signal);
    const counted = step.counts === undefined || (await countsFollow(step.counts, stage, signal));
    await statusSettled(stage, signal);
    say(`\n${await picture(stage)}\n\n${verdict.text}`);
    if (!counted) say(`✗ the statuses did not come to ${JSON.stringify(step.counts)}`);
    allWell &&= verdict.well && counted;
  }
  return allWell;
}

type Verdict = { readonly well: boolean; readonly text: string };

async function play(step: Step, stage: Stage, signal: AbortSignal): Promise<Verdict> {
  const { cluster, firewall } = stage;
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

type Counting = { readonly status?: { readonly pods?: number; readonly owned?: number } };

/** True when the statuses count what the firewall holds, in time. */
async function countsFollow(
  { pods, owned }: Counts,
  { cluster }: Stage,
  signal: AbortSignal,
): Promise<boolean> {
  const until = performance.now() + countsMs;
  while (performance.now() < until) {
    const [policy, firewall] = await Promise.all([
      cluster.get<Counting>('PanTagPolicy', { namespace: 'shop', name: 'web' }),
      cluster.get<Counting>('PanFirewall', { name: firewallName }),
    ]);
    if (policy.status?.pods === pods && firewall.status?.owned === owned) return true;
    await delay(300, undefined, { signal });
  }
  return false;
}

/** Counts alone are written at most every 10 s; the picture waits a little, not that long. */
async function statusSettled({ cluster }: Stage, signal: AbortSignal): Promise<void> {
  const until = performance.now() + statusMs;
  let before = '';
  while (performance.now() < until) {
    const now = await drawStatuses(cluster);
    if (now === before && !/ False /.test(now)) return;
    before = now;
    await delay(300, undefined, { signal });
  }
}

export async function picture({ cluster, firewall }: Stage): Promise<string> {
  const table = drawTable(registeredIps(firewall.tables()));
  return `registered-ip table of the firewall    (${markerAddress} carries the operator's mark)\n${indent(table)}\n\nkubectl get panfw,ptp,cptp -A    (conditions come at once, counts at most every 10 s)\n${indent(await drawStatuses(cluster))}`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
