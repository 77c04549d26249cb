// `npm run perturb`: disturbs the operator at every point that a set names, and tells what broke, with the command that repeats it.
import { parseArgs } from 'node:util';
import type { Frame, Outcome } from './perturbation.ts';
import { sets } from './sets.ts';

const usage = `Disturbs the operator at every point that a set names, and checks after each that nothing was lost, kept or touched that
should not have been. Nothing outside this machine is touched.

  npm run perturb                             all sets but mutants, each to its end
  npm run perturb -- small-scope kill         these sets
  npm run perturb -- small-scope --only view  one part of a set; may be repeated
  npm run perturb -- --minutes 10             no longer than this for each set; what was not reached is told
  npm run perturb -- mutants                  operators that are broken on purpose: every one must be caught
  npm run perturb -- --replay SET/...         one point again, as a violation prints it

  --violations N   end a set at its Nth violation (default 5)
  --quiet          no lines of progress
  --mutant NAME    a broken operator in place of the real one

Sets:
${Object.entries(sets)
  .map(([name, { what }]) => `  ${name.padEnd(14)}${what}`)
  .join('\n')}

Ctrl-C ends the set that runs and tells what it has. Exit 0: nothing broke; 1: an invariant broke; 2: wrong arguments.`;

class UsageError extends Error {}

function readArguments() {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    minutes: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] as string[] },
    replay: { type: 'string' },
    violations: { type: 'string', default: '5' },
    quiet: { type: 'boolean', default: false },
    mutant: { type: 'string' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const stranger = positionals.find((name) => sets[name] === undefined);
    if (stranger !== undefined)
      throw new UsageError(`no set ${stranger}: it is one of ${Object.keys(sets).join(', ')}`);
    return { values, positionals };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(error instanceof Error ? error.message : '');
  }
}

function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--${flag} is a number above 0, not ${text}`);
  return value;
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return console.log(usage);
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());
  const [replaySet, ...replayRest] = values.replay?.split('/') ?? [];
  const asked = replaySet === undefined ? positionals : [replaySet];
  const names = asked.length > 0 ? asked : Object.keys(sets).filter((name) => name !== 'mutants');
  const limitMs = values.minutes === undefined ? Infinity : numberOf('minutes', values.minutes) * 60_000;
  for (const name of names) {
    if (interruption.signal.aborted) break;
    const set = sets[name];
    if (set === undefined) throw new UsageError(`no set ${name}`);
    const startedAt = performance.now();
    const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
    const frame: Frame = {
      isOver: () => interruption.signal.aborted || performance.now() - startedAt > limitMs,
      mostViolations: numberOf('violations', values.violations),
      replay: values.replay === undefined ? undefined : replayRest.join('/'),
      only: values.only,
      mutant: values.mutant,
      say: (line) => {
        if (!values.quiet) console.log(`${seconds().padStart(7)} s  ${name}  ${line}`);
      },
    };
    print(name, await set.run(frame), seconds());
  }
}

function print(name: string, { tried, violations, isWhole }: Outcome, seconds: string): void {
  console.log(`\n${name}: ${violations.length} violations, ${seconds} s${isWhole ? '' : ', not to its end'}`);
  for (const line of tried) console.log(`  ${line}`);
  for (const { invariant, message, replay } of violations) {
    console.log(`VIOLATION ${invariant}`);
    console.log(`  ${message.slice(0, 2000)}`);
    console.log(`  npm run perturb -- --replay '${name}/${replay}'`);
  }
  if (violations.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}; npm run perturb -- --help tells more`);
  process.exitCode = 2;
}
