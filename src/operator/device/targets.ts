// Firewalls behind a Panorama: each is looked up, identified and failed independently.

import { DeviceError } from '../../core/model/device-error.ts';
import type { ManagedDevice } from '../../core/device/managed-device.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import { singleFlight } from '../../signals/single-flight.ts';
import { type Connection, type DeviceInfo, isPanorama } from './device-port.ts';
import { requireVsys } from './vsys.ts';

type TargetRef = TableRef & { readonly serial: string };

/** Who is missing is looked for in a list that is at most so old, so that many of them ask the Panorama once. */
const listMs = 5_000;

type Fleet = {
  readonly connection: Connection;
  readonly ask: (signal: AbortSignal) => Promise<ReadonlyMap<string, ManagedDevice>>;
  /** The last answer. */
  list: { readonly at: number; readonly devices: ReadonlyMap<string, ManagedDevice> } | undefined;
  /** By serial: those that were there, and have said who they are. */
  readonly met: Map<string, { readonly info: DeviceInfo; readonly vsys: readonly string[] }>;
};

export class Targets {
  readonly #now: () => number;
  #fleet: Fleet | undefined;

  /** @param now monotonic ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** What the firewall says of itself; undefined before it was met. */
  infoOf(serial: string): DeviceInfo | undefined {
    return this.#fleet?.met.get(serial)?.info;
  }

  /**
   * The Panorama's connection, its firewall known to be there and to have the virtual system.
   * @throws DeviceError
   */
  async connect(connection: Connection, ref: TargetRef, signal: AbortSignal): Promise<Connection> {
    const fleet = this.#of(connection);
    const { info, vsys } = fleet.met.get(ref.serial) ?? (await this.#meet(fleet, ref.serial, signal));
    requireVsys(ref, info, vsys);
    return {
      ...connection,
      call: async (question, within) => {
        try {
          return await connection.call(question, within);
        } catch (error) {
          throw await this.#explain(error, fleet, ref.serial, signal);
        }
      },
    };
  }

  /** The firewall says anew who it is: it may have gone, or been replaced. */
  askAgain(serial: string): void {
    this.#fleet?.met.delete(serial);
  }

  #of(connection: Connection): Fleet {
    if (this.#fleet?.connection === connection) return this.#fleet;
    const fleet: Fleet = {
      connection,
      ask: singleFlight(async (signal) => {
        const devices = await connection.call({ ask: 'managedDevices' }, signal);
        const bySerial = new Map(devices.map((device) => [device.serial, device]));
        fleet.list = { at: this.#now(), devices: bySerial };
        return bySerial;
      }),
      list: undefined,
      met: new Map(),
    };
    this.#fleet = fleet;
    return fleet;
  }

  async #meet(fleet: Fleet, serial: string, signal: AbortSignal) {
    const { vsys } = present(await this.#find(fleet, serial, signal), serial);
    try {
      const info = await fleet.connection.call({ ask: 'info', serial }, signal);
      // Whoever does not know `target` answers for itself.
      if (info.serial !== serial) throw notForwarded(serial, info.serial);
      const device = { info, vsys };
      fleet.met.set(serial, device);
      return device;
    } catch (error) {
      throw await this.#explain(error, fleet, serial, signal);
    }
  }

  async #find(fleet: Fleet, serial: string, signal: AbortSignal): Promise<ManagedDevice | undefined> {
    const { list } = fleet;
    const devices =
      list !== undefined && this.#now() - list.at < listMs ? list.devices : await fleet.ask(signal);
    return devices.get(serial);
  }

  /** What the Panorama refuses, it may refuse because the firewall has gone: the words for that are not known. */
  async #explain(error: unknown, fleet: Fleet, serial: string, signal: AbortSignal): Promise<unknown> {
    if (!(error instanceof DeviceError) || !error.refused || isOfThePass(error)) return error;
    fleet.met.delete(serial);
    try {
      const device = (await fleet.ask(signal)).get(serial);
      if (device?.connected === true) return error;
      // The words were the Panorama's, about a firewall that it does not reach.
      return error.with({ ...notConnected(device, serial), said: undefined, refused: true });
    } catch {
      return error;
    }
  }
}

/** @throws DeviceError InvalidSpec where the endpoint has no firewalls behind it. */
export function requirePanorama(endpoint: DeviceInfo | undefined): void {
  if (endpoint !== undefined && isPanorama(endpoint)) return;
  const message =
    `spec.tables names a firewall behind the endpoint, which is no Panorama but a ${endpoint?.model ?? ''}; ` +
    'remove serial and deviceGroup, or set spec.endpoint to the Panorama';
  throw new DeviceError('InvalidSpec', message, { retry: 'slow', applied: 'no' });
}

/** The Panorama itself has refused the pass or the right, for all of its firewalls. */
function isOfThePass({ reason }: DeviceError): boolean {
  return reason === 'AuthenticationFailed' || reason === 'RoleNotAuthorized';
}

function present(device: ManagedDevice | undefined, serial: string): ManagedDevice {
  if (device?.connected === true) return device;
  const { reason, problem, retry } = notConnected(device, serial);
  throw new DeviceError(reason, problem, { retry, applied: 'no', refused: true });
}

/** Why a firewall that is not connected cannot be asked. */
function notConnected(device: ManagedDevice | undefined, serial: string) {
  const problem =
    device === undefined
      ? `this Panorama manages no firewall with the serial ${serial}; correct spec.tables, or add the firewall to the Panorama`
      : `the firewall ${serial} is not connected to this Panorama; check the firewall, and its connection to the Panorama`;
  return { reason: 'DeviceUnavailable', problem, retry: 'backoff' } as const;
}

function notForwarded(serial: string, answered: string): DeviceError {
  const message =
    `the firewall ${serial} was asked through the endpoint, and ${answered} answered: nothing is written; ` +
    'check that the endpoint is a Panorama that manages the firewall';
  return new DeviceError('InvalidResponse', message, { retry: 'slow', applied: 'no' });
}
