// `npm run mutate -- <file...>`: changes each source file a little, again and again, and tells which changes no test notices.

import { setPriority } from 'node:os';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Compiler, openCompiler } from './compiler.ts';
import { examine } from './examine.ts';
import { Judge } from './judge.ts';
import { type Mutant, mutantsOf } from './mutants.ts';

type Score = {
  readonly name: string;
  readonly seconds: number;
  readonly killed: number;
  /** The compiler does not take them: no test needs to. */
  readonly refused: number;
  readonly survivors: readonly Mutant[];
};

const root = resolve(import.meta.dirname, '../..');
const {
  values: { thorough },
  positionals,
} = parseArgs({ options: { thorough: { type: 'boolean', default: false } }, allowPositionals: true });
const interruption = new AbortController();

async function scoreOf(file: string, compiler: Compiler, judge: Judge): Promise<Score> {
  const name = relative(root, file);
  const begun = performance.now();
  const isNoticed = await examine({ root, file, judge, thorough });
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
if (positionals.length === 0)
  throw new Error('name the files: npm run mutate -- src/core/table/address-diff.ts');
await main(positionals);
