// Examines one mutant: runs the tests that could notice it, the cheapest first.

import type { Judge } from './judge.ts';
import { suiteOf } from './suite.ts';
import type { Task, TestFile } from './worker.ts';

export type Examination = {
  readonly root: string;
  /** Absolute path of the source. */
  readonly file: string;
  readonly judge: Judge;
  /** What survives few runs of each law is tried again with all of them. */
  readonly thorough: boolean;
};

type Round = { readonly task: Omit<Task, 'mutation'>; readonly limitMs: number };

const allRuns = 10_000;
const fewRuns = 50;
/** Processor time for the tests of a mutant, ms, and as a multiple of what they take on the source as it is. */
const patience = { leastMs: 2_000, factor: 5 };
/** For a test file on the source as it is, ms. */
const longestMs = 120_000;

/** @returns a function that tells of a mutated source whether a test fails, or does not end. */
export async function examine(examination: Examination): Promise<(source: string) => Promise<boolean>> {
  const { file, judge, thorough } = examination;
  const rounds: Round[] = [];
  for (const mostRuns of thorough ? [fewRuns, allRuns] : [fewRuns])
    rounds.push(await roundOf(examination, mostRuns));
  return async (source) => {
    for (const { task, limitMs } of rounds) {
      const mutated = { ...task, mutation: { file, source } };
      if ((await judge.failureOf(mutated, limitMs)) !== undefined) return true;
    }
    return false;
  };
}

async function roundOf({ root, file, judge }: Examination, mostRuns: number): Promise<Round> {
  const { tests, affected } = suiteOf(root, file);
  const costOf = async (test: TestFile) => {
    const begun = performance.now();
    const failure = await judge.failureOf({ mutation: undefined, tests: [test], affected }, longestMs);
    return { test, failure, ms: performance.now() - begun };
  };
  const costs: Awaited<ReturnType<typeof costOf>>[] = [];
  for (const test of tests) {
    const few = await costOf({ file: test, mostRuns });
    // A law that also counts what it has seen needs all its runs.
    const cost = few.failure === undefined ? few : await costOf({ file: test, mostRuns: allRuns });
    if (cost.failure !== undefined) throw new Error(`${test} fails on the source as it is: ${cost.failure}`);
    costs.push(cost);
  }
  const quickestFirst = costs.sort((a, b) => a.ms - b.ms).map(({ test }) => test);
  const all = costs.reduce((sum, { ms }) => sum + ms, 0);
  return {
    task: { tests: quickestFirst, affected },
    limitMs: Math.max(patience.leastMs, all * patience.factor),
  };
}
