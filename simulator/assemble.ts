// Puts the parts of a simulated device together and runs its servers: the XML API over HTTPS, the controls over HTTP.

import { writeFile } from 'node:fs/promises';
import { Access } from './access/access.ts';
import { makeCertificates } from './certificates.ts';
import { Concurrency } from './http/concurrency.ts';
import { ControlServer } from './control/control-server.ts';
import { Controls, type ControlParts } from './control/controls.ts';
import { Device } from './device/device.ts';
import { DeviceServer } from './http/device-server.ts';
import { Endpoint } from './http/endpoint.ts';
import { FaultList } from './faults/faults.ts';
import { defaultIdentity, type Identity } from './device/identity.ts';
import type { Fleet } from './panorama/fleet.ts';
import { FleetControls } from './panorama/fleet-controls.ts';
import { profiles, type ProfileName } from './profiles.ts';
import { RequestLog } from './http/request-log.ts';
import { defaultSettings, patchSettings, type SettingsPatch } from './settings.ts';

export type SimulatorOptions = {
  /** Where both servers listen; 127.0.0.1. */
  readonly host?: string;
  /** Where the control port listens, which asks for no login; `host`. */
  readonly controlHost?: string;
  /** Of the XML API; a free one. */
  readonly port?: number;
  /** Of the control port; a free one. */
  readonly controlPort?: number;
  readonly username?: string;
  readonly password?: string;
  /** A model with its limits and its speed; what identity and settings say comes on top. */
  readonly profile?: ProfileName;
  readonly identity?: Partial<Identity>;
  /** Ids of the virtual systems, the default one first. */
  readonly vsys?: readonly string[];
  /** Host names and addresses for the certificate, beside localhost, 127.0.0.1 and ::1. */
  readonly names?: readonly string[];
  /** Where to write the certificate authority's PEM. */
  readonly caFile?: string;
  readonly settings?: SettingsPatch;
  /** Of the faults that have a chance; 1. */
  readonly seed?: number;
  /** Requests and pairs that the log keeps; half a million. */
  readonly logCapacity?: number;
  /** Milliseconds since the epoch; the system's. */
  readonly clock?: () => number;
};

/** Where a running device is, and how to get in. */
export type Running = {
  readonly endpoint: string;
  readonly controlUrl: string;
  readonly caPem: string;
  readonly username: string;
  readonly password: string;
  readonly apiKey: string;
  readonly close: () => Promise<void>;
};

type Assembly = {
  readonly parts: ControlParts;
  readonly fleet: Fleet | undefined;
  readonly running: Running;
};

/** Makes the fleet of a Panorama. */
export type MakeFleet = (faults: FaultList, clock: () => number) => Fleet;

/** Ms since the epoch, monotonic and with the fraction that the system gives. */
const systemClock = (): number => performance.timeOrigin + performance.now();

const makeDevice = (options: SimulatorOptions, faults: FaultList, fleet: Fleet | undefined): Device => {
  const { clock = systemClock, profile } = options;
  const model = profile && profiles[profile];
  const modelSettings = patchSettings(defaultSettings, model?.settings ?? {});
  return new Device({
    identity: { ...defaultIdentity, ...model?.identity, ...options.identity },
    vsys: options.vsys ?? ['vsys1'],
    settings: patchSettings(modelSettings, options.settings ?? {}),
    refusal: faults.refusalOf(''),
    clock,
    fleet,
  });
};

const makeParts = (
  options: SimulatorOptions,
  account: { readonly username: string; readonly password: string },
  makeFleet: MakeFleet | undefined,
): Omit<ControlParts, 'interrupt'> & { readonly fleet: Fleet | undefined } => {
  const { clock = systemClock, seed = 1, logCapacity = 500_000 } = options;
  const faults = new FaultList(seed);
  const fleet = makeFleet?.(faults, clock);
  const device = makeDevice(options, faults, fleet);
  const settings = () => device.settings;
  const access = new Access({
    ...account,
    settings,
    readsKeyHeader: () => device.features.keyHeader,
    clock,
  });
  const concurrency = new Concurrency(() => device.settings.limits.concurrentCalls);
  return { device, access, faults, concurrency, log: new RequestLog(logCapacity), clock, fleet };
};

/** Starts the two servers. Throws where a port is taken, an option is wrong or the CA cannot be written. */
export const assemble = async (options: SimulatorOptions, makeFleet?: MakeFleet): Promise<Assembly> => {
  const { host = '127.0.0.1', username = 'k8s-operator', password = 'simulator' } = options;
  const made = makeParts(options, { username, password }, makeFleet);
  const { fleet, access, clock } = made;
  const certificate = makeCertificates(options.names);
  const caPem = certificate.ca;
  if (options.caFile !== undefined) await writeFile(options.caFile, caPem);
  const api = new Endpoint(made);
  const server = new DeviceServer({ ...made, api, host, port: options.port ?? 0, certificate });
  const interrupt = (downMs: number, deniedMs: number): void => {
    access.restart(deniedMs);
    server.interrupt(downMs);
  };
  const parts = { ...made, interrupt };
  const control = new ControlServer({
    controls: new Controls(parts),
    fleet: fleet && new FleetControls(fleet, clock),
    host: options.controlHost ?? host,
    port: options.controlPort ?? 0,
    caPem,
  });
  const endpoint = await server.start();
  const close = async (): Promise<void> => {
    await Promise.all([server.stop(), control.stop()]);
  };
  try {
    const controlUrl = await control.start();
    const apiKey = access.firstKey;
    return { parts, fleet, running: { endpoint, controlUrl, caPem, username, password, apiKey, close } };
  } catch (error) {
    await server.stop();
    throw error;
  }
};
