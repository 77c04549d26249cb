// Builds the worker, or the purge, of one table of a PanFirewall.

import type { DeviceError } from '../../core/model/device-error.ts';
import { isUnnamed, type TableRef, tableFields } from '../../core/model/table-ref.ts';
import type { Connection } from '../device/device-port.ts';
import type { FirewallDevices } from '../device/firewall-devices.ts';
import type { FirewallLimits } from '../limits/firewall-limits.ts';
import type { TableContext } from '../table/table-context.ts';
import { TablePurge } from '../table/table-purge.ts';
import { TableWorker } from '../table/table-worker.ts';
import type { OwnTableClaim } from './own-table-claim.ts';
import type { FirewallContext } from './firewall-context.ts';
import { formerTable } from './former-tables.ts';

type TableFactoryParts = {
  readonly context: FirewallContext;
  readonly claim: OwnTableClaim;
  readonly devices: FirewallDevices;
  readonly limits: FirewallLimits;
  /** Resolves when it is known whether the table is still the PanFirewall's. Rejects with the signal's reason. */
  readonly awaited: (ref: TableRef, signal: AbortSignal) => Promise<void>;
};

export class TableFactory {
  readonly #parts: TableFactoryParts;

  constructor(parts: TableFactoryParts) {
    this.#parts = parts;
  }

  table(ref: TableRef): TableWorker {
    const { context, limits } = this.#parts;
    const { firewall, desired } = context;
    return new TableWorker(this.#tableContext(ref), {
      desired: limits.desiredOf(ref),
      limits: limits.of(ref),
      explainDesired: (address) => desired.explain(address, firewall.name),
    });
  }

  /** @param unsureUntil monotonic ms: until then an earlier message without an answer may still take effect. */
  purge(ref: TableRef, unsureUntil: number): TablePurge {
    const { firewall, desired } = this.#parts.context;
    const wanted = (address: string) => desired.tagsOf(firewall.name, address);
    return new TablePurge(this.#tableContext(ref, 'purge'), { wanted, unsureUntil });
  }

  #tableContext(ref: TableRef, cause?: 'purge'): TableContext {
    const { context, claim, devices } = this.#parts;
    const { firewall, ownerId, observer, log, now, timing } = context;
    return {
      name: firewall.name,
      ref,
      self: { prefix: firewall.tagPrefix, id: ownerId },
      get settings() {
        return context.settings;
      },
      get writeMode() {
        return context.writeMode;
      },
      get adopting() {
        return context.adopting;
      },
      get knowledge() {
        return context.knowledge;
      },
      get precedence() {
        return claim.precedence(ref);
      },
      get swVersion() {
        return devices.deviceOf(ref)?.swVersion;
      },
      get former() {
        return formerTable(context.former, ref);
      },
      marked: () => {
        // Before all PanFirewalls are known, another one may have been kept there.
        if (context.knowledge.synced) claim.marked(ref);
      },
      connect: (signal) => this.#connect(ref, cause, signal),
      observer: { ...observer, failed: (failure) => this.#failed(ref, failure) },
      log: isUnnamed(ref) ? log : log.child(tableFields(ref)),
      now,
      timing,
    };
  }

  async #connect(ref: TableRef, cause: 'purge' | undefined, signal: AbortSignal): Promise<Connection> {
    const { context, devices, awaited } = this.#parts;
    await awaited(ref, signal);
    const connection = await devices.connect(ref, signal);
    const { audit, desired, firewall } = context;
    return audit?.audited(connection, { firewall: firewall.name, ref, desired, cause }) ?? connection;
  }

  #failed(ref: TableRef, failure: DeviceError): void {
    const { context, devices } = this.#parts;
    devices.failed(ref, failure);
    context.observer.failed(failure);
  }
}
