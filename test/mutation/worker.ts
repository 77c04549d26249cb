// Runs test files against mutants, one after the other, in one warm thread: nothing mutated is ever written to a disk.

import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/** One run of all tests. */
export type Task = {
  /** Absolute path of the mutated file, and its text; undefined: everything as it is. */
  readonly mutation: { readonly file: string; readonly source: string } | undefined;
  readonly tests: readonly TestFile[];
  /** All that the mutation reaches, the tests among it: loaded anew. The rest stays as it is, and warm. */
  readonly affected: ReadonlySet<string>;
};

/** An absolute path, and how often a law is run at most. */
export type TestFile = { readonly file: string; readonly mostRuns: number };

/** `failure`: the first test that failed. */
export type Verdict = { readonly failure: string | undefined };

type Test = { readonly name: string; readonly run: () => unknown };

const { root }: { readonly root: string } = workerData;
const rootUrl = pathToFileURL(`${root}/`).href;
const collected: Test[] = [];
let generation = 0;
let task: Task = { mutation: undefined, tests: [], affected: new Set() };
let mostRuns = 1;

/** Stands in for node:test: tests are run one by one here, until the first fails. */
const testModule = `export function test(name, run) { globalThis.mutationRun.collect(name, run); }`;
/** Stands in for fast-check: fewer runs, always the same ones, and no time spent on a smaller counterexample. */
const fastCheckModule = `export * from 'fast-check';
import * as fc from 'fast-check';
export function assert(property, options) {
  return fc.assert(property, globalThis.mutationRun.options(options));
}`;
const standIns: Readonly<Record<string, string>> = {
  'mutation:node:test': testModule,
  'mutation:fast-check': fastCheckModule,
};

Object.assign(globalThis, {
  mutationRun: {
    collect(name: string, run: () => unknown) {
      if (run.length > 0) throw new Error(`the test "${name}" wants a context, which there is none of here`);
      collected.push({ name, run });
    },
    options: (options: { readonly numRuns?: number } = {}) => ({
      ...options,
      numRuns: Math.min(options.numRuns ?? 100, mostRuns),
      seed: 1,
      endOnFailure: true,
    }),
  },
});

const stripped = new Map<string, string>();

registerHooks({
  resolve(specifier, context, next) {
    if (`mutation:${specifier}` in standIns && context.parentURL?.startsWith(rootUrl))
      return { url: `mutation:${specifier}`, format: 'module', shortCircuit: true };
    // The stand-in's own import of the real one.
    if (context.parentURL?.startsWith('mutation:'))
      return next(specifier, { ...context, parentURL: rootUrl });
    const found = next(specifier, context);
    if (!found.url.startsWith(rootUrl) || found.url.includes('/node_modules/')) return found;
    const [file = ''] = found.url.split('?');
    const age = task.affected.has(fileURLToPath(file)) ? generation : 0;
    return { ...found, url: `${file}?generation=${age}` };
  },
  load(url, context, next) {
    const standIn = standIns[url];
    if (standIn !== undefined) return { format: 'module', source: standIn, shortCircuit: true };
    if (!url.includes('?generation=')) return next(url, context);
    return { format: 'module', source: sourceOf(fileURLToPath(url)), shortCircuit: true };
  },
});

function sourceOf(file: string): string {
  if (file === task.mutation?.file) return stripTypeScriptTypes(task.mutation.source);
  const known = stripped.get(file) ?? stripTypeScriptTypes(readFileSync(file, 'utf8'));
  stripped.set(file, known);
  return known;
}

/** @returns name of the first test that failed */
async function firstFailure(): Promise<string | undefined> {
  generation++;
  for (const { file, ...test } of task.tests) {
    collected.length = 0;
    mostRuns = test.mostRuns;
    try {
      await import(`${pathToFileURL(file).href}?generation=${generation}`);
    } catch (error) {
      return `cannot be loaded: ${String(error)}`;
    }
    for (const { name, run } of collected) {
      try {
        await run();
      } catch {
        return name;
      }
    }
  }
  return undefined;
}

async function answer(message: Task): Promise<void> {
  task = message;
  const verdict: Verdict = { failure: await firstFailure() };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(verdict);
}

parentPort?.on('message', (message: Task) => void answer(message));
