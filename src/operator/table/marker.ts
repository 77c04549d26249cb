// Ownership mark of one table: read periodically, written when the table is ours, swapped at an adoption.

import { DeviceError } from '../../core/model/device-error.ts';
import type { BatchItem } from '../../core/message/batch.ts';
import {
  markerAddress,
  markerTag,
  type Owner,
  type Ownership,
  sight,
  unknownOwnership,
} from '../../core/rights/ownership.ts';
import type { RefusedPair } from '../../core/message/refusals.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import { tagSet } from '../../core/model/tag-set.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Connection, RegisteredIp } from '../device/device-port.ts';

type MarkerOptions = {
  readonly self: Owner;
  readonly ref: TableRef;
  readonly intervalMs: () => number;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};

/** What became of the wish to take another owner's place. */
export type Adoption = 'done' | 'pending' | 'unknown owner';

export class Marker {
  readonly #options: MarkerOptions;
  #ownership = unknownOwnership;
  /** When it must be read again, monotonic ms. */
  #dueAt = 0;
  /** A device that confirms our mark and does not have it is not asked over and over. */
  #notBefore = 0;
  /** The owner whose place is to be taken. */
  #adopting: string | undefined;
  #adopted: string | undefined;
  /** The device refused our mark; tried again at the next reading. */
  #refusal: RefusedPair | undefined;

  constructor(options: MarkerOptions) {
    this.#options = options;
  }

  get ownership(): Ownership {
    return this.#ownership;
  }

  get dueAt(): number {
    return this.#dueAt;
  }

  /** How often the mark is read. */
  get intervalMs(): number {
    return this.#options.intervalMs();
  }

  get refusal(): RefusedPair | undefined {
    return this.#refusal;
  }

  /** The device is another one. */
  forget(): void {
    this.#ownership = unknownOwnership;
    this.#adopting = undefined;
    this.#notBefore = 0;
    this.#dueAt = 0;
    this.#refusal = undefined;
  }

  /** Reads the mark again before anything else is done. */
  readSoon(): void {
    this.#dueAt = 0;
  }

  adopt(id: string): Adoption {
    if (this.#ownership.rivals.some((rival) => rival.id === id)) {
      if (this.#adopting !== id) this.#notBefore = 0;
      this.#adopting = id;
      return 'pending';
    }
    return this.#adopted === id ? 'done' : 'unknown owner';
  }

  /** @throws DeviceError */
  async read(connection: Connection, signal: AbortSignal): Promise<void> {
    const { self, ref, intervalMs, log, now } = this.#options;
    const entry = await connection.call({ ask: 'readOne', table: ref, key: markerAddress }, signal);
    const before = this.#ownership;
    if (entry?.unreadable === true && before.kind === 'unknown') throw unreadableMark();
    this.#dueAt = now() + intervalMs();
    // Nothing is concluded of it: whose the table was, it is.
    if (entry?.unreadable === true) return;
    this.#refusal = undefined;
    this.#ownership = sight(before, entry === undefined ? [] : this.#ownWords(entry), self);
    const { kind, rivals } = this.#ownership;
    // Who has left and comes back is another matter, to be decided anew.
    if (!rivals.some(({ id }) => id === this.#adopting)) this.#adopting = undefined;
    if (kind === before.kind) return;
    const level = kind === 'contested' || kind === 'shutOut' || kind === 'lost' ? 'warn' : 'info';
    log[level]({ ownership: kind, before: before.kind, rivals }, 'table ownership changed');
  }

  /** Our mark is missing or another's is to be replaced, and it may be done now. */
  wanted(hasUnclaimed: () => boolean): boolean {
    const { kind, rivals } = this.#ownership;
    if (this.#options.now() < this.#notBefore) return false;
    if (rivals.some(({ id }) => id === this.#adopting)) return true;
    return kind === 'lost' || (kind === 'firstContact' && !hasUnclaimed());
  }

  /**
   * One message: ours goes in, and the mark of an owner whose place is taken goes out. What came of it is read back.
   * @throws DeviceError
   */
  async put(connection: Connection, signal: AbortSignal): Promise<void> {
    const { self, ref, intervalMs, log, now } = this.#options;
    const replaced = this.#ownership.rivals.filter(({ id }) => id === this.#adopting);
    const mark: BatchItem = {
      address: markerAddress,
      register: [markerTag(self)],
      unregister: tagSet(replaced.map(markerTag)),
      causes: new Map(),
      since: now(),
    };
    this.#dueAt = 0;
    const [refusal] = await connection
      .call({ ask: 'send', table: ref, batch: [mark] }, signal)
      .catch(asRefusal);
    this.#notBefore = now() + intervalMs();
    this.#refusal = refusal;
    if (refusal !== undefined) {
      this.#dueAt = this.#notBefore;
      return log.warn({ refused: refusal }, 'ownership mark refused by device');
    }
    this.#ownership = sight(this.#ownership, this.#marksAfter(replaced), self);
    if (replaced.length === 0) return log.info('ownership mark written');
    this.#adopted = this.#adopting;
    this.#adopting = undefined;
    log.warn({ adopted: this.#adopted }, 'ownership adopted');
  }

  /** What another device redistributes says nothing about who writes to this one, but may hide our own mark. */
  #ownWords({ fromAgent, tags }: RegisteredIp): readonly string[] {
    if (!fromAgent) return tags;
    const mine = markerTag(this.#options.self);
    const marked = this.#ownership.kind === 'owner' || this.#ownership.kind === 'contested';
    return marked ? tags.filter((tag) => tag === mine) : [];
  }

  #marksAfter(replaced: readonly Owner[]): string[] {
    const left = this.#ownership.rivals.filter((rival) => !replaced.includes(rival));
    return [markerTag(this.#options.self), ...left.map(markerTag)];
  }
}

function unreadableMark(): DeviceError {
  const message =
    `the entry of ${markerAddress}, where owners mark the table, cannot be read: rename the tag on it that the device does ` +
    'not escape, such as one with < or &';
  return new DeviceError('InvalidResponse', message, { retry: 'backoff', applied: 'no' });
}

/** The only message that is about the mark alone: refused as a whole, it is the mark that is refused. */
function asRefusal(error: unknown): readonly RefusedPair[] {
  if (!(error instanceof DeviceError) || error.reason !== 'RegistrationRejected') throw error;
  return [{ section: 'register', address: markerAddress, message: error.message }];
}
