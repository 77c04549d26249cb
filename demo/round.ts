// One scripted round: each step acts on the cluster, waits for the firewall to follow, and is judged.

import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import type { Followed } from './followed.ts';
import { plain, type Line, type Table, tableLines } from './frame.ts';
import { agree, holds, ours, printedStatuses, registeredIps } from './picture.ts';
import type { Played } from './played.ts';
import { type Pods, type Step, steps, withPrefix } from './script.ts';
import type { Stage } from './stage.ts';

const followMs = 10_000;
const statusMs = 10_000;

/**
 * True when every step ended as expected.
 * @param show is given each step as it ended.
 */
export async function playRound(
  stage: Stage,
  followed: Followed,
  show: (played: Played) => void,
  signal: AbortSignal,
): Promise<boolean> {
  let well = true;
  // The operator has met the device, and marked the table as its own.
  await settled(stage, registeredIps(stage), { web: 0, prod: 0 }, signal);
  for (const [i, step] of steps.entries()) {
    const before = registeredIps(stage);
    const { ms, problems } = await play(step, stage, signal);
    const after = registeredIps(stage);
    const { statuses, agreed } = await settled(stage, after, step.pods, signal);
    const found = agreed ? problems : [...problems, notSettled];
    if (ms !== undefined) followed.add(ms);
    show({
      number: i + 1,
      title: step.title,
      picture: { before, after, statuses, agreed },
      ms,
      problems: found,
    });
    well &&= found.length === 0;
  }
  return well;
}

const notSettled = plain(`✗ the statuses did not come to what the table holds within ${statusMs / 1000} s`);

type Outcome = Pick<Played, 'ms' | 'problems'>;

async function play(step: Step, stage: Stage, signal: AbortSignal): Promise<Outcome> {
  const before = ours(registeredIps(stage));
  await step.act(stage.cluster);
  const actedAt = performance.now();
  const expected = withPrefix(step.expected);
  while (!holds(stage, expected)) {
    if (performance.now() - actedAt > followMs) return { ms: undefined, problems: notFollowed(expected) };
    await delay(1, undefined, { signal });
  }
  const ms = isDeepStrictEqual(before, expected) ? undefined : performance.now() - actedAt;
  const foreign = registeredIps(stage).get('10.9.9.9');
  const untouched = isDeepStrictEqual(foreign, ['vpn-gateway']);
  return { ms, problems: untouched ? [] : [plain("✗ somebody else's entry 10.9.9.9 was touched")] };
}

function notFollowed(expected: Table): Line[] {
  const why = `✗ the firewall did not follow within ${followMs / 1000} s; it should hold:`;
  return [plain(why), ...tableLines(expected, expected)];
}

async function settled(stage: Stage, table: Table, pods: Pods, signal: AbortSignal) {
  const until = performance.now() + statusMs;
  for (;;) {
    const statuses = await printedStatuses(stage);
    const agreed = agree(statuses, table, pods);
    if (agreed || performance.now() > until) return { statuses, agreed };
    await delay(50, undefined, { signal });
  }
}
