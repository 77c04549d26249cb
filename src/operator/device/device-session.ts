// Connection to one PanFirewall's device: opened when it is first needed, reopened when its settings differ.

import { DeviceError } from '../../core/model/device-error.ts';
import {
  type ConnectionSettings,
  connectionSettings,
  type FirewallSettings,
  type Secrets,
} from './credentials.ts';
import type { Timing } from '../../core/model/timing.ts';
import { pause } from '../../runtime/wake.ts';
import { singleFlight } from '../../signals/single-flight.ts';
import type { Connection, DeviceInfo } from './device-port.ts';
import { Members, type Met } from './members.ts';

type DeviceSessionOptions = {
  readonly settings: () => FirewallSettings;
  readonly secrets: Secrets;
  readonly open: (settings: ConnectionSettings) => Connection;
  /** Told who the device says it is, before each use. May throw DeviceError: it is of no use then. */
  readonly met: (device: DeviceInfo, endpoint: string) => void;
  /** The device has not said who it is, or is of no use. */
  readonly unmet: () => void;
  /** Members of a pair that refuse the credentials, and are passed over, are others than before. */
  readonly passedOver: (refusals: readonly DeviceError[]) => void;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly timing: Timing;
};

/** A Secret that is applied together with its PanFirewall comes by another watch, perhaps a little later. */
const secretGraceMs = 2_000;
const secretPollMs = 50;

type Session = {
  /** One for each device that the spec names. */
  readonly settings: readonly ConnectionSettings[];
  readonly members: Members;
  /** Asked once, by all who need it together. */
  readonly meet: (signal: AbortSignal) => Promise<Met>;
  /** undefined until a device said who it is. */
  met: Met | undefined;
};

export class DeviceSession {
  readonly #options: DeviceSessionOptions;
  readonly #createdAt: number;
  #session: Session | undefined;
  /** Refusals that were told. */
  #told = '';

  constructor(options: DeviceSessionOptions) {
    this.#options = options;
    this.#createdAt = options.now();
  }

  /** The connection to the device to use by now, which is known. @throws DeviceError */
  async connect(signal: AbortSignal): Promise<Connection> {
    try {
      const session = await this.#opened(signal);
      session.met ??= await session.meet(signal);
      const { device, endpoint, connection } = session.met;
      this.#options.met(device, endpoint);
      this.#tell(session);
      void this.#recheck(session, signal);
      return connection;
    } catch (error) {
      this.askAgain();
      this.#options.unmet();
      throw error;
    }
  }

  /** The device says anew who it is: it may have been rebooted, replaced, or not be the active one any more. */
  askAgain(): void {
    if (this.#session !== undefined) this.#session.met = undefined;
  }

  /** Closes a connection whose settings are others by now: 'incomplete' when there are none to open it anew with. */
  review(): 'same' | 'changed' | 'incomplete' {
    const before = this.#session?.settings;
    if (before === undefined) return 'same';
    const wanted = this.#wanted();
    if (wanted !== undefined && sameConnection(before, wanted)) return 'same';
    void this.close();
    return wanted === undefined ? 'incomplete' : 'changed';
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.members.close();
  }

  /** Who refuses is asked again now and then, while the other one is used. */
  async #recheck(session: Session, signal: AbortSignal): Promise<void> {
    if ((await session.members.recheck(signal)) && this.#session === session) this.#tell(session);
  }

  #tell({ members }: Session): void {
    const told = members.refusals.map(({ message }) => message).join('; ');
    if (told === this.#told) return;
    this.#told = told;
    this.#options.passedOver(members.refusals);
  }

  async #opened(signal: AbortSignal): Promise<Session> {
    for (;;) {
      try {
        return (this.#session ??= this.#open());
      } catch (error) {
        const isYoung = this.#options.now() - this.#createdAt < secretGraceMs;
        if (!isYoung || !(error instanceof DeviceError) || error.reason !== 'SecretMissing') throw error;
        await pause(secretPollMs, signal);
      }
    }
  }

  #open(): Session {
    const settings = connectionSettings(this.#options.settings(), this.#options.secrets);
    const members = new Members(
      settings.map((one) => ({ endpoint: one.endpoint, connection: this.#options.open(one) })),
      this.#options.timing,
    );
    return { settings, members, meet: singleFlight((signal) => members.meet(signal)), met: undefined };
  }

  #wanted(): readonly ConnectionSettings[] | undefined {
    try {
      return connectionSettings(this.#options.settings(), this.#options.secrets);
    } catch {
      return undefined;
    }
  }
}

function sameConnection(a: readonly ConnectionSettings[], b: readonly ConnectionSettings[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
