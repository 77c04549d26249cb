// Which tables of which device one PanFirewall keeps, made known to the others, and whether it may write to one of them.

import { type Claim, type Precedence, precedence } from '../core/table-claims.ts';
import type { TableRef } from '../core/table-ref.ts';
import type { ObjectMeta } from '../kubernetes/resources/object.ts';

export type FirewallClaimOptions = {
  readonly firewall: { readonly name: string; readonly tagPrefix: string };
  readonly meta: Pick<ObjectMeta, 'uid' | 'createdAt'>;
  /** Of all PanFirewalls, by name. */
  readonly claims: ReadonlyMap<string, Claim>;
  /** Makes known which tables this one keeps; undefined: none any more. */
  readonly claim: (claim: Claim | undefined) => void;
  /** Those that are kept by now. `open`: there may be others. */
  readonly tables: () => { readonly tables: readonly TableRef[]; readonly open: boolean };
};

export class FirewallClaim {
  readonly #options: FirewallClaimOptions;

  constructor(options: FirewallClaimOptions) {
    this.#options = options;
  }

  make(device: Claim['device']): void {
    const { firewall, meta, claim, tables } = this.#options;
    const { name, tagPrefix } = firewall;
    const { uid, createdAt } = meta;
    claim({ firewall: name, uid, createdAt, tagPrefix, device, ...tables() });
  }

  /** The same device, other tables. */
  renew(): void {
    const before = this.#mine;
    if (before !== undefined) this.make(before.device);
  }

  withdraw(): void {
    this.#options.claim(undefined);
  }

  precedence(table: TableRef): Precedence {
    const mine = this.#mine;
    if (mine === undefined) return { kind: 'wait' };
    return precedence(this.#options.claims.values(), mine, table);
  }

  get #mine(): Claim | undefined {
    return this.#options.claims.get(this.#options.firewall.name);
  }
}
