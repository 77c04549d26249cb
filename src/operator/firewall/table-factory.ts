// Equips a worker, or a purge, for one table of a PanFirewall.

import type { Desired } from '../../core/desired/desired.ts';
import type { WindowCount } from '../../core/removals/guard-window.ts';
import type { Firewall } from '../../core/model/model.ts';
import type { Stance } from '../../core/rights/stance.ts';
import type { Precedence } from '../../core/rights/table-claims.ts';
import { isUnnamed, type TableRef, tableFields } from '../../core/model/table-ref.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { FirewallSettings } from '../device/credentials.ts';
import type { Connection } from '../device/device-port.ts';
import type { FirewallLimits } from '../limits/firewall-limits.ts';
import { leaseTerms } from './timeout-settings.ts';
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
  /** Why the spec lets nothing be purged; undefined when it does. */
  readonly forbidden: () => string | undefined;
  readonly precedence: (ref: TableRef) => Precedence;
  /** Our mark stands on the table. */
  readonly marked: (ref: TableRef) => void;
  /** Somebody asks to take another owner's place: what nobody claims is held meanwhile, whatever its number. */
  readonly adopting?: () => boolean;
  /** PAN-OS of the table's device, as it last said; undefined: it has not said yet. */
  readonly swVersion: (ref: TableRef) => string | undefined;
  /** The shortest timeout that an earlier leader may have given, in seconds; 0: none. */
  readonly formerTimeoutSeconds: (ref: TableRef) => number;
  /** What passed the guard under earlier leaders, monotonic ms. */
  readonly formerGuardWindow: (ref: TableRef) => readonly WindowCount[];
  /** The connection, with the table's device known; throws DeviceFailure while there is none. */
  readonly connect: (ref: TableRef, signal: AbortSignal) => Promise<Connection>;
  readonly observer: (ref: TableRef) => TableObserver;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};

export class TableFactory {
  readonly #options: TableFactoryOptions;

  constructor(options: TableFactoryOptions) {
    this.#options = options;
  }

  table(ref: TableRef): TableWorker {
    const { firewall, desired, limits, settings, stance, knowledge, swVersion } = this.#options;
    return new TableWorker({
      ...this.#common(ref),
      desired: limits.desiredOf(ref),
      explainDesired: (address) => desired.explain(address, firewall.name),
      limits: limits.of(ref),
      fullIntervalMs: () => settings().fullIntervalSeconds * 1000,
      markerIntervalMs: () => settings().markerIntervalSeconds * 1000,
      guard: () => settings().removalGuard,
      leases: () => leaseTerms({ ...settings(), stance: stance(), swVersion: swVersion(ref) }),
      formerTimeoutSeconds: () => this.#options.formerTimeoutSeconds(ref),
      formerGuardWindow: () => this.#options.formerGuardWindow(ref),
      stance,
      marked: () => this.#options.marked(ref),
      adopting: () => this.#options.adopting?.() === true,
      knowledge,
    });
  }

  /** @param unsureUntil monotonic ms: until then an earlier message without an answer may still take effect. */
  purge(ref: TableRef, unsureUntil: number): TablePurge {
    const { firewall, desired, forbidden } = this.#options;
    const wanted = (address: string) => desired.tagsOf(firewall.name, address);
    return new TablePurge({ ...this.#common(ref), wanted, forbidden, unsureUntil });
  }

  #common(ref: TableRef) {
    const { firewall, ownerId, precedence, connect, observer, log, now } = this.#options;
    return {
      ref,
      name: firewall.name,
      self: { prefix: firewall.tagPrefix, id: ownerId },
      precedence: () => precedence(ref),
      connect: (signal: AbortSignal) => connect(ref, signal),
      observer: observer(ref),
      log: isUnnamed(ref) ? log : log.child(tableFields(ref)),
      now,
    };
  }
}
