// Which tables of which device one PanFirewall keeps, made known to the others, and whether it may write to one of them.

import type { ShownTable } from '../core/firewall-status.ts';
import {
  type Claim,
  identityAt,
  mayBeEstablished,
  placeAt,
  type Precedence,
  precedence,
} from '../core/table-claims.ts';
import { type TableRef, tableKey } from '../core/table-ref.ts';
import type { ObjectMeta } from '../kubernetes/resources/object.ts';
import type { FormerTables } from './former-tables.ts';

export type FirewallClaimOptions = {
  readonly firewall: { readonly name: string; readonly tagPrefix: string };
  readonly meta: Pick<ObjectMeta, 'uid' | 'createdAt'>;
  /** spec.endpoint, as it is by now. */
  readonly endpoint: () => string;
  /** What the status tells of an earlier leader's tables, as it is by now. */
  readonly former: () => FormerTables | undefined;
  /** Of all PanFirewalls, by name. */
  readonly claims: ReadonlyMap<string, Claim>;
  /** Makes known which tables this one keeps; undefined: none any more. */
  readonly claim: (claim: Claim | undefined) => void;
  /** Those that are kept by now. `open`: there may be others. */
  readonly tables: () => { readonly tables: readonly TableRef[]; readonly open: boolean };
};

/** A table, and the device of which it was kept. */
type Established = { readonly ref: TableRef; readonly identity: string };

export class FirewallClaim {
  readonly #options: FirewallClaimOptions;
  /** By tableKey; what the status tells of them outlives the process. */
  #established: ReadonlyMap<string, Established> = new Map();

  constructor(options: FirewallClaimOptions) {
    this.#options = options;
  }

  /** We lead from here on. What an earlier leader kept is established. */
  begin(): void {
    const former = this.#options.former()?.established ?? [];
    this.#established = new Map(former.map((one) => [tableKey(one.ref), one]));
    this.make('asking');
  }

  /** `asking`: also at another endpoint; should the same device be there, what was kept of it still counts. */
  make(device: Claim['device']): void {
    const { firewall, meta, endpoint, claim, tables } = this.#options;
    const { name, tagPrefix } = firewall;
    const { uid, createdAt } = meta;
    const own = tables();
    const established = this.#places(own.tables);
    claim({ firewall: name, uid, createdAt, tagPrefix, endpoint: endpoint(), device, ...own, established });
  }

  /** The same device, other tables. */
  renew(): void {
    const before = this.#mine;
    if (before !== undefined) this.make(before.device);
  }

  /** Another status was written: what it tells is what the next process will know. */
  statusChanged(): void {
    const before = this.#mine;
    if (before === undefined) return;
    const places = this.#places(before.tables);
    if (!sameSet(places, before.established ?? new Set())) this.make(before.device);
  }

  withdraw(): void {
    this.#options.claim(undefined);
  }

  precedence(table: TableRef): Precedence {
    const mine = this.#mine;
    if (mine === undefined) return { kind: 'wait' };
    return precedence(this.#options.claims.values(), mine, table);
  }

  /** Our mark stands on the table. */
  marked(table: TableRef): void {
    const mine = this.#mine;
    const identity = mine && identityAt(mine.device, table);
    if (mine === undefined || identity === undefined) return;
    if (this.#established.get(tableKey(table))?.identity === identity) return;
    if (!mayBeEstablished([...this.#options.claims.values()], mine, table)) return;
    this.#established = new Map(this.#established).set(tableKey(table), { ref: table, identity });
    this.renew();
  }

  /** The table with what the next leader has to know of it. */
  annotated(shown: ShownTable): ShownTable {
    const establishedOn = this.#established.get(tableKey(shown.ref))?.identity;
    return establishedOn === undefined ? shown : { ...shown, establishedOn };
  }

  /** As far as we know, and as the status tells until it is written anew: a process that ends now leaves that. */
  #places(tables: readonly TableRef[]): ReadonlySet<string> {
    const own = new Set(tables.map(tableKey));
    const known = [...this.#established.values(), ...(this.#options.former()?.established ?? [])];
    return new Set(
      known.filter(({ ref }) => own.has(tableKey(ref))).map(({ ref, identity }) => placeAt(identity, ref)),
    );
  }

  get #mine(): Claim | undefined {
    return this.#options.claims.get(this.#options.firewall.name);
  }
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}
