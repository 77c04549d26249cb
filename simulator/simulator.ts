// Puts a simulated PAN-OS device together and runs it: its XML API over HTTPS, its controls over HTTP.

import { writeFile } from 'node:fs/promises';
import { makeCertificates } from './certificates.ts';
import { ControlServer } from './control-server.ts';
import { Controls, type ControlParts } from './controls.ts';
import { Device } from './device.ts';
import { DeviceServer } from './device-server.ts';
import { FaultList } from './faults.ts';
import { defaultIdentity, type Identity } from './identity.ts';
import { RequestLog } from './request-log.ts';
import { defaultSettings, patchSettings, type SettingsPatch } from './settings.ts';

export type { Planting, Reboot, TableEntry, Tables } from './controls.ts';
export type { CallKind } from './device.ts';
export type { FaultSpec, InjectedFault } from './faults.ts';
export type { Identity } from './identity.ts';
export type { LogEntry } from './request-log.ts';
export type { PairOutcome } from './registered-ips.ts';
export type { Settings, SettingsPatch } from './settings.ts';

export type SimulatorOptions = {
  /** Where both servers listen; 127.0.0.1. */
  readonly host?: string;
  /** Of the XML API; a free one. */
  readonly port?: number;
  /** Of the control port; a free one. */
  readonly controlPort?: number;
  readonly username?: string;
  readonly password?: string;
  readonly identity?: Partial<Identity>;
  /** Ids of the virtual systems, the default one first. */
  readonly vsys?: readonly string[];
  /** Host names and addresses for the certificate, beside localhost, 127.0.0.1 and ::1. */
  readonly names?: readonly string[];
  /** Where to write the certificate authority's PEM. */
  readonly caFile?: string;
  readonly settings?: SettingsPatch;
  /** Requests and pairs that the log keeps; half a million. */
  readonly logCapacity?: number;
  /** Milliseconds since the epoch; the system's. */
  readonly clock?: () => number;
};

/** Where a running device is, and how to get in. */
type Running = {
  readonly endpoint: string;
  readonly controlUrl: string;
  readonly caPem: string;
  readonly username: string;
  readonly password: string;
  readonly apiKey: string;
  readonly close: () => Promise<void>;
};

/** A running device. What can be done to it is what the control port offers. */
export class Simulator extends Controls implements AsyncDisposable {
  /** `https://127.0.0.1:port`, without a path. */
  readonly endpoint: string;
  /** `http://127.0.0.1:port` */
  readonly controlUrl: string;
  readonly caPem: string;
  readonly username: string;
  /** The first one. */
  readonly password: string;
  /** Valid from the start, until keys expire. */
  readonly apiKey: string;
  /** Cuts all connections and frees the ports. */
  readonly close: () => Promise<void>;

  constructor(parts: ControlParts, running: Running) {
    super(parts);
    this.endpoint = running.endpoint;
    this.controlUrl = running.controlUrl;
    this.caPem = running.caPem;
    this.username = running.username;
    this.password = running.password;
    this.apiKey = running.apiKey;
    this.close = running.close;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Ms since the epoch, monotonic and with the fraction that the system gives. */
const systemClock = (): number => performance.timeOrigin + performance.now();

const makeParts = (
  options: SimulatorOptions,
  username: string,
  password: string,
): Omit<ControlParts, 'interrupt'> => {
  const { clock = systemClock } = options;
  const initialSettings = patchSettings(defaultSettings, options.settings ?? {});
  const faults = new FaultList();
  const device = new Device({
    identity: { ...defaultIdentity, ...options.identity },
    vsys: options.vsys ?? ['vsys1'],
    username,
    password,
    settings: initialSettings,
    refusal: faults.refusal,
    clock,
  });
  return { device, faults, log: new RequestLog(options.logCapacity ?? 500_000), initialSettings, clock };
};

/** Starts the two servers. Throws where a port is taken, an option is wrong or the CA cannot be written. */
export const startSimulator = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const { host = '127.0.0.1', username = 'k8s-operator', password = 'simulator' } = options;
  const made = makeParts(options, username, password);
  const certificate = makeCertificates(options.names);
  const caPem = certificate.ca;
  if (options.caFile !== undefined) await writeFile(options.caFile, caPem);
  const server = new DeviceServer({ ...made, host, port: options.port ?? 0, certificate });
  const parts = { ...made, interrupt: (downMs: number) => server.interrupt(downMs) };
  const controls = new Controls(parts);
  const control = new ControlServer({ controls, host, port: options.controlPort ?? 0, caPem });
  const endpoint = await server.start();
  const close = async (): Promise<void> => {
    await Promise.all([server.stop(), control.stop()]);
  };
  try {
    const controlUrl = await control.start();
    const apiKey = made.device.access.credentials.firstKey;
    return new Simulator(parts, { endpoint, controlUrl, caPem, username, password, apiKey, close });
  } catch (error) {
    await server.stop();
    throw error;
  }
};
