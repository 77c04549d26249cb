// The registered-ip tables of one device, and what a uid-message does to them, pair by pair.

import { canonicalAddress } from './address.ts';
import type { FailureReason, Settings } from './settings.ts';
import { RegisteredIpTable } from './table.ts';
import { isTag } from './tag-rules.ts';
import type { UidEntry, UidMessage, UidTag } from './uid-message.ts';

export type PairSection = 'unregister' | 'register';

/** What became of one (address, tag) pair of a message. */
export type PairOutcome = {
  readonly section: PairSection;
  /** As sent. */
  readonly ip: string;
  /** '' where the entry named no tag and the device found none. */
  readonly tag: string;
  readonly outcome:
    | 'registered'
    | 'refreshed'
    | 'already-exists'
    | 'unregistered'
    | 'unknown-tag'
    | 'unknown-address'
    | 'refused';
  /** The text of a refusal; only with 'refused'. */
  readonly text?: string;
};

/** An injected refusal: its text, or undefined to go on. */
export type Refusal = (vsys: string, section: PairSection, ip: string, tag: string) => string | undefined;

/** 30 days (facts 4.7). */
const maxTimeoutSeconds = 2_592_000;

type Registration = { ip: string; tag: UidTag; persistent: boolean | undefined };

export class RegisteredIps {
  readonly #tables: ReadonlyMap<string, RegisteredIpTable>;
  readonly #settings: () => Settings;
  readonly #refusal: Refusal;

  constructor(vsys: readonly string[], settings: () => Settings, refusal: Refusal) {
    this.#tables = new Map(vsys.map((name) => [name, new RegisteredIpTable()]));
    this.#settings = settings;
    this.#refusal = refusal;
  }

  /** Every table by its vsys, with what has run out at `now` gone. */
  tables(now: number): ReadonlyMap<string, RegisteredIpTable> {
    for (const table of this.#tables.values()) table.expire(now);
    return this.#tables;
  }

  /**
   * Applies a message: clear, then unregister, then register, whatever the order in the document (facts 4.2).
   * A pair that fails does not keep the others from being applied.
   */
  apply(message: UidMessage, vsys: string, now: number): PairOutcome[] {
    const table = this.tables(now).get(vsys);
    if (!table) throw new RangeError(`no vsys ${vsys}`);
    if (message.sections.includes('clear')) table.clear();
    const unregistered = message.unregister.flatMap((entry) => this.#unregister(table, vsys, entry));
    const registered = message.register.flatMap((entry) => this.#register(table, vsys, entry, now));
    return [...unregistered, ...registered];
  }

  #unregister(table: RegisteredIpTable, vsys: string, entry: UidEntry): PairOutcome[] {
    const ip = canonicalAddress(entry.ip);
    const row = table.get(ip ?? '');
    const tags = entry.tags?.map((tag) => tag.name) ?? (row ? [...row.tags.keys()] : ['']);
    return tags.map((tag): PairOutcome => {
      const pair = { section: 'unregister', ip: entry.ip, tag } as const;
      const text = this.#refusal(vsys, 'unregister', ip ?? entry.ip, tag);
      if (text !== undefined) return { ...pair, outcome: 'refused', text };
      if (ip === undefined) return this.#refused(pair, 'invalidAddress');
      if (!row) return { ...pair, outcome: 'unknown-address' };
      return { ...pair, outcome: table.unregister(ip, tag) ? 'unregistered' : 'unknown-tag' };
    });
  }

  #register(table: RegisteredIpTable, vsys: string, entry: UidEntry, now: number): PairOutcome[] {
    if (!entry.tags) {
      return [this.#refused({ section: 'register', ip: entry.ip, tag: '' }, 'missingTag')];
    }
    const ip = canonicalAddress(entry.ip);
    return entry.tags.map((tag): PairOutcome => {
      const pair = { section: 'register', ip: entry.ip, tag: tag.name } as const;
      const text = this.#refusal(vsys, 'register', ip ?? entry.ip, tag.name);
      if (text !== undefined) return { ...pair, outcome: 'refused', text };
      if (ip === undefined) return this.#refused(pair, 'invalidAddress');
      const failure = this.#failure(table, ip, tag);
      if (failure) return this.#refused(pair, failure);
      return { ...pair, outcome: this.#set(table, { ip, tag, persistent: entry.persistent }, now) };
    });
  }

  #failure(table: RegisteredIpTable, ip: string, tag: UidTag): FailureReason | undefined {
    const { limits } = this.#settings();
    if (!/^\d{1,7}$/.test(tag.timeout ?? '0') || Number(tag.timeout ?? '0') > maxTimeoutSeconds) {
      return 'invalidTimeout';
    }
    if (!isTag(tag.name, limits.tagLength)) return 'invalidTag';
    const row = table.get(ip);
    if (!row) return this.#addresses() < limits.registeredAddresses ? undefined : 'addressLimit';
    return row.tags.has(tag.name) || row.tags.size < limits.tagsPerAddress ? undefined : 'tagLimit';
  }

  #set(table: RegisteredIpTable, { ip, tag, persistent }: Registration, now: number): PairOutcome['outcome'] {
    const known = table.get(ip)?.tags.has(tag.name) === true;
    if (known && !this.#settings().reRegisterRefreshes) return 'already-exists';
    const seconds = Number(tag.timeout ?? '0');
    table.register(ip, tag.name, seconds === 0 ? Infinity : now + seconds * 1000, { persistent });
    return known ? 'refreshed' : 'registered';
  }

  #addresses(): number {
    let sum = 0;
    for (const table of this.#tables.values()) sum += table.size;
    return sum;
  }

  #refused(pair: Pick<PairOutcome, 'section' | 'ip' | 'tag'>, reason: FailureReason): PairOutcome {
    const { failureTexts, limits } = this.#settings();
    const limit = reason === 'addressLimit' ? limits.registeredAddresses : limits.tagsPerAddress;
    const values: Record<string, string> = { ip: pair.ip, tag: pair.tag, limit: String(limit) };
    const text = failureTexts[reason].replace(/\{(ip|tag|limit)\}/g, (_, name: string) => values[name] ?? '');
    return { ...pair, outcome: 'refused', text };
  }
}
