// Claims of one PanFirewall on its tables, published to the others, and whether it may write to one of them.

import type { ShownTable } from '../../core/status/firewall-status.ts';
import {
  type Claim,
  identityAt,
  mayBeEstablished,
  placeAt,
  type Precedence,
  precedence,
} from '../../core/rights/table-claims.ts';
import { type TableRef, tableKey } from '../../core/model/table-ref.ts';
import type { ObjectMeta } from '../../kubernetes/resources/object.ts';
import type { EstablishedTable, FormerTables } from './former-tables.ts';

export type FirewallClaimOptions = {
  readonly firewall: { readonly name: string; readonly tagPrefix: string };
  readonly meta: Pick<ObjectMeta, 'uid' | 'createdAt'>;
  /** spec.endpoint, as it is by now. */
  readonly endpoint: () => string;
  /** Is the object being deleted? */
  readonly deleting: () => boolean;
  /** What the status tells of an earlier leader's tables, as it is by now. */
  readonly former: () => FormerTables | undefined;
  /** Of all PanFirewalls, by name. */
  readonly claims: ReadonlyMap<string, Claim>;
  /** Makes known which tables this one keeps; undefined: none any more. */
  readonly claim: (claim: Claim | undefined) => void;
  /** Those that are kept by now. `open`: there may be others. */
  readonly tables: () => { readonly tables: readonly TableRef[]; readonly open: boolean };
};

export class FirewallClaim {
  readonly #options: FirewallClaimOptions;
  /** By tableKey; what the status tells of them outlives the process. */
  #established: ReadonlyMap<string, EstablishedTable> = new Map();
  /** Another PanFirewall may have been let in since. */
  #isReleased = false;

  constructor(options: FirewallClaimOptions) {
    this.#options = options;
  }

  /** We lead from here on. What an earlier leader kept is established. */
  begin(): void {
    const former = this.#options.former()?.established ?? [];
    const here = this.#options.endpoint();
    this.#established = new Map(
      former.map(({ ref, identity, endpoint = here }) => [tableKey(ref), { ref, identity, endpoint }]),
    );
    this.make('asking');
  }

  /** `asking`: also at another endpoint; should the same device be there, what was kept of it still counts. */
  make(device: Claim['device']): void {
    const { firewall, meta, endpoint, claim, tables } = this.#options;
    const { name, tagPrefix } = firewall;
    const { uid, createdAt } = meta;
    const own = tables();
    const places = this.#places(device, own.tables);
    claim({ firewall: name, uid, createdAt, tagPrefix, endpoint: endpoint(), device, ...own, ...places });
  }

  /** The same device, other tables. */
  renew(): void {
    const before = this.#mine;
    if (before !== undefined) this.make(before.device);
  }

  /** Another status was written: what it tells is what the next process will know. Or it is being deleted by now. */
  objectChanged(): void {
    const before = this.#mine;
    if (before === undefined) return;
    const places = this.#places(before.device, before.tables);
    if (!sameSet(places.established, before.established) || !sameSet(places.moved, before.moved))
      this.make(before.device);
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
    const endpoint = this.#options.endpoint();
    const known = this.#established.get(tableKey(table));
    if (known?.identity === identity && known.endpoint === endpoint) return;
    if (!mayBeEstablished([...this.#options.claims.values()], mine, table)) return;
    this.#established = new Map(this.#established).set(tableKey(table), { ref: table, identity, endpoint });
    this.renew();
  }

  /** The table with what the next leader has to know of it. */
  annotated(shown: ShownTable): ShownTable {
    const known = this.#established.get(tableKey(shown.ref));
    if (known === undefined) return shown;
    return { ...shown, establishedOn: known.identity, establishedEndpoint: known.endpoint };
  }

  /** As far as we know, and as the status tells until it is written anew: a process that ends now leaves that. */
  #places(
    device: Claim['device'],
    tables: readonly TableRef[],
  ): Required<Pick<Claim, 'established' | 'moved'>> {
    // Who deletes a PanFirewall whose device gives no answer hands over its tables: nobody waits for the end of the purge.
    if (device === 'unknown' && this.#options.deleting()) this.#isReleased = true;
    if (this.#isReleased) return { established: new Set(), moved: new Set() };
    const here = this.#options.endpoint();
    const own = new Set(tables.map(tableKey));
    const known = [...this.#established.values(), ...(this.#options.former()?.established ?? [])];
    const established = new Set<string>();
    const unmoved = new Set<string>();
    for (const { ref, identity, endpoint = here } of known) {
      if (!own.has(tableKey(ref))) continue;
      established.add(placeAt(identity, ref));
      if (endpoint === here) unmoved.add(placeAt(identity, ref));
    }
    return { established, moved: new Set([...established].filter((place) => !unmoved.has(place))) };
  }

  get #mine(): Claim | undefined {
    return this.#options.claims.get(this.#options.firewall.name);
  }
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string> = new Set()): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}
