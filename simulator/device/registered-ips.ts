// The registered-ip tables of one device, and what a uid-message does to them, pair by pair.

import { canonicalAddress, isAddressSet } from './address.ts';
import { fillText, type FailureReason } from '../failure-texts.ts';
import type { Features } from './features.ts';
import type { Settings } from '../settings.ts';
import { RegisteredIpTable } from './table.ts';
import { isTag } from './tag-rules.ts';
import type { UidEntry, UidMessage } from '../commands/uid-message.ts';
import { deadlineOf } from '../commands/uid-tags.ts';

type PairSection = 'unregister' | 'register';

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

type Registration = {
  readonly ip: string;
  readonly tag: string;
  readonly deadline: number;
  readonly persistent: boolean | undefined;
};

type RegisteredIpsOptions = {
  readonly vsys: readonly string[];
  readonly settings: () => Settings;
  readonly features: () => Features;
  readonly refusal: Refusal;
};

export class RegisteredIps {
  readonly #options: RegisteredIpsOptions;
  readonly #tables: ReadonlyMap<string, RegisteredIpTable>;

  constructor(options: RegisteredIpsOptions) {
    this.#options = options;
    this.#tables = new Map(options.vsys.map((name) => [name, new RegisteredIpTable()]));
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
    if (message.clear.includes('registered-ip')) table.clear();
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
      const text = this.#options.refusal(vsys, 'unregister', ip ?? entry.ip, tag);
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
    const ip = this.#registrable(entry.ip);
    return entry.tags.map((tag): PairOutcome => {
      const pair = { section: 'register', ip: entry.ip, tag: tag.name } as const;
      const text = this.#options.refusal(vsys, 'register', ip ?? entry.ip, tag.name);
      if (text !== undefined) return { ...pair, outcome: 'refused', text };
      if (ip === undefined) return this.#refused(pair, 'invalidAddress');
      const deadline = deadlineOf(tag, now);
      if (deadline === undefined) return this.#refused(pair, 'invalidTimeout');
      const failure = this.#failure(table, ip, tag.name);
      if (failure) return this.#refused(pair, failure);
      const registration = { ip, tag: tag.name, deadline, persistent: entry.persistent };
      return { ...pair, outcome: this.#set(table, registration) };
    });
  }

  /** The canonical text of an address that this release can register. */
  #registrable(text: string): string | undefined {
    const ip = canonicalAddress(text);
    return ip !== undefined && isAddressSet(ip) && !this.#options.features().addressSets ? undefined : ip;
  }

  #failure(table: RegisteredIpTable, ip: string, tag: string): FailureReason | undefined {
    const { limits } = this.#options.settings();
    if (!isTag(tag, limits.tagLength)) return 'invalidTag';
    const row = table.get(ip);
    if (!row) return this.#addresses() < limits.registeredAddresses ? undefined : 'addressLimit';
    return row.tags.has(tag) || row.tags.size < limits.tagsPerAddress ? undefined : 'tagLimit';
  }

  #set(table: RegisteredIpTable, { ip, tag, deadline, persistent }: Registration): PairOutcome['outcome'] {
    const known = table.get(ip)?.tags.has(tag) === true;
    if (known && !this.#options.settings().reRegisterRefreshes) return 'already-exists';
    table.register(ip, tag, deadline, { persistent });
    return known ? 'refreshed' : 'registered';
  }

  #addresses(): number {
    let sum = 0;
    for (const table of this.#tables.values()) sum += table.size;
    return sum;
  }

  #refused(pair: Pick<PairOutcome, 'section' | 'ip' | 'tag'>, reason: FailureReason): PairOutcome {
    const { failureTexts, limits } = this.#options.settings();
    const limit = reason === 'addressLimit' ? limits.registeredAddresses : limits.tagsPerAddress;
    const text = fillText(failureTexts[reason], { ip: pair.ip, tag: pair.tag, limit });
    return { ...pair, outcome: 'refused', text };
  }
}
