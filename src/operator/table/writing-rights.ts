// Decides whether a table may be written: joins its mark, the spec and our other PanFirewalls; reads and puts the mark.

import { mayWrite, type Standing, wasOurs } from '../../core/rights/ownership.ts';
import { writes } from '../../core/rights/stance.ts';
import type { Table } from '../../core/table/table.ts';
import type { Connection } from '../device/device-port.ts';
import type { Marker } from './marker.ts';
import type { TableContext } from './table-context.ts';

type WritingRightsOptions = {
  readonly context: TableContext;
  readonly marker: Marker;
  readonly table: Table;
  /** Who else has marked the table is another matter now. */
  readonly standingChanged: () => void;
};

export class WritingRights {
  readonly #options: WritingRightsOptions;
  /** How often somebody else was seen to keep the table. */
  #elsewhere = 0;
  /** The same when the last full read began that shows all of what came of it. */
  #shown = 0;

  constructor(options: WritingRightsOptions) {
    this.#options = options;
  }

  get mayWrite(): boolean {
    return mayWrite(this.#options.marker.standing) && this.#isOurs() && !this.isOutdated;
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
  claimsChanged(): void {
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
  async readMarker(connection: Connection, signal: AbortSignal): Promise<Standing['kind'] | undefined> {
    const { marker } = this.#options;
    const before = marker.standing.kind;
    await marker.read(connection, signal);
    const { kind } = marker.standing;
    this.claimsChanged();
    this.#noteMark();
    if (kind === before) return undefined;
    this.#changed();
    return kind;
  }

  /** True when there was a mark to put. @throws DeviceError */
  async putMarker(connection: Connection, signal: AbortSignal): Promise<boolean> {
    const { marker, table } = this.#options;
    // Whether nobody's tags are there, a read tells. Who takes another's place says so before.
    if (this.isOutdated && marker.standing.kind !== 'shutOut') return false;
    if (!this.#isOurs() || !marker.wanted(() => table.hasUnclaimed)) return false;
    await marker.put(connection, signal);
    this.#noteMark();
    this.#changed();
    return true;
  }

  #noteMark(): void {
    const { marker, context } = this.#options;
    if (wasOurs(marker.standing) && marker.standing.kind !== 'lost') context.marked();
  }

  #changed(): void {
    const { marker, table, standingChanged } = this.#options;
    table.setFirstContact(marker.standing.kind === 'firstContact');
    standingChanged();
  }

  #isElsewhere(): boolean {
    const { marker, context } = this.#options;
    return marker.standing.kind === 'shutOut' || context.precedence.kind === 'taken';
  }

  /** As far as the spec and our other PanFirewalls go. */
  #isOurs(): boolean {
    const { stance, precedence } = this.#options.context;
    return writes(stance) && precedence.kind === 'ours';
  }
}
