// npm run demo: the main job, for real and in small. On a terminal until stopped; otherwise, or with --once, one
// scripted round with a verdict.

import { parseArgs } from 'node:util';
import { playLive } from './live.ts';
import { playRound } from './round.ts';
import { buildStage } from './stage.ts';

const { values } = parseArgs({ options: { once: { type: 'boolean', default: !process.stdout.isTTY } } });
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

try {
  const startedAt = performance.now();
  const say = (text: string) => console.log(text);
  const tell = (what: string) =>
    say(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(5)} s  ${what}`);
  say("pan-tag-operator: Pods become entries of a firewall's registered-ip table.\n");
  await using stage = await buildStage(tell, stop.signal);
  say('');
  if (values.once) {
    const well = await playRound(stage, say, stop.signal);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    say(
      `\n${well ? 'PASSED' : 'FAILED'}  the table was ${well ? '' : 'not '}what the cluster asked for at every step (${seconds} s in all)`,
    );
    if (!well) process.exitCode = 1;
  } else {
    await playLive(stage, stop.signal);
  }
} catch (error) {
  if (!stop.signal.aborted) {
    console.error(error);
    process.exitCode = 1;
  }
}
