// `npm run mutate -- <file...>`: changes each source file a little, again and again, and tells which changes no test notices.

import { setPriority } from 'node:os';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Compiler, openCompiler } from './compiler.ts';
import { Judge } from './judge.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { suiteOf } from './suite.ts';
import type { Task } from './worker.ts';

type Score = {
  readonly name: string;
  readonly seconds: number;
  readonly killed: number;
  /** The compiler does not take them: no test needs to. */
  readonly refused: number;
  readonly survivors: readonly Mutant[];
};

const root = resolve(import.meta.dirname, '../..');
/** Runs of a law at most: few at first, and, with --thorough, as many as the tests ask for where a mutant survives. */
const runs = { quick: [50], thorough: [50, 10_000] };
/** Processor time for the tests of a mutant, ms, and as a multiple of what they take on the source as it is. */
const patience = { leastMs: 2_000, factor: 5 };
/** For the source as it is, ms. */
const longestMs = 120_000;
const { values, positionals } = parseArgs({
  options: { thorough: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const { thorough } = values;
const interruption = new AbortController();

type Round = { readonly task: Omit<Task, 'mutation'>; readonly limitMs: number };

/** The quickest test files come first: most mutants get no further. */
async function roundOf(file: string, mostRuns: number, judge: Judge): Promise<Round> {
  const { tests, affected } = suiteOf(root, file);
  const costs = new Map<string, number>();
  for (const test of tests) {
    const begun = performance.now();
    const task = { mutation: undefined, tests: [test], affected, mostRuns };
    const failure = await judge.failureOf(task, longestMs);
    if (failure !== undefined) throw new Error(`${test} fails on the source as it is: ${failure}`);
    costs.set(test, performance.now() - begun);
  }
  const quickestFirst = [...costs].sort(([, a], [, b]) => a - b).map(([test]) => test);
  const all = costs.values().reduce((sum, ms) => sum + ms, 0);
  return {
    task: { tests: quickestFirst, affected, mostRuns },
    limitMs: Math.max(patience.leastMs, all * patience.factor),
  };
}

/** Asks whether any test notices a mutant. */
async function examine(file: string, judge: Judge): Promise<(source: string) => Promise<boolean>> {
  const rounds: Round[] = [];
  for (const mostRuns of thorough ? runs.thorough : runs.quick)
    rounds.push(await roundOf(file, mostRuns, judge));
  return async (source) => {
    for (const { task, limitMs } of rounds) {
      if ((await judge.failureOf({ ...task, mutation: { file, source } }, limitMs)) !== undefined)
        return true;
    }
    return false;
  };
}

async function scoreOf(file: string, compiler: Compiler, judge: Judge): Promise<Score> {
  const name = relative(root, file);
  const begun = performance.now();
  const isNoticed = await examine(file, judge);
  const mutants = mutantsOf(compiler.parse(file));
  const survivors: Mutant[] = [];
  let killed = 0;
  let refused = 0;
  for (const [i, mutant] of mutants.entries()) {
    if (interruption.signal.aborted) break;
    if (i % 50 === 0) console.error(`${name}: ${i} of ${mutants.length}, ${survivors.length} survive`);
    if (!compiler.accepts(file, mutant.source)) refused++;
    else if (await isNoticed(mutant.source)) killed++;
    else survivors.push(mutant);
  }
  return { name, seconds: (performance.now() - begun) / 1000, killed, refused, survivors };
}

function print({ name, seconds, killed, refused, survivors }: Score): void {
  const judged = killed + survivors.length;
  const percent = ((100 * killed) / Math.max(1, judged)).toFixed(1);
  const figures = `${killed} of ${judged} killed, ${refused} do not compile, ${seconds.toFixed(0)} s`;
  console.log(`${name}: ${percent} % (${figures})`);
  for (const { line, original, replacement } of survivors) {
    console.log(`  ${name}:${line}  ${inOneLine(original)}  ->  ${inOneLine(replacement)}`);
  }
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

async function main(files: readonly string[]): Promise<void> {
  const judge = new Judge(root);
  const compiler = openCompiler(root);
  try {
    for (const file of files) {
      if (interruption.signal.aborted) break;
      print(await scoreOf(resolve(file), compiler, judge));
    }
  } finally {
    await judge.close();
    compiler.close();
  }
}

process.once('SIGINT', () => interruption.abort());
// Nobody waits for the result as one waits for tests.
setPriority(19);
await main(positionals);
