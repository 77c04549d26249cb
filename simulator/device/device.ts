// One PAN-OS device: what it holds, and what a restart leaves of it.

import { AddressGroups } from './address-groups.ts';
import { CommandError } from '../xml/command-error.ts';
import { done, type Reply } from '../http/call.ts';
import { configReply } from '../commands/config-commands.ts';
import { fillText } from '../failure-texts.ts';
import { featuresOf, type Features } from './features.ts';
import { isPassive, type Ha } from './ha.ts';
import { isPanorama, versionReply, type DeviceState, type Identity } from './identity.ts';
import type { OpCommand } from '../commands/op-commands.ts';
import type { FleetView } from '../panorama/fleet-view.ts';
import { RegisteredIps, type Refusal } from './registered-ips.ts';
import { pairFailures, uidReply } from '../xml/replies.ts';
import type { Settings } from '../settings.ts';
import type { RegisteredIpTable } from './table.ts';
import type { UidMessage } from '../commands/uid-message.ts';
import { Users } from './users.ts';
import { WorkQueue } from '../http/work-queue.ts';

type DeviceOptions = {
  readonly identity: Identity;
  readonly vsys: readonly string[];
  readonly settings: Settings;
  readonly refusal: Refusal;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Of a Panorama. */
  readonly fleet?: FleetView | undefined;
};

export class Device {
  settings: Settings;
  ha: Ha | undefined;
  /** Of a member of an HA pair: the other one, and what swaps their states. */
  pair: { readonly peer: Device; readonly failOver: () => void } | undefined;
  readonly queue: WorkQueue;
  readonly registeredIps: RegisteredIps;
  readonly addressGroups = new AddressGroups();
  readonly #options: DeviceOptions;
  readonly #users: ReadonlyMap<string, Users>;
  #identity: Identity;
  #bootedAt: number;

  constructor(options: DeviceOptions) {
    this.#options = options;
    const { vsys, refusal, clock } = options;
    const settings = (): Settings => this.settings;
    this.settings = options.settings;
    this.#identity = options.identity;
    this.queue = new WorkQueue(settings);
    this.registeredIps = new RegisteredIps({ vsys, settings, features: () => this.features, refusal });
    this.#users = new Map(vsys.map((name) => [name, new Users(settings)]));
    this.#bootedAt = clock();
  }

  get identity(): Identity {
    return this.#identity;
  }

  get isPanorama(): boolean {
    return isPanorama(this.#identity);
  }

  get features(): Features {
    return featuresOf(this.#identity.swVersion);
  }

  get vsys(): readonly string[] {
    return this.#options.vsys;
  }

  /** The tables as they are now. */
  tables(): ReadonlyMap<string, RegisteredIpTable> {
    return this.registeredIps.tables(this.#options.clock());
  }

  /** The users by vsys as they are now. */
  users(): ReadonlyMap<string, Users> {
    for (const users of this.#users.values()) users.expire(this.#options.clock());
    return this.#users;
  }

  /** Loses what is not persistent, and what was in work; comes up with another release where one is given. */
  reboot(swVersion?: string): void {
    for (const table of this.tables().values()) table.reboot();
    for (const users of this.#users.values()) users.reboot();
    this.queue.clear();
    this.#bootedAt = this.#options.clock();
    this.#identity = { ...this.#identity, swVersion: swVersion ?? this.#identity.swVersion };
  }

  /** As at the start, but for the HA state. */
  reset(): void {
    for (const table of this.tables().values()) table.clear();
    for (const users of this.#users.values()) users.clear();
    this.addressGroups.clear();
    this.settings = this.#options.settings;
    this.#identity = this.#options.identity;
  }

  version(): Reply {
    if (!this.features.versionType)
      throw new CommandError(400, 'Illegal value for parameter "type" [version].');
    return { ...done, body: versionReply(this.#identity, this.#state().multiVsys) };
  }

  op(command: OpCommand, vsys: string): Reply {
    const table = (): RegisteredIpTable => this.#of(this.tables(), vsys);
    const users = (): Users => this.#of(this.users(), vsys);
    const { identity, features, settings, addressGroups, ha } = this;
    const { fleet } = this.#options;
    const state = this.#state();
    const context = { identity, features, state, settings, vsys, table, users, addressGroups, ha, fleet };
    return { ...done, ...command.answer(context) };
  }

  config(parameters: ReadonlyMap<string, string>): Reply {
    return { ...done, body: configReply(parameters, { vsys: this.vsys, fleet: this.#options.fleet }) };
  }

  /** A message to this device itself. A passive firewall may also take it without an effect (facts 7.5). */
  message(message: UidMessage, vsys: string): Reply {
    this.denyWhenPassive();
    const isSilent = isPassive(this.ha) && !this.isPanorama && this.settings.whenPassive === 'silent';
    return isSilent ? pretended(message) : this.#apply(message, vsys);
  }

  /** Throws CommandError 15 where a passive member says no (facts 3, 7.5). */
  denyWhenPassive(): void {
    if (!isPassive(this.ha) || this.settings.whenPassive !== 'deny') return;
    throw new CommandError(15, fillText(this.settings.failureTexts.passivePeer, {}));
  }

  /** Throws CommandError 400 for a vsys that there is not. */
  expectVsys(vsys: string): void {
    this.#of(this.tables(), vsys);
  }

  #apply(message: UidMessage, vsys: string): Reply {
    const users = this.#of(this.users(), vsys);
    const now = this.#options.clock();
    const pairs = this.registeredIps.apply(message, vsys, now);
    const failures = [...pairFailures(pairs, this.settings), ...users.apply(message, now)];
    if (this.settings.haSyncsRegistrations) this.pair?.peer.synchronize(message, vsys);
    return { ...done, ...uidReply(message.sections, failures), pairs };
  }

  /** Takes over what a message did to the other member. */
  synchronize(message: UidMessage, vsys: string): void {
    const now = this.#options.clock();
    if (!this.tables().has(vsys)) return;
    this.registeredIps.apply(message, vsys, now);
    this.users().get(vsys)?.apply(message, now);
  }

  #of<T>(byVsys: ReadonlyMap<string, T>, vsys: string): T {
    const found = byVsys.get(vsys);
    if (found === undefined) {
      throw new CommandError(400, `Parameter "vsys" names no virtual system: ${vsys.slice(0, 64)}`);
    }
    return found;
  }

  #state(): DeviceState {
    const { vsys, clock } = this.#options;
    return { multiVsys: vsys.length > 1, bootedAt: this.#bootedAt, now: clock() };
  }
}

/** The answer to a message as if all of it had been done. */
export const pretended = ({ sections }: UidMessage): Reply => ({ ...done, ...uidReply(sections, []) });
