// Picks the writer when several PanFirewalls with overlapping prefixes reach one table: who kept it before, else the oldest.

import { overlaps } from './ownership.ts';
import { type TableRef, vsysName } from '../model/table-ref.ts';

export type TableClaim = {
  readonly firewall: string;
  readonly uid: string;
  /** metadata.creationTimestamp, RFC 3339. */
  readonly createdAt: string;
  readonly tagPrefix: string;
  /** spec.endpoint, to be named where two endpoints say that they are one device. */
  readonly endpoint?: string;
  /**
   * What tells the endpoint's own device from all others, as a serial does: one table may be reached both ways, by
   * the endpoint of its device and through a Panorama. 'asking' before it was asked, 'unknown' when it gave no answer.
   */
  readonly device: { readonly identity: string } | 'asking' | 'unknown';
  readonly tables: readonly TableRef[];
  /** Device groups have not been looked up yet: any table may turn out to be one of them. */
  readonly open?: boolean;
  /**
   * Where its status says that it has kept the table: see placeOf. A device can say any serial; who has kept the
   * table of that serial is not silenced by it.
   */
  readonly established?: ReadonlySet<string>;
  /** Those of `established` that were kept by another endpoint than this one: while its device is unknown they do not count. */
  readonly moved?: ReadonlySet<string>;
  /** Those of `established` that its status told when this process last saw it: every replica sees them. */
  readonly told?: ReadonlySet<string>;
  /** Known by its object and status alone, as another process leads it, or none does: that one may be ahead of its status. */
  readonly seen?: true;
};

/** Another PanFirewall's endpoint and ours both say, or said when they last answered, that they have the table of this device. */
export type Contradiction = {
  readonly identity: string;
  readonly endpoint: string;
  readonly other: { readonly firewall: string; readonly endpoint: string };
};

/** May this PanFirewall write to its table? */
export type Precedence =
  | { readonly kind: 'ours'; readonly contradiction?: Contradiction }
  /**
   * It is not known yet whose it is: which device we have, or one that another PanFirewall, which comes first, has.
   * `untold`: it would be ours once the status tells that we keep it, for those to see who lead other PanFirewalls.
   */
  | { readonly kind: 'wait'; readonly untold?: true }
  | {
      readonly kind: 'taken';
      readonly by: string;
      /** It is younger, and kept the table before. */
      readonly byYounger?: true;
      /** It kept the table before, and its device gives no answer: what its endpoint leads to by now is not known. */
      readonly unanswered?: true;
      readonly contradiction?: Contradiction;
    };

/**
 * A function of the claims, whatever their order: replicas that see the same objects decide alike. Against a PanFirewall
 * that is led elsewhere, who writes has told so in its status before, and has seen the other one's tell nothing of the
 * kind: of two that tell it one after the other the second sees the first, and while both tell it neither writes.
 */
export function precedence(claims: Iterable<TableClaim>, mine: TableClaim, table: TableRef): Precedence {
  const place = placeOf(mine, table);
  if (place === undefined) return { kind: 'wait' };
  const competing = competingClaims(claims, mine);
  const found = Map.groupBy(competing, (claim) => bearingOf(claim, mine, place));
  const [first] = (found.get('first') ?? []).sort((a, b) => (comesFirst(a, b, place) ? -1 : 1));
  if (first !== undefined)
    return {
      kind: 'taken',
      by: first.firewall,
      ...(isElder(first, mine) ? {} : { byYounger: true }),
      ...(isAwaited(first, place) ? { unanswered: true } : {}),
      ...contradictionWith([first], mine, place),
    };
  if (found.has('unclear')) return { kind: 'wait' };
  if (competing.some(({ seen }) => seen) && mine.told?.has(place) !== true)
    return { kind: 'wait', untold: true };
  return { kind: 'ours', ...contradictionWith(found.get('second') ?? [], mine, place) };
}

/** Of a competing PanFirewall: it has the table and comes first, or second; it is unclear whether it has it, or still writes to it. */
function bearingOf(
  claim: TableClaim,
  mine: TableClaim,
  place: string,
): 'first' | 'second' | 'unclear' | 'none' {
  const isFirst = comesFirst(claim, mine, place);
  const places = claim.tables.map((table) => placeOf(claim, table));
  if (claim.seen === true && isEstablished(claim, place)) return isFirst ? 'first' : 'unclear';
  if (places.includes(place)) return isFirst ? 'first' : 'second';
  if (!isFirst) return 'none';
  if (isAwaited(claim, place)) return 'first';
  const mayHaveIt = claim.open === true || (claim.device === 'asking' && places.includes(undefined));
  return mayHaveIt ? 'unclear' : 'none';
}

/**
 * Whether a PanFirewall that writes to the table may be noted as the one that keeps it. While another one is noted,
 * it may not: who writes only because that one's new endpoint gives no answer would keep it out afterwards.
 */
export function mayBeEstablished(claims: readonly TableClaim[], mine: TableClaim, table: TableRef): boolean {
  const place = placeOf(mine, table);
  if (place === undefined) return false;
  const found = precedence(claims, mine, table);
  if (found.kind === 'taken' || (found.kind === 'wait' && found.untold !== true)) return false;
  return !competingClaims(claims, mine).some((claim) => isEstablished(claim, place));
}

/** Equal wherever the same table is meant, whichever way it is reached; undefined while its device is not known. */
function placeOf({ device }: Pick<TableClaim, 'device'>, table: TableRef): string | undefined {
  const identity = identityAt(device, table);
  return identity === undefined ? undefined : placeAt(identity, table);
}

/** @param identity of the device, as in TableClaim. */
export function placeAt(identity: string, table: TableRef): string {
  return `${identity}/${vsysName(table)}`;
}

/** Of a device that was met at this endpoint. A virtual firewall without a licence calls itself 'unknown', like all of its kind. */
export function deviceIdentity({
  serial,
  endpoint,
}: {
  readonly serial: string;
  readonly endpoint: string;
}): string {
  return serial === 'unknown' ? endpoint : serial;
}

/** Which device has the table; undefined while it is not known. */
export function identityAt(device: TableClaim['device'], table: TableRef): string | undefined {
  return table.serial ?? (typeof device === 'string' ? undefined : device.identity);
}

function competingClaims(claims: Iterable<TableClaim>, mine: TableClaim): readonly TableClaim[] {
  return [...claims].filter(
    (claim) => claim.firewall !== mine.firewall && overlaps(claim.tagPrefix, mine.tagPrefix),
  );
}

function comesFirst(a: TableClaim, b: TableClaim, place: string): boolean {
  const [isA, isB] = [isEstablished(a, place), isEstablished(b, place)];
  return isA === isB ? isElder(a, b) : isA;
}

/**
 * It kept the table, and its device gives no answer: nobody else may write until it does, as nobody could without a
 * restart. A table whose serial the spec names needs no answer: see placeOf.
 */
function isAwaited(claim: TableClaim, place: string): boolean {
  if (claim.device !== 'unknown' || !isEstablished(claim, place)) return false;
  return claim.moved?.has(place) !== true && !claim.tables.some((table) => placeOf(claim, table) === place);
}

function isEstablished({ established }: TableClaim, place: string): boolean {
  return established?.has(place) === true;
}

/** Two of one second are told apart by their uids. */
function isElder(a: TableClaim, b: TableClaim): boolean {
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.uid < b.uid);
}

/** With the first by name of those that reach the place by another endpoint, or give no answer at whichever they have. */
function contradictionWith(
  others: readonly TableClaim[],
  { endpoint }: TableClaim,
  place: string,
): { readonly contradiction?: Contradiction } {
  const [other] = others
    .filter((one) => one.endpoint !== undefined && (one.endpoint !== endpoint || isAwaited(one, place)))
    .sort((a, b) => (a.firewall < b.firewall ? -1 : 1));
  if (endpoint === undefined || other?.endpoint === undefined) return {};
  const identity = place.slice(0, place.lastIndexOf('/'));
  return {
    contradiction: { identity, endpoint, other: { firewall: other.firewall, endpoint: other.endpoint } },
  };
}
