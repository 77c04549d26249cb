// The set `mutants`: each broken operator is given to the set that must catch it, in a process of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Frame, Outcome, Violated } from '../perturbation.ts';
import { type Mutant, mutants } from './mutants.ts';

const program = join(import.meta.dirname, '../main.ts');
const run = promisify(execFile);
/** For one mutant. */
const longestMinutes = 5;

export async function judgeMutants(frame: Frame): Promise<Outcome> {
  const tried: string[] = [];
  const violations: Violated[] = [];
  let isWhole = true;
  for (const mutant of mutants) {
    const { name, set } = mutant;
    if (frame.only.length > 0 && !frame.only.includes(name)) continue;
    if (frame.isOver()) {
      isWhole = false;
      break;
    }
    const told = await caughtBy(mutant);
    const line = `${name}: ${told === undefined ? `NOT CAUGHT by ${set}` : `caught by ${set}, ${told}`}`;
    frame.say(line);
    tried.push(line);
    if (told === undefined)
      violations.push({ invariant: 'every mutant is caught', message: name, replay: name });
  }
  return { tried, violations, isWhole };
}

/** What the set says of it; undefined: nothing. */
async function caughtBy({ name, set, only, replay }: Mutant): Promise<string | undefined> {
  const parts =
    replay === undefined
      ? [set, ...only.flatMap((part) => ['--only', part])]
      : ['--replay', `${set}/${replay}`];
  const limits = ['--minutes', String(longestMinutes), '--violations', '1', '--quiet'];
  const args = ['--disable-warning=ExperimentalWarning', program, ...parts, '--mutant', name, ...limits];
  try {
    await run(process.execPath, args, {
      timeout: (longestMinutes + 2) * 60_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return undefined;
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    const found = /^VIOLATION (.*)$/m.exec(stdout)?.[1];
    if (code === 1 && found !== undefined) return found;
    throw new Error(`the mutant "${name}" could not be judged: ${stderr.slice(-2000)}`, { cause: error });
  }
}
