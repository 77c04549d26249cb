// `bench read`: what reading a large registered-ip table costs, beside the bare transfer and a general parser.
import { fileURLToPath } from 'node:url';
import { type Bench, type BenchContext, readArguments, readCount } from './bench.ts';
import type { PageAccess } from './page-server.ts';
import { startNode } from './program.ts';
import { reportRead, type SubjectReadings } from './read-report.ts';
import type { Reading, Readings, ReadSubject } from './read-subjects.ts';

export const read: Bench = {
  name: 'read',
  measures:
    'time, CPU and event-loop stalls of a full read: the operator beside the bare transfer and fast-xml-parser',
  takes: 'about 1 minute',
  usage: [
    '--entries 100000   of the table, 500 a page',
    '--rounds 3         each round runs all, in another order, each in a process of its own',
    '--reads 4          of each process; the first one is told apart, because its code is cold',
  ],
  run: (context) => runRead(context),
};

const subjects = [
  'bare transfer',
  'operator',
  'own reader alone',
  'fast-xml-parser alone',
  'fast-xml-parser, checked, alone',
] as const;
const startLimitMs = 60_000;
const readLimitMs = 300_000;

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function runRead({ args, progress, print, signal }: BenchContext): Promise<boolean> {
  const given = readArguments(args, { entries: '100000', rounds: '3', reads: '4' });
  const entries = readCount('entries', given.entries);
  const rounds = readCount('rounds', given.rounds);
  const reads = readCount('reads', given.reads);
  await using server = await startNode(fileOf('page-server.ts'), { args: [String(entries)], signal });
  const access = await server.field<PageAccess>('pages', startLimitMs);
  const all = new Map<ReadSubject, SubjectReadings[]>(subjects.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const first = round % subjects.length;
    for (const name of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const readings = await readInProcess(name, { access, reads, signal });
      const best = Math.min(...readings.readings.map(({ read: { seconds } }) => seconds));
      progress(`round ${round + 1}: ${name}: ${best.toFixed(3)} s at best`);
      all.get(name)?.push(readings);
    }
  }
  return reportRead(entries, all, print);
}

type Task = { readonly access: PageAccess; readonly reads: number; readonly signal: AbortSignal };

/** Beside it runs an idle process, whose longest stall is the machine's own doing. */
async function readInProcess(name: ReadSubject, { access, reads, signal }: Task): Promise<SubjectReadings> {
  const file = fileOf('read-subjects.ts');
  await using idle = await startNode(file, { args: ['idle'], signal });
  await idle.field('idling', startLimitMs);
  await using subject = await startNode(file, { args: [name, String(reads)], input: access, signal });
  const readings = await subject.field<readonly Readings[]>('readings', readLimitMs);
  await idle.stop();
  const { stallMs } = await idle.field<Reading>('idle', startLimitMs);
  return { readings, idleStallMs: stallMs };
}
