// Prints what reading a large table cost each subject, and the ratios that the goals are about.
import { type Say, verdict } from './bench.ts';
import type { Reading, Readings, ReadSubject } from './read-subjects.ts';
import { median, minimum, table } from './statistics.ts';

/** Of one process; idleStallMs: of an idle one that ran beside it. */
export type SubjectReadings = { readonly readings: readonly Readings[]; readonly idleStallMs: number };

type All = ReadonlyMap<ReadSubject, readonly SubjectReadings[]>;

/** The goals. */
const mostOfTransfer = 1.5;
const mostStallMs = 50;

/** False where somebody read another number of entries. */
export function reportRead(entries: number, all: All, print: Say): boolean {
  const bytes = warm(all, 'bare transfer')[0]?.result ?? Number.NaN;
  print(`read: ${entries} entries, ${(bytes / 1e6).toFixed(1)} MB; seconds and CPU are minimum / median`);
  const rows = [...all.keys()].map((name) => {
    const reads = warm(all, name);
    const pair = (values: readonly number[]): string =>
      `${minimum(values).toFixed(3)} / ${median(values).toFixed(3)}`;
    const processes = (all.get(name) ?? []).map(({ readings }) => readings);
    // A reader alone reads in one go; what would stall a loop is a page.
    const stalls = processes.flat().map(({ read, longestMs }) => longestMs ?? read.stallMs);
    const peaks = processes.map((readings) => Math.max(...readings.map(({ peakMiB }) => peakMiB)));
    return [
      name,
      pair(cold(all, name)),
      pair(reads.map(({ seconds }) => seconds)),
      pair(reads.map(({ cpuSeconds }) => cpuSeconds)),
      Math.max(...stalls).toFixed(0),
      median(peaks).toFixed(0),
    ];
  });
  for (const line of table([['', 'first s', 's', 'CPU s', 'stall ms', 'peak MiB'], ...rows]))
    print(`read: ${line}`);
  print(`read: ${transferRatio(all)}`);
  print(`read: ${parserRatio(all)}`);
  for (const line of stallLines(all)) print(`read: ${line}`);
  const wrong = subjectsWith(all, (result, name) => name !== 'bare transfer' && result !== entries);
  if (wrong.length > 0) print(`read: NOT VALID: not all entries were read by ${wrong.join(', ')}`);
  return wrong.length === 0;
}

function transferRatio(all: All): string {
  const [ours, theirs] = [seconds(all, 'operator'), seconds(all, 'bare transfer')];
  const byMinimum = minimum(ours) / minimum(theirs);
  const byMedian = median(ours) / median(theirs);
  return (
    `ratio of time, operator to bare transfer: ${byMinimum.toFixed(2)} of minima, ${byMedian.toFixed(2)} of medians; ` +
    `goal at most ${mostOfTransfer}: ${verdict(byMinimum, mostOfTransfer)}`
  );
}

function parserRatio(all: All): string {
  const parser = minimum(seconds(all, 'fast-xml-parser alone'));
  const ratio = (name: ReadSubject) => (minimum(seconds(all, name)) / parser).toFixed(2);
  const checked = minimum(seconds(all, 'fast-xml-parser, checked, alone'));
  const ofOwn = (checked / minimum(seconds(all, 'own reader alone'))).toFixed(2);
  return `ratio of time to fast-xml-parser alone: operator, transfer included, ${ratio('operator')}; own reader alone ${ratio('own reader alone')}; with its shape checked to own reader alone ${ofOwn}`;
}

function stallLines(all: All): readonly string[] {
  const rounds = all.get('operator') ?? [];
  const beyond = (part: 'read' | 'takeUp'): number =>
    Math.max(
      ...rounds.map(
        ({ readings, idleStallMs }) =>
          Math.max(...readings.map((one) => one[part]?.stallMs ?? 0)) - idleStallMs,
      ),
    );
  const read = beyond('read');
  return [
    `longest stall while reading, above an idle process's own: ${read.toFixed(0)} ms; goal at most ${mostStallMs}: ${verdict(read, mostStallMs)}`,
    `longest stall when what was read is taken up, once a read: ${beyond('takeUp').toFixed(0)} ms above an idle process's own; no goal`,
  ];
}

/** All but the first read of each process. */
function warm(all: All, name: ReadSubject): readonly Reading[] {
  return (all.get(name) ?? []).flatMap(({ readings }) => {
    const later = readings.length > 1 ? readings.slice(1) : readings;
    return later.map(({ read }) => read);
  });
}

function cold(all: All, name: ReadSubject): readonly number[] {
  return (all.get(name) ?? []).flatMap(({ readings }) => readings[0]?.read.seconds ?? []);
}

function seconds(all: All, name: ReadSubject): readonly number[] {
  return warm(all, name).map((reading) => reading.seconds);
}

function subjectsWith(
  all: All,
  fits: (result: number, name: ReadSubject) => boolean,
): readonly ReadSubject[] {
  return [...all.keys()].filter((name) => warm(all, name).some(({ result }) => fits(result, name)));
}
