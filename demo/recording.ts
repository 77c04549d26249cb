// A scripted round as JSON, so that a picture can be drawn of it without playing it again.

import * as z from 'zod';
import type { Table } from './frame.ts';
import type { Played } from './played.ts';

const table = z.record(z.string(), z.array(z.string()));
const statuses = z.strictObject({ columns: z.array(z.string()), rows: z.array(z.array(z.string())) });
const recordedStep = z.strictObject({
  title: z.string(),
  before: table,
  after: table,
  statuses,
  /** Whole milliseconds; null: there was nothing to change. */
  ms: z.number().nullable(),
});

type RecordedStep = z.output<typeof recordedStep>;

/** Of a step that ended well. */
export function recorded({ title, picture: { before, after, statuses }, ms }: Played): RecordedStep {
  const rows = statuses.rows.map((row) => [...row]);
  return {
    title,
    before: plainTable(before),
    after: plainTable(after),
    statuses: { columns: [...statuses.columns], rows },
    ms: ms === undefined ? null : Math.ceil(ms),
  };
}

function plainTable(entries: Table): RecordedStep['before'] {
  return Object.fromEntries([...entries].map(([address, tags]) => [address, [...tags]]));
}

/** @throws ZodError, SyntaxError */
export function readRecording(text: string): Played[] {
  return z
    .array(recordedStep)
    .parse(JSON.parse(text))
    .map(({ title, before, after, statuses, ms }, i) => ({
      number: i + 1,
      title,
      picture: {
        before: new Map(Object.entries(before)),
        after: new Map(Object.entries(after)),
        statuses,
        agreed: true,
      },
      ms: ms ?? undefined,
      problems: [],
    }));
}
