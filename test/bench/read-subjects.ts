// One way to read a large table, several times in a process of its own. Arguments: which way, how many times; its
// standard input is a PageAccess as JSON.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { bareTransfer } from './bare-transfer.ts';
import type { PageAccess } from './page-server.ts';
import { readAsOperator } from './read-as-operator.ts';
import {
  checkedParser,
  fastXmlParser,
  ownReader,
  type Read,
  type ReadParts,
  readTexts,
} from './read-texts.ts';

export type ReadSubject =
  | 'bare transfer'
  | 'operator'
  | 'own reader alone'
  | 'fast-xml-parser alone'
  | 'fast-xml-parser, checked, alone'
  | 'idle';

/** One read. `stallMs`: the longest time that the event loop did not come round; 1 in an idle process. */
export type Reading = {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly stallMs: number;
  /** Entries that came out, or bytes where nobody looks at them. */
  readonly result: number;
};

/**
 * takeUp: what the operator does with what it read, in one go. longestMs: of a reader alone, its slowest page. peakMiB:
 * resident memory of the process, at most so far.
 */
export type Readings = {
  readonly read: Reading;
  readonly takeUp?: Reading;
  readonly longestMs?: number;
  readonly peakMiB: number;
};

/** Between two reads, so that the garbage of one is not the matter of the next. */
const restMs = 300;

async function measure(read: Read): Promise<Reading> {
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  // It counts from one turn of the loop to the next: the first must have been, and the last must come.
  await sleep(5);
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  const result = await read();
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  await sleep(5);
  loop.disable();
  return { seconds, cpuSeconds: (user + system) / 1e6, stallMs: loop.max / 1e6, result };
}

const subjects: Readonly<
  Record<Exclude<ReadSubject, 'idle'>, (access: PageAccess) => ReadParts | Promise<ReadParts>>
> = {
  'bare transfer': (access) => {
    const { read, close } = bareTransfer(access);
    return { read: () => read(), close };
  },
  operator: readAsOperator,
  'own reader alone': (access) => readTexts(access, ownReader),
  'fast-xml-parser alone': (access) => readTexts(access, fastXmlParser),
  'fast-xml-parser, checked, alone': (access) => readTexts(access, checkedParser),
};

/** Until SIGTERM; then its longest stall. */
async function idle(): Promise<void> {
  const stopped = Promise.withResolvers<void>();
  process.once('SIGTERM', stopped.resolve);
  const keepAlive = setInterval(() => {}, 1000);
  console.log(JSON.stringify({ idling: true }));
  const reading = await measure(async () => {
    await stopped.promise;
    return 0;
  });
  clearInterval(keepAlive);
  console.log(JSON.stringify({ idle: reading }));
}

async function main(name: string, times: number): Promise<void> {
  if (name === 'idle') return idle();
  const access = JSON.parse(readFileSync(0, 'utf8')) as PageAccess;
  const subject = await subjects[name as Exclude<ReadSubject, 'idle'>](access);
  const readings: Readings[] = [];
  for (let n = 0; n < times; n += 1) {
    await sleep(restMs);
    const read = await measure(subject.read);
    const longestMs = subject.longestMs?.();
    await sleep(restMs);
    const takeUp = subject.takeUp && (await measure(subject.takeUp));
    const peakMiB = process.resourceUsage().maxRSS / 1024;
    readings.push({ read, peakMiB, ...(takeUp && { takeUp }), ...(longestMs && { longestMs }) });
  }
  await subject.close?.();
  console.log(JSON.stringify({ readings }));
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2] ?? '', Number(process.argv[3]));
