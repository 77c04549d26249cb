// npm run demo: the main job, for real and in small. On a terminal until stopped; otherwise, or with --once, one
// scripted round with a verdict.

import { readFlags, usage, UsageError } from './arguments.ts';
import { Followed } from './followed.ts';
import { blank, type Line, plain, strong } from './frame.ts';
import { playLive } from './live.ts';
import { type Played, playedLines } from './played.ts';
import { playRound } from './round.ts';
import { steps } from './script.ts';
import { buildStage, type Stage } from './stage.ts';
import { rendered } from './terminal.ts';

/** What somebody else than a programmer can mend: it is told without a stack. */
class Hindrance extends Error {}

const say = (...lines: readonly Line[]) => process.stdout.write(rendered(lines, process.stdout));

const show = (played: Played) => say(blank, ...playedLines(played));

const startedAt = performance.now();
const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);

/** Resolves with the exit code. */
async function play(once: boolean, signal: AbortSignal): Promise<number> {
  say(strong("pan-tag-operator: Pods become entries of a firewall's registered-ip table"), blank);
  const followed = new Followed();
  let well = true;
  let failed = 'a step did not end as it should; it is marked with ✗ above';
  try {
    await using stage = await build(signal);
    say(blank);
    if (once) well = await playRound(stage, followed, show, signal);
    else {
      failed = await playLive(stage, followed, signal);
      well = false;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  say(
    blank,
    ...(signal.aborted ? stopped() : outcome(well, failed)),
    ...figures(followed),
    blank,
    ...farewell(),
  );
  if (signal.aborted) return once ? 130 : 0;
  return well ? 0 : 1;
}

function stopped(): Line[] {
  return [plain(`Stopped after ${seconds()} s.`)];
}

function outcome(well: boolean, failed: string): Line[] {
  const took = `(${seconds()} s in all)`;
  return well
    ? [strong(`PASSED  the table was what the cluster asked for after each of ${steps.length} steps ${took}`)]
    : [strong(`FAILED  ${failed} ${took}`)];
}

function figures(followed: Followed): Line[] {
  if (followed.changes === 0) return [];
  return [
    plain(
      `The firewall followed ${followed.figures}, from the API server's answer until its table held the change.`,
    ),
  ];
}

function farewell(): Line[] {
  const kubeconfig = process.env['PANTAG_TEST_KUBECONFIG'];
  const left = kubeconfig
    ? `Firewall and operator are stopped; the demo's objects stay in the cluster of ${kubeconfig}.`
    : 'API server, firewall and operator are stopped; nothing was left behind.';
  const next =
    'Next: npm run simulator, a firewall to try by hand; or your own cluster: README.md, "Install it".';
  return [plain(left), plain(next)];
}

async function build(signal: AbortSignal): Promise<Stage> {
  const tell = (what: string) => say(plain(`${seconds().padStart(5)} s  ${what}`));
  try {
    return await buildStage(tell, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Hindrance(`the demo cannot start: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

try {
  const { once, help } = readFlags(process.argv.slice(2), process.stdout.isTTY);
  if (help) console.log(usage);
  else process.exitCode = await play(once, stop.signal);
} catch (error) {
  const isPlain = error instanceof Hindrance || error instanceof UsageError;
  console.error(isPlain ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
