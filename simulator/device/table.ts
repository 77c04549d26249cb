// One registered-ip table: the addresses of one vsys with their tags, in the order of their registration.

import { ExpirySchedule } from './expiry.ts';

export type Row = {
  /** Canonical text (address.ts). */
  readonly ip: string;
  /** Survives a reboot. Of the address, not of a tag (facts 4.9). */
  readonly persistent: boolean;
  /** Learned from a User-ID agent or by redistribution rather than registered on this device (facts 5.2). */
  readonly fromAgent: boolean;
  /** Reads show its tags as they are, without escapes. */
  readonly unescaped: boolean;
  /** Tag to its deadline in ms since the epoch; Infinity: never. */
  readonly tags: ReadonlyMap<string, number>;
};

type RowFlags = {
  readonly persistent?: boolean | undefined;
  readonly fromAgent?: boolean | undefined;
  readonly unescaped?: boolean | undefined;
};

type MutableRow = {
  ip: string;
  persistent: boolean;
  fromAgent: boolean;
  unescaped: boolean;
  tags: Map<string, number>;
};

type Listing = { readonly revision: number; readonly filter: string; readonly rows: readonly Row[] };

/** An address without tags is not in the table: its last tag takes it along. */
export class RegisteredIpTable {
  readonly #rows = new Map<string, MutableRow>();
  readonly #expiry = new ExpirySchedule();
  #revision = 0;
  #listing: Listing | undefined;

  /** Number of addresses. */
  get size(): number {
    return this.#rows.size;
  }

  get(ip: string): Row | undefined {
    return this.#rows.get(ip);
  }

  /** Sets a tag and its deadline, and the flags that are given; a new row is persistent and not from an agent. */
  register(ip: string, tag: string, deadline: number, flags: RowFlags = {}): void {
    let row = this.#rows.get(ip);
    if (!row) {
      row = { ip, persistent: true, fromAgent: false, unescaped: false, tags: new Map() };
      this.#rows.set(ip, row);
    }
    row.persistent = flags.persistent ?? row.persistent;
    row.fromAgent = flags.fromAgent ?? row.fromAgent;
    row.unescaped = flags.unescaped ?? row.unescaped;
    row.tags.set(tag, deadline);
    if (deadline !== Infinity) this.#expiry.add({ ip, tag }, deadline);
    this.#revision++;
  }

  /** Whether there was such a tag. */
  unregister(ip: string, tag: string): boolean {
    const row = this.#rows.get(ip);
    if (!row?.tags.delete(tag)) return false;
    if (row.tags.size === 0) this.#rows.delete(ip);
    this.#revision++;
    return true;
  }

  clear(): void {
    this.#rows.clear();
    this.#expiry.clear();
    this.#revision++;
  }

  /** Forgets what does not survive a reboot. Deadlines go on. */
  reboot(): void {
    for (const [ip, row] of this.#rows) if (!row.persistent) this.#rows.delete(ip);
    this.#revision++;
  }

  /** Unregisters what has run out at `now`. */
  expire(now: number): void {
    for (const { ip, tag } of this.#expiry.takeDue(now)) {
      const deadline = this.#rows.get(ip)?.tags.get(tag);
      if (deadline !== undefined && deadline <= now) this.unregister(ip, tag);
    }
  }

  /**
   * The rows that carry any of `tags`, or all of them. The same array until the table changes, so reading a big
   * table page by page costs one pass and a slice for each page.
   */
  rows(tags: readonly string[] = []): readonly Row[] {
    const filter = JSON.stringify(tags);
    if (this.#listing?.revision !== this.#revision || this.#listing.filter !== filter) {
      const all = [...this.#rows.values()];
      const rows = tags.length === 0 ? all : all.filter((row) => tags.some((tag) => row.tags.has(tag)));
      this.#listing = { revision: this.#revision, filter, rows };
    }
    return this.#listing.rows;
  }
}
