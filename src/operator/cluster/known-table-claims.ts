// Keeps the table claim of each PanFirewall: what its worker knows, else what its object and status tell.

import { ownTable } from '../../core/model/table-ref.ts';
import { seenClaim } from '../../core/rights/seen-claim.ts';
import type { TableClaim } from '../../core/rights/table-claims.ts';
import type { ParsedFirewall } from '../../kubernetes/resources/parse.ts';
import { formerTables } from '../firewall/former-tables.ts';

export class KnownTableClaims {
  /** By the name of the PanFirewall. */
  readonly all = new Map<string, TableClaim>();

  /** @param claim as its worker knows; undefined: no worker leads it. @param parsed undefined: there is no such object. */
  put(firewall: string, claim: TableClaim | undefined, parsed: ParsedFirewall | undefined): void {
    const known = claim ?? seenOf(parsed);
    if (known === undefined) this.all.delete(firewall);
    else this.all.set(firewall, known);
  }

  /** Follows the object, where no worker knows better. True when there is no claim any more. */
  see(firewall: string, parsed: ParsedFirewall | undefined): boolean {
    const known = this.all.get(firewall);
    if (known !== undefined && known.seen !== true) return false;
    this.put(firewall, undefined, parsed);
    return known !== undefined && !this.all.has(firewall);
  }
}

/** One whose spec is invalid claims nothing. */
function seenOf(parsed: ParsedFirewall | undefined): TableClaim | undefined {
  if (parsed?.ok !== true) return undefined;
  const { meta, firewall, settings, status } = parsed;
  const { uid, createdAt } = meta;
  const { name, tagPrefix } = firewall;
  const { endpoint, tables = [ownTable] } = settings;
  const seen = { firewall: name, uid, createdAt, tagPrefix, endpoint, entries: tables };
  return seenClaim({ ...seen, status: formerTables(status) });
}
