// Decides whether a table may be written: joins its mark, the spec and our other PanFirewalls; reads and puts the mark.

import { mayWrite, type Ownership, wasOurs } from '../../core/rights/ownership.ts';
import { writes } from '../../core/rights/write-mode.ts';
import type { Connection } from '../device/device-port.ts';
import type { Marker } from './marker.ts';
import type { TableContext } from './table-context.ts';

export class WritingRights {
  readonly #context: TableContext;
  readonly #marker: Marker;
  /** How often somebody else was seen to keep the table. */
  #elsewhere = 0;
  /** The same when the last full read began that shows all of what came of it. */
  #shown = 0;

  constructor(context: TableContext, marker: Marker) {
    this.#context = context;
    this.#marker = marker;
  }

  get mayWrite(): boolean {
    return mayWrite(this.#marker.ownership) && this.#isOurs() && !this.isOutdated;
  }

  /** Somebody else kept the table, and may have written since it was read: what is known of it does not count. */
  get isOutdated(): boolean {
    return this.#shown < this.#elsewhere;
  }

  /** It is ours by now, and has to be read before it is written. */
  get mustRead(): boolean {
    return this.isOutdated && !this.#isElsewhere();
  }

  /** Who may write is perhaps another matter now. */
  tableClaimsChanged(): void {
    if (this.#isElsewhere()) this.#elsewhere += 1;
  }

  /** A full read begins; to be called back when it has ended well. */
  beginRead(): () => void {
    const shown = this.#isElsewhere() ? this.#shown : this.#elsewhere;
    return () => {
      this.#shown = Math.max(this.#shown, shown);
    };
  }

  /** Tells how the table stands, where that is new. @throws DeviceError */
  async readMarker(connection: Connection, signal: AbortSignal): Promise<Ownership['kind'] | undefined> {
    const before = this.#marker.ownership.kind;
    await this.#marker.read(connection, signal);
    const { kind } = this.#marker.ownership;
    this.tableClaimsChanged();
    this.#noteMark();
    return kind === before ? undefined : kind;
  }

  /**
   * True when there was a mark to put; how the table stands may be new then.
   * @param hasUnclaimed there are tags under our prefix that nobody claims, as the last reading shows.
   * @throws DeviceError
   */
  async putMarker(
    connection: Connection,
    hasUnclaimed: () => boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const marker = this.#marker;
    // Whether nobody's tags are there, a read tells. Who takes another's place says so before.
    if (this.isOutdated && marker.ownership.kind !== 'shutOut') return false;
    if (!this.#isOurs() || !marker.wanted(hasUnclaimed)) return false;
    await marker.put(connection, signal);
    this.#noteMark();
    return true;
  }

  #noteMark(): void {
    const { ownership } = this.#marker;
    if (wasOurs(ownership) && ownership.kind !== 'lost') this.#context.marked();
  }

  #isElsewhere(): boolean {
    return this.#marker.ownership.kind === 'shutOut' || this.#context.precedence.kind === 'taken';
  }

  /** As far as the spec and our other PanFirewalls go. */
  #isOurs(): boolean {
    const { writeMode, precedence } = this.#context;
    return writes(writeMode) && precedence.kind === 'ours';
  }
}
