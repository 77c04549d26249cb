// Reads and changes one table past the XML API, as another writer would.

import * as z from 'zod';
import { canonicalAddress } from '../device/address.ts';
import type { RegisteredIpTable, Row } from '../device/table.ts';

const address = z.string().transform((text, context) => {
  const ip = canonicalAddress(text);
  if (ip === undefined) context.addIssue({ code: 'custom', message: `${text} is not an address` });
  return ip ?? '';
});

/** Any text that XML can carry: another writer is not bound to our rules. */
const tag = z.string().regex(/^[^\p{Cc}\p{Cs}\ufffe\uffff]+$/u);

const plantSchema = z.strictObject({
  vsys: z.string().optional(),
  remove: z
    .array(z.strictObject({ ip: address, tags: z.array(tag).min(1).optional() }))
    .default([])
    .describe('without tags: the whole address'),
  add: z
    .array(
      z.strictObject({
        ip: address,
        tags: z.array(tag).min(1),
        fromAgent: z.boolean().optional(),
        persistent: z.boolean().optional(),
        unescaped: z.boolean().optional().describe('reads show its tags without escapes'),
        timeoutSeconds: z.int().min(1).optional(),
      }),
    )
    .default([]),
});

/** A change to a table by another writer: it passes the limits and the rules for tags. */
export type Planting = z.input<typeof plantSchema>;

export type TableEntry = {
  readonly tags: readonly string[];
  readonly fromAgent: boolean;
  readonly persistent: boolean;
  /** Of the tags that run out: how many seconds are left. */
  readonly expiresIn?: Readonly<Record<string, number>>;
};

/** vsys -> canonical address -> entry. */
export type Tables = Readonly<Record<string, Readonly<Record<string, TableEntry>>>>;

const entryOf = (row: Row, now: number): TableEntry => {
  const leases = [...row.tags].filter(([, deadline]) => deadline !== Infinity);
  const left = leases.map(([name, deadline]): [string, number] => [name, (deadline - now) / 1000]);
  const { fromAgent, persistent } = row;
  const entry = { tags: [...row.tags.keys()], fromAgent, persistent };
  return left.length === 0 ? entry : { ...entry, expiresIn: Object.fromEntries(left) };
};

/** A table's entries as they are at `now` (ms since the epoch). */
export const entriesOf = (table: RegisteredIpTable, now: number): Readonly<Record<string, TableEntry>> =>
  Object.fromEntries(table.rows().map((row) => [row.ip, entryOf(row, now)]));

/** Removes and adds entries, removals first. Throws ZodError or RangeError. */
export const plantInto = (
  tables: ReadonlyMap<string, RegisteredIpTable>,
  planting: Planting,
  now: number,
): void => {
  const { vsys, remove, add } = plantSchema.parse(planting);
  const table = tables.get(vsys ?? [...tables.keys()][0] ?? '');
  if (!table) throw new RangeError(`no vsys ${vsys}`);
  for (const { ip, tags } of remove) {
    for (const name of tags ?? [...(table.get(ip)?.tags.keys() ?? [])]) table.unregister(ip, name);
  }
  for (const { ip, tags, timeoutSeconds, ...flags } of add) {
    const deadline = timeoutSeconds === undefined ? Infinity : now + timeoutSeconds * 1000;
    for (const name of tags) table.register(ip, name, deadline, flags);
  }
};
