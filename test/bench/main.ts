// The benches: `npm run bench` lists them, `npm run bench -- NAME [arguments]` runs one.
import { type Bench, describeMachine, UsageError } from './bench.ts';
import { latency } from './latency.ts';
import { read } from './read.ts';
import { sync } from './sync.ts';
import { write } from './write.ts';

const benches: readonly Bench[] = [latency, read, sync, write];

function list(): string {
  const rows = benches.map(({ name, measures, takes, usage }) => {
    const lines = [`  ${name}  (${takes})`, `      ${measures}`, ...usage.map((line) => `      ${line}`)];
    return lines.join('\n');
  });
  return ['npm run bench -- NAME [arguments]', '', ...rows].join('\n');
}

/** Ctrl-C stops what was started, in order; a second one ends this process, and its children with it. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  return stop.signal;
}

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === '--help') return console.log(list());
  const bench = benches.find((one) => one.name === name);
  if (bench === undefined) {
    console.error(`there is no bench "${name}"\n\n${list()}`);
    process.exitCode = 2;
    return;
  }
  const signal = stopOnSignals();
  const begun = performance.now();
  const progress = (line: string): void =>
    console.error(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  console.log(describeMachine());
  try {
    const valid = await bench.run({ args, progress, print: console.log, signal });
    if (!valid) process.exitCode = 1;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    console.error(signal.aborted ? String(signal.reason) : isUsage ? error.message : error);
    process.exitCode = signal.aborted ? 130 : isUsage ? 2 : 1;
  }
}

await main(process.argv.slice(2));
