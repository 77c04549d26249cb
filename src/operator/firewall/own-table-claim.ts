// Table claim of one PanFirewall, published to the others, and whether it may write to one of its tables.

import type { ShownTable } from '../../core/status/firewall-view.ts';
import {
  type TableClaim,
  identityAt,
  mayBeEstablished,
  placeAt,
  type Precedence,
  precedence,
} from '../../core/rights/table-claims.ts';
import { type TableRef, tableKey } from '../../core/model/table-ref.ts';
import type { ObjectMeta } from '../../kubernetes/resources/object.ts';
import type { EstablishedTable, FormerTables } from './former-tables.ts';

/** As FirewallContext. */
export type ClaimContext = {
  readonly firewall: { readonly name: string; readonly tagPrefix: string };
  readonly meta: Pick<ObjectMeta, 'uid' | 'createdAt'>;
  readonly settings: { readonly endpoint: string };
  readonly deleting: boolean;
  readonly former: FormerTables | undefined;
  readonly tableClaims: ReadonlyMap<string, TableClaim>;
  putTableClaim(claim: TableClaim | undefined): void;
};

/** `open`: there may be others. */
type ClaimedTables = { readonly tables: readonly TableRef[]; readonly open: boolean };

export class OwnTableClaim {
  readonly #context: ClaimContext;
  readonly #tables: () => ClaimedTables;
  /** By tableKey; what the status tells of them outlives the process. */
  #established: ReadonlyMap<string, EstablishedTable> = new Map();
  /** Another PanFirewall may have been let in since. */
  #isReleased = false;

  /** @param tables those that are kept now. */
  constructor(context: ClaimContext, tables: () => ClaimedTables) {
    this.#context = context;
    this.#tables = tables;
  }

  /** We lead from here on. What an earlier leader kept is established. */
  begin(): void {
    const former = this.#context.former?.established ?? [];
    const here = this.#context.settings.endpoint;
    this.#established = new Map(
      former.map(({ ref, identity, endpoint = here }) => [tableKey(ref), { ref, identity, endpoint }]),
    );
    this.make('asking');
  }

  /** `asking`: also at another endpoint; should the same device be there, what was kept of it still counts. */
  make(device: TableClaim['device']): void {
    const { name, tagPrefix } = this.#context.firewall;
    const { uid, createdAt } = this.#context.meta;
    const { endpoint } = this.#context.settings;
    const own = this.#tables();
    const places = this.#places(device, own.tables);
    this.#context.putTableClaim({
      firewall: name,
      uid,
      createdAt,
      tagPrefix,
      endpoint,
      device,
      ...own,
      ...places,
    });
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
    if ((['established', 'moved', 'told'] as const).some((kind) => !sameSet(places[kind], before[kind])))
      this.make(before.device);
  }

  withdraw(): void {
    this.#context.putTableClaim(undefined);
  }

  precedence(table: TableRef): Precedence {
    const mine = this.#mine;
    if (mine === undefined) return { kind: 'wait' };
    return precedence(this.#context.tableClaims.values(), mine, table);
  }

  /** Our mark stands on the table. */
  marked(table: TableRef): void {
    const mine = this.#mine;
    const identity = mine && identityAt(mine.device, table);
    if (mine === undefined || identity === undefined) return;
    const { endpoint } = this.#context.settings;
    const known = this.#established.get(tableKey(table));
    if (known?.identity === identity && known.endpoint === endpoint) return;
    if (!mayBeEstablished([...this.#context.tableClaims.values()], mine, table)) return;
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
    device: TableClaim['device'],
    tables: readonly TableRef[],
  ): Required<Pick<TableClaim, 'established' | 'moved' | 'told'>> {
    // Who deletes a PanFirewall whose device gives no answer hands over its tables: nobody waits for the end of the purge.
    if (device === 'unknown' && this.#context.deleting) this.#isReleased = true;
    if (this.#isReleased) return { established: new Set(), moved: new Set(), told: new Set() };
    const here = this.#context.settings.endpoint;
    const own = new Set(tables.map(tableKey));
    const written = this.#context.former?.established ?? [];
    const known = [...this.#established.values(), ...written];
    const established = new Set<string>();
    const unmoved = new Set<string>();
    for (const { ref, identity, endpoint = here } of known) {
      if (!own.has(tableKey(ref))) continue;
      established.add(placeAt(identity, ref));
      if (endpoint === here) unmoved.add(placeAt(identity, ref));
    }
    const told = written.map(({ ref, identity }) => placeAt(identity, ref));
    return {
      established,
      moved: new Set([...established].filter((place) => !unmoved.has(place))),
      told: new Set(told.filter((place) => established.has(place))),
    };
  }

  /** undefined while we do not lead: then there is only what everybody sees. */
  get #mine(): TableClaim | undefined {
    const claim = this.#context.tableClaims.get(this.#context.firewall.name);
    return claim?.seen === true ? undefined : claim;
  }
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string> = new Set()): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}
