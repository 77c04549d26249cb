// The devices that one PanFirewall writes to: that of the endpoint, and, where it is a Panorama, those behind it.

import { DeviceError } from '../../core/model/device-error.ts';
import type { GroupsAnswer } from '../../core/device/device-groups.ts';
import type { Timing } from '../../core/model/timing.ts';
import { ownTable, type TableRef } from '../../core/model/table-ref.ts';
import { deviceIdentity } from '../../core/rights/table-claims.ts';
import type { ConnectionSettings, FirewallSettings, Secrets } from './credentials.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Connection, DeviceInfo } from './device-port.ts';
import { DeviceSession } from './device-session.ts';
import { requirePanorama, Targets } from './targets.ts';
import { requireVsys } from './vsys.ts';

/** `endpoint`: where it was met, which is spec.endpoint or spec.peerEndpoint. */
export type MetDevice = DeviceInfo & { readonly endpoint: string };

/** The PanFirewall, as far as its devices go. `settings` may be others each time. */
type DevicesContext = {
  readonly settings: FirewallSettings;
  readonly secrets: Secrets;
  open(settings: ConnectionSettings): Connection;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly timing: Timing;
};

type DevicesListener = {
  /** The endpoint's device has said who it is, and is another one than before, or the first. */
  readonly met: (device: MetDevice, before: MetDevice | undefined) => void;
  /** The endpoint's device has never said who it is. */
  readonly unmet: () => void;
  /** What is to be said of the endpoint is another matter now. */
  readonly noted: () => void;
};

export class FirewallDevices {
  readonly #context: DevicesContext;
  readonly #listener: DevicesListener;
  readonly #session: DeviceSession;
  readonly #targets: Targets;
  #endpoint: MetDevice | undefined;
  #passedOver: readonly DeviceError[] = [];

  constructor(context: DevicesContext, listener: DevicesListener) {
    this.#context = context;
    this.#listener = listener;
    const { secrets, now, timing } = context;
    this.#session = new DeviceSession({
      settings: () => context.settings,
      secrets,
      open: (settings) => context.open(settings),
      now,
      timing,
      met: (device, endpoint) => this.#met({ ...device, endpoint }),
      unmet: () => {
        if (this.#endpoint === undefined) listener.unmet();
      },
      passedOver: (refusals) => this.#passOver(refusals),
    });
    this.#targets = new Targets(now);
  }

  /** What is wrong though the device can be used; undefined when all is well. */
  get note(): string | undefined {
    if (this.#passedOver.length === 0) return undefined;
    const said = this.#passedOver.map(({ message }) => message).join('; ');
    return `the HA pair has no usable standby, a failover would fail: ${said}`;
  }

  /** What the device at the endpoint says of itself. */
  get endpoint(): DeviceInfo | undefined {
    return this.#endpoint;
  }

  /** What the device that has the table says of itself; undefined before it was met. */
  deviceOf({ serial }: TableRef): DeviceInfo | undefined {
    return serial === undefined ? this.#endpoint : this.#targets.infoOf(serial);
  }

  /**
   * The connection for one table, with its device known.
   * @throws DeviceError
   */
  async connect({ serial, vsys }: TableRef, signal: AbortSignal): Promise<Connection> {
    const connection = await this.#session.connect(signal);
    const device = this.#endpoint;
    if (serial !== undefined) {
      requirePanorama(device);
      return this.#targets.connect(connection, { serial, vsys }, signal);
    }
    if (device !== undefined) requireVsys({ serial, vsys }, device, []);
    return connection;
  }

  /** Of the endpoint, a Panorama: two calls. @throws DeviceError */
  async deviceGroups(signal: AbortSignal): Promise<GroupsAnswer> {
    const connection = await this.#session.connect(signal);
    requirePanorama(this.#endpoint);
    try {
      const members = await connection.call({ ask: 'deviceGroups' }, signal);
      const hierarchy = await connection.call({ ask: 'groupHierarchy' }, signal).catch(asRefusal);
      return { members, hierarchy };
    } catch (error) {
      if (!(error instanceof DeviceError && error.refused)) this.#session.askAgain();
      throw error;
    }
  }

  /** A call for the table failed: its device says anew who it is, as it may have been rebooted or replaced. */
  failed({ serial }: TableRef, { refused }: DeviceError): void {
    if (serial !== undefined) this.#targets.askAgain(serial);
    // A Panorama that answers for a firewall behind it is still the same.
    if (serial === undefined || !refused) this.#session.askAgain();
  }

  /** As DeviceSession. */
  review(): ReturnType<DeviceSession['review']> {
    return this.#session.review();
  }

  /** Whoever answers at the endpoint next is met for the first time. */
  async close(): Promise<void> {
    this.#endpoint = undefined;
    await this.#session.close();
  }

  #passOver(refusals: readonly DeviceError[]): void {
    const { log } = this.#context;
    this.#passedOver = refusals;
    if (refusals.length === 0) log.info('HA pair member accepts the credentials again');
    for (const { reason, message } of refusals)
      log.warn({ reason, problem: message }, 'HA pair member refuses the credentials');
    this.#listener.noted();
  }

  #met(device: MetDevice): void {
    if (this.#context.settings.tables === undefined) requireVsys(ownTable, device, []);
    const before = this.#endpoint;
    this.#endpoint = device;
    if (before === undefined || deviceIdentity(before) !== deviceIdentity(device))
      this.#listener.met(device, before);
  }
}

/** A Panorama that tells of its groups, and refuses to tell which are below which: an older one, or a role of less rights. */
function asRefusal(error: unknown): { readonly refused: DeviceError } {
  // It has just told of its groups: a refusal of the credentials, too, means this command.
  if (error instanceof DeviceError && error.refused && error.reason !== 'DeviceUnavailable')
    return { refused: error };
  throw error;
}
