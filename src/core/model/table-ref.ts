// Identifies a registered-ip table of an endpoint: the serial behind a Panorama, if any, and the vsys.

export type TableRef = {
  /** Of a firewall that the endpoint, a Panorama, forwards to; undefined: the endpoint's own table. */
  readonly serial: string | undefined;
  /** vsys1, vsys2 ...; undefined: the one that the device takes without being told. */
  readonly vsys: string | undefined;
};

/** The table of an endpoint whose spec names none. */
export const ownTable: TableRef = { serial: undefined, vsys: undefined };

/** The one table of a device with a single virtual system is that of vsys1. */
export function vsysName({ vsys }: Partial<TableRef>): string {
  return vsys ?? 'vsys1';
}

/** Equal for two names of one table. */
export function tableKey(table: Partial<TableRef>): string {
  return `${table.serial ?? ''}/${vsysName(table)}`;
}

/** For messages: `vsys1`, `0070510000001`, `0070510000001 vsys2`. */
export function tableName(table: TableRef): string {
  const { serial, vsys } = table;
  if (serial === undefined) return vsysName(table);
  return vsys === undefined ? serial : `${serial} ${vsys}`;
}

/** What a log line, a status or a metric tells of the table: only what is given. */
export function tableFields({ serial, vsys }: Partial<TableRef>): {
  readonly serial?: string;
  readonly vsys?: string;
} {
  return { ...(serial === undefined ? {} : { serial }), ...(vsys === undefined ? {} : { vsys }) };
}

/** Neither a device nor a virtual system was named: there is nothing to tell it from. */
export function isUnnamed({ serial, vsys }: TableRef): boolean {
  return serial === undefined && vsys === undefined;
}

/** Every table once, by the first of its names. */
export function distinctTables<T extends TableRef>(tables: readonly T[]): readonly T[] {
  const byKey = new Map<string, T>();
  for (const table of tables) if (!byKey.has(tableKey(table))) byKey.set(tableKey(table), table);
  return [...byKey.values()];
}

/** Called the same; a table can have two names. */
export function sameName(a: TableRef, b: TableRef): boolean {
  return a.serial === b.serial && a.vsys === b.vsys;
}
