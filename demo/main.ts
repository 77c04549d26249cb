// npm run demo: the main job, for real and in small. On a terminal until stopped; otherwise, or with --once, one
// scripted round with a verdict.

import { parseArgs } from 'node:util';
import { playLive } from './live.ts';
import { playRound } from './round.ts';
import { buildStage, type Stage } from './stage.ts';

const usage = `Starts a throw-away API server, a simulated firewall and the operator, and shows how Pods become entries of the
firewall's registered-ip table. Nothing outside this machine is touched. The first run builds the API server, which needs Go.

  npm run demo             on a terminal: Pods come and go until Ctrl-C; otherwise as with --once
  npm run demo -- --once   one scripted round with a verdict; exit 0 when all went well, else 1
  npm run demo -- --help   this text`;

/** What somebody else than a programmer can mend: it is told without a stack. */
class Hindrance extends Error {}

function readFlags(): { readonly once: boolean; readonly help: boolean } {
  try {
    const flag = { type: 'boolean' } as const;
    const { values } = parseArgs({ options: { once: flag, help: { ...flag, short: 'h' } } });
    return { once: values.once ?? !process.stdout.isTTY, help: values.help ?? false };
  } catch (error) {
    const [, given = 'argument'] = /'([^']*)'/.exec(error instanceof Error ? error.message : '') ?? [];
    throw new Hindrance(`unknown ${given}: the demo takes --once and --help, as in: npm run demo -- --once`);
  }
}

async function play(once: boolean, signal: AbortSignal): Promise<boolean> {
  const startedAt = performance.now();
  const say = (text: string) => console.log(text);
  const tell = (what: string) =>
    say(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${what}`);
  say("pan-tag-operator: Pods become entries of a firewall's registered-ip table.\n");
  await using stage = await build(tell, signal);
  say('');
  if (!once) {
    await playLive(stage, signal);
    return true;
  }
  const well = await playRound(stage, say, signal);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const verdict = well
    ? 'PASSED  the table was what the cluster asked for after every step'
    : 'FAILED  a step did not end as it should; it is marked with ✗ above';
  say(`\n${verdict} (${seconds} s in all)`);
  return well;
}

async function build(tell: (what: string) => void, signal: AbortSignal): Promise<Stage> {
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
  const { once, help } = readFlags();
  if (help) console.log(usage);
  else if (!(await play(once, stop.signal))) process.exitCode = 1;
} catch (error) {
  if (!stop.signal.aborted) {
    console.error(error instanceof Hindrance ? error.message : error);
    process.exitCode = 1;
  }
}
