// Equips a worker, or a purge, for one table of a PanFirewall.

import type { Desired } from '../../core/desired/desired.ts';
import type { Firewall } from '../../core/model/model.ts';
import type { Timing } from '../../core/model/timing.ts';
import type { Stance } from '../../core/rights/stance.ts';
import type { Precedence } from '../../core/rights/table-claims.ts';
import { isUnnamed, type TableRef, tableFields } from '../../core/model/table-ref.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { FirewallSettings } from '../device/credentials.ts';
import type { Connection } from '../device/device-port.ts';
import type { FirewallLimits } from '../limits/firewall-limits.ts';
import { formerTable, type FormerTables } from './former-tables.ts';
import type { TableContext } from '../table/table-context.ts';
import { TablePurge } from '../table/table-purge.ts';
import type { ClusterKnowledge, TableObserver } from '../table/table-observer.ts';
import { TableWorker } from '../table/table-worker.ts';

type TableFactoryOptions = {
  readonly firewall: Firewall;
  /** Of this installation, for the mark of ownership. */
  readonly ownerId: string;
  readonly desired: Desired;
  readonly limits: FirewallLimits;
  readonly knowledge: () => ClusterKnowledge;
  /** As the spec says by now. */
  readonly settings: () => FirewallSettings;
  readonly stance: () => Stance;
  readonly precedence: (ref: TableRef) => Precedence;
  /** Our mark stands on the table. */
  readonly marked: (ref: TableRef) => void;
  /** Somebody asks to take another owner's place: what nobody claims is held meanwhile, whatever its number. */
  readonly adopting?: () => boolean;
  /** PAN-OS of the table's device, as it last said; undefined: it has not said yet. */
  readonly swVersion: (ref: TableRef) => string | undefined;
  readonly former: () => FormerTables | undefined;
  /** The connection, with the table's device known; throws DeviceError while there is none. */
  readonly connect: (ref: TableRef, signal: AbortSignal) => Promise<Connection>;
  readonly observer: (ref: TableRef) => TableObserver;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly timing: Timing;
};

export class TableFactory {
  readonly #options: TableFactoryOptions;

  constructor(options: TableFactoryOptions) {
    this.#options = options;
  }

  table(ref: TableRef): TableWorker {
    const { firewall, desired, limits } = this.#options;
    return new TableWorker(this.#context(ref), {
      desired: limits.desiredOf(ref),
      limits: limits.of(ref),
      explainDesired: (address) => desired.explain(address, firewall.name),
    });
  }

  /** @param unsureUntil monotonic ms: until then an earlier message without an answer may still take effect. */
  purge(ref: TableRef, unsureUntil: number): TablePurge {
    const { firewall, desired } = this.#options;
    const wanted = (address: string) => desired.tagsOf(firewall.name, address);
    return new TablePurge(this.#context(ref), { wanted, unsureUntil });
  }

  #context(ref: TableRef): TableContext {
    const options = this.#options;
    const { firewall, ownerId, log } = options;
    return {
      name: firewall.name,
      ref,
      self: { prefix: firewall.tagPrefix, id: ownerId },
      get settings() {
        return options.settings();
      },
      get stance() {
        return options.stance();
      },
      get adopting() {
        return options.adopting?.() === true;
      },
      get knowledge() {
        return options.knowledge();
      },
      get precedence() {
        return options.precedence(ref);
      },
      get swVersion() {
        return options.swVersion(ref);
      },
      get former() {
        return formerTable(options.former(), ref);
      },
      marked: () => options.marked(ref),
      connect: (signal) => options.connect(ref, signal),
      observer: options.observer(ref),
      log: isUnnamed(ref) ? log : log.child(tableFields(ref)),
      now: options.now,
      timing: options.timing,
    };
  }
}
