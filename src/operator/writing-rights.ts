// May a table be written to? Its mark says so, the spec, and our other PanFirewalls; the mark is read and put in its time.

import { mayWrite, type Standing, wasOurs } from '../core/ownership.ts';
import { type Stance, writes } from '../core/stance.ts';
import type { Table } from '../core/table.ts';
import type { Precedence } from '../core/table-claims.ts';
import type { Connection } from './device-port.ts';
import type { Marker } from './marker.ts';

export type WritingRightsOptions = {
  readonly marker: Marker;
  readonly table: Table;
  /** How far the spec lets the table be written; a message on its way is not touched when it changes. */
  readonly stance: () => Stance;
  /** May this table be written to, as far as our other PanFirewalls go? */
  readonly precedence: () => Precedence;
  /** Our mark stands on the table, as far as the last look or message tells; told each time. */
  readonly marked: () => void;
  /** Who else has marked the table is another matter now. */
  readonly standingChanged: () => void;
};

export class WritingRights {
  readonly #options: WritingRightsOptions;

  constructor(options: WritingRightsOptions) {
    this.#options = options;
  }

  get mayWrite(): boolean {
    return mayWrite(this.#options.marker.standing) && this.#isOurs();
  }

  /** Tells how the table stands, where that is new. @throws DeviceFailure */
  async readMarker(connection: Connection, signal: AbortSignal): Promise<Standing['kind'] | undefined> {
    const { marker } = this.#options;
    const before = marker.standing.kind;
    await marker.read(connection, signal);
    const { kind } = marker.standing;
    this.#noteMark();
    if (kind === before) return undefined;
    this.#changed();
    return kind;
  }

  /** True when there was a mark to put. @throws DeviceFailure */
  async putMarker(connection: Connection, signal: AbortSignal): Promise<boolean> {
    const { marker, table } = this.#options;
    if (!this.#isOurs() || !marker.wanted(() => table.hasUnclaimed)) return false;
    await marker.put(connection, signal);
    this.#noteMark();
    this.#changed();
    return true;
  }

  #noteMark(): void {
    const { marker, marked } = this.#options;
    if (wasOurs(marker.standing) && marker.standing.kind !== 'lost') marked();
  }

  #changed(): void {
    const { marker, table, standingChanged } = this.#options;
    table.setFirstContact(marker.standing.kind === 'firstContact');
    standingChanged();
  }

  /** As far as the spec and our other PanFirewalls go. */
  #isOurs(): boolean {
    const { stance, precedence } = this.#options;
    return writes(stance()) && precedence().kind === 'ours';
  }
}
