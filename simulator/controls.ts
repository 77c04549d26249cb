// Everything that a test or a human may do to the simulator from outside of its XML API.

import * as z from 'zod';
import { canonicalAddress } from './address.ts';
import type { Device } from './device.ts';
import type { FaultList, FaultSpec, InjectedFault } from './faults.ts';
import type { LogEntry, RequestLog } from './request-log.ts';
import { patchSettings, type Settings, type SettingsPatch } from './settings.ts';
import type { RegisteredIpTable, Row } from './table.ts';

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
        timeoutSeconds: z.int().min(1).optional(),
      }),
    )
    .default([]),
});

const rebootSchema = z.strictObject({
  downMs: z.number().min(0).default(0).describe('how long connections are reset'),
  deniedMs: z.number().min(0).default(0).describe('how long every login and key is denied, from now on'),
});

/** A change to a table by another writer: it passes the limits and the rules for tags. */
export type Planting = z.input<typeof plantSchema>;
export type Reboot = z.input<typeof rebootSchema>;

export type TableEntry = {
  readonly tags: readonly string[];
  readonly fromAgent: boolean;
  readonly persistent: boolean;
  /** Of the tags that run out: how many seconds are left. */
  readonly expiresIn?: Readonly<Record<string, number>>;
};

/** vsys -> canonical address -> entry. */
export type Tables = Readonly<Record<string, Readonly<Record<string, TableEntry>>>>;

export type ControlParts = {
  readonly device: Device;
  readonly faults: FaultList;
  readonly log: RequestLog;
  readonly initialSettings: Settings;
  readonly clock: () => number;
  /** Cuts every connection, and refuses new ones for some milliseconds. */
  interrupt(downMs: number): void;
};

const entryOf = (row: Row, now: number): TableEntry => {
  const leases = [...row.tags].filter(([, deadline]) => deadline !== Infinity);
  const left = leases.map(([name, deadline]): [string, number] => [name, (deadline - now) / 1000]);
  const { fromAgent, persistent } = row;
  const entry = { tags: [...row.tags.keys()], fromAgent, persistent };
  return left.length === 0 ? entry : { ...entry, expiresIn: Object.fromEntries(left) };
};

export class Controls {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  tables(): Tables {
    const now = this.#parts.clock();
    const entries = (table: RegisteredIpTable): Record<string, TableEntry> =>
      Object.fromEntries(table.rows().map((row) => [row.ip, entryOf(row, now)]));
    return Object.fromEntries(
      [...this.#parts.device.tables()].map(([vsys, table]) => [vsys, entries(table)]),
    );
  }

  /** The requests with a seq above `since`. */
  log(since = 0): readonly LogEntry[] {
    return this.#parts.log.since(since);
  }

  /** Removes and adds entries as another writer would, removals first. Throws ZodError or RangeError. */
  plant(planting: Planting): void {
    const { vsys, remove, add } = plantSchema.parse(planting);
    const tables = this.#parts.device.tables();
    const table = tables.get(vsys ?? [...tables.keys()][0] ?? '');
    if (!table) throw new RangeError(`no vsys ${vsys}`);
    for (const { ip, tags } of remove) {
      for (const name of tags ?? [...(table.get(ip)?.tags.keys() ?? [])]) table.unregister(ip, name);
    }
    const now = this.#parts.clock();
    for (const { ip, tags, timeoutSeconds, ...flags } of add) {
      const deadline = timeoutSeconds === undefined ? Infinity : now + timeoutSeconds * 1000;
      for (const name of tags) table.register(ip, name, deadline, flags);
    }
  }

  /** The fault's id. Throws ZodError. */
  inject(spec: FaultSpec): number {
    return this.#parts.faults.inject(spec);
  }

  faults(): readonly InjectedFault[] {
    return this.#parts.faults.list();
  }

  /** Clears one fault, or all; whether there was any. */
  clearFaults(id?: number): boolean {
    return this.#parts.faults.clear(id);
  }

  /** The settings, changed by `patch` first. Throws ZodError. */
  settings(patch: SettingsPatch = {}): Settings {
    const { device } = this.#parts;
    device.settings = patchSettings(device.settings, patch);
    return device.settings;
  }

  /** Loses what is not persistent, and all connections. Throws ZodError. */
  reboot(reboot: Reboot = {}): void {
    const { downMs, deniedMs } = rebootSchema.parse(reboot);
    this.#parts.device.reboot(deniedMs);
    this.#parts.interrupt(downMs);
  }

  /** Empties every table. */
  wipe(): void {
    for (const table of this.#parts.device.tables().values()) table.clear();
  }

  expireKeys(): void {
    this.#parts.device.access.credentials.expireKeys();
  }

  changePassword(password: string): void {
    this.#parts.device.access.credentials.changePassword(password);
  }

  /** As at the start: empty tables and log, no faults, the first settings, password and key. */
  reset(): void {
    const { device, faults, log, initialSettings } = this.#parts;
    this.wipe();
    faults.clear();
    log.clear();
    device.settings = initialSettings;
    device.access.credentials.reset();
  }
}
