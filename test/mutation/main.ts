// `npm run mutate -- <file...>`: changes each source file a little, again and again, and tells which changes no test notices.

import { setPriority } from 'node:os';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Compiler, openCompiler } from './compiler.ts';
import { Judge } from './judge.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { suiteOf } from './suite.ts';

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
const rounds = { quick: [50], thorough: [50, 10_000] };
/** How long tests may take on a mutant, as a multiple of what they take on the source as it is, and at least. */
const patience = { factor: 10, leastMs: 10_000 };
const { values, positionals } = parseArgs({
  options: { thorough: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const { thorough } = values;
const interruption = new AbortController();

/** Asks whether any test notices a mutant; those that cost least are asked first. */
async function examine(file: string, judge: Judge): Promise<(source: string) => Promise<boolean>> {
  const suite = suiteOf(root, file);
  const tasks: { readonly mostRuns: number; readonly limitMs: number }[] = [];
  for (const mostRuns of thorough ? rounds.thorough : rounds.quick) {
    const begun = performance.now();
    const failure = await judge.failureOf({ mutation: undefined, ...suite, mostRuns }, 600_000);
    if (failure !== undefined) throw new Error(`the tests fail on the source as it is: ${failure}`);
    const limitMs = Math.max(patience.leastMs, (performance.now() - begun) * patience.factor);
    tasks.push({ mostRuns, limitMs });
  }
  return async (source) => {
    for (const { mostRuns, limitMs } of tasks) {
      const task = { mutation: { file, source }, ...suite, mostRuns };
      if ((await judge.failureOf(task, limitMs)) !== undefined) return true;
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
