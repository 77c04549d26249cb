// One scripted round: each step acts on the cluster, waits for the firewall to follow, and is judged.

import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { Followed } from './followed.ts';
import { plain, type Line, type Table, tableLines } from './frame.ts';
import { agree, holds, ours, type Picture, printedStatuses, registeredIps } from './picture.ts';
import { type Step, steps, withPrefix } from './script.ts';
import type { Stage } from './stage.ts';

const followMs = 10_000;
const statusMs = 10_000;

/** A step as it ended. */
export type Played = {
  readonly number: number;
  readonly title: string;
  readonly picture: Picture;
  /** undefined: the firewall's table did not become what it should, or somebody else's entry changed. */
  readonly verdict: Verdict;
};

type Verdict = { readonly well: boolean; readonly lines: readonly Line[] };

type Round = { readonly well: boolean; readonly followed: Followed };

/** @param show is given each step as it ended. */
export async function playRound(
  stage: Stage,
  show: (played: Played) => void,
  signal: AbortSignal,
): Promise<Round> {
  const followed = new Followed();
  let well = true;
  for (const [i, step] of steps.entries()) {
    const before = registeredIps(stage);
    const judged = await play(step, stage, followed, signal);
    const after = registeredIps(stage);
    const { statuses, agreed } = await settled(stage, after, step, signal);
    const late = plain(`✗ the statuses did not come to what the table holds within ${statusMs / 1000} s`);
    const verdict = agreed ? judged : { well: false, lines: [...judged.lines, late] };
    show({ number: i + 1, title: step.title, picture: { before, after, statuses, agreed }, verdict });
    well &&= verdict.well;
  }
  return { well, followed };
}

async function play(step: Step, stage: Stage, followed: Followed, signal: AbortSignal): Promise<Verdict> {
  const before = ours(registeredIps(stage));
  await step.act(stage.cluster);
  const actedAt = performance.now();
  const expected = withPrefix(step.expected);
  while (!holds(stage, expected)) {
    if (performance.now() - actedAt > followMs) return notFollowed(expected);
    await delay(1, undefined, { signal });
  }
  const ms = performance.now() - actedAt;
  if (!isDeepStrictEqual(registeredIps(stage).get('10.9.9.9'), ['vpn-gateway'])) {
    return { well: false, lines: [plain("✗ somebody else's entry 10.9.9.9 was touched")] };
  }
  if (isDeepStrictEqual(before, expected)) {
    return { well: true, lines: [plain('✓ there was nothing to change on the firewall')] };
  }
  followed.add(ms);
  return { well: true, lines: [plain(followedIn(ms))] };
}

/** The sentence for a change that the firewall followed. */
export function followedIn(ms: number): string {
  return `✓ the firewall followed ${Math.round(ms)} ms after the API server's answer`;
}

function notFollowed(expected: Table): Verdict {
  const why = `✗ the firewall did not follow within ${followMs / 1000} s; it should hold:`;
  return { well: false, lines: [plain(why), ...tableLines(expected, expected)] };
}

async function settled(stage: Stage, table: Table, { pods }: Step, signal: AbortSignal) {
  const until = performance.now() + statusMs;
  for (;;) {
    const statuses = await printedStatuses(stage);
    const agreed = agree(statuses, table, pods);
    if (agreed || performance.now() > until) return { statuses, agreed };
    await delay(50, undefined, { signal });
  }
}
