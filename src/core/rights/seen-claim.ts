// Derives what a PanFirewall claims from its object and status, which every replica sees.

import { type TableClaim, deviceIdentity, placeAt } from './table-claims.ts';
import type { TableRef } from '../model/table-ref.ts';

export type SeenFirewall = Pick<TableClaim, 'firewall' | 'uid' | 'createdAt' | 'tagPrefix'> & {
  readonly endpoint: string;
  /** spec.tables. */
  readonly entries: readonly (TableRef & { readonly deviceGroup?: string | undefined })[];
  /** undefined: no leader has written one. */
  readonly status: SeenStatus | undefined;
};

type SeenStatus = {
  /** status.device.serial; undefined: no leader has met the device. */
  readonly serial: string | undefined;
  /** All but those that departed. */
  readonly tables: readonly { readonly ref: TableRef }[];
  /** establishedOn of each table that has one. */
  readonly established: readonly { readonly ref: TableRef; readonly identity: string }[];
};

/** Tables that the spec names and tables that the status shows count alike: whichever is older, either may be written to. */
export function seenClaim({ entries, status, ...own }: SeenFirewall): TableClaim {
  const { endpoint } = own;
  const listed = entries.filter(({ deviceGroup }) => deviceGroup === undefined);
  const shown = status?.tables.map(({ ref }) => ref) ?? [];
  const established = new Set(status?.established.map(({ ref, identity }) => placeAt(identity, ref)));
  const { serial } = status ?? {};
  return {
    ...own,
    device: serial === undefined ? 'asking' : { identity: deviceIdentity({ serial, endpoint }) },
    tables: [...listed, ...shown].map(({ serial, vsys }) => ({ serial, vsys })),
    open: listed.length < entries.length && shown.length === 0,
    established,
    told: established,
    seen: true,
  };
}
