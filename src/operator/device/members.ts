// The devices that one PanFirewall names: one alone, or the two Panoramas of an HA pair, of which the active one is used.

import { DeviceError } from '../../core/model/device-error.ts';
import { worst } from '../../core/model/finding.ts';
import type { Timing } from '../../core/model/timing.ts';
import { haRole, haWords } from '../../core/device/ha-state.ts';
import { type Backoff, createBackoff } from './device-backoff.ts';
import { type Connection, type DeviceInfo, isPanorama } from './device-port.ts';
import { witnessed } from './witness.ts';

type Member = {
  readonly endpoint: string;
  readonly connection: Connection;
};

/** `inPair`: the same connection, whose answers count while the member is active. */
type Candidate = Member & { readonly inPair: Connection };

/** The device to use by now, and the way to it. */
export type Met = { readonly device: DeviceInfo; readonly endpoint: string; readonly connection: Connection };

/** One of two that refused the credentials or a right, and when it is asked again, monotonic ms. */
type Refusal = { readonly failure: DeviceError; readonly backoff: Backoff; notBefore: number };

export class Members {
  /** The one that was used last comes first. */
  #members: readonly Candidate[];

  readonly #refusals = new Map<Candidate, Refusal>();
  readonly #patienceMs: number;
  readonly #now: () => number;

  /** @param now monotonic ms. */
  constructor(
    members: readonly Member[],
    { pairPatienceMs }: Pick<Timing, 'pairPatienceMs'>,
    now = () => performance.now(),
  ) {
    this.#patienceMs = pairPatienceMs;
    this.#now = now;
    this.#members = members.map((member) => {
      const { connection } = member;
      return { ...member, inPair: witnessed(connection, (signal) => expectActive(connection, signal)) };
    });
  }

  /** What members that are not used said when they refused the credentials: should the other fail over, nothing works. */
  get refusals(): readonly DeviceError[] {
    return [...this.#refusals.values()].map(({ failure }) => failure);
  }

  /**
   * Asks one after the other who it is and whether it is active. One that refused the credentials is asked again in its
   * time, so that the other one can be asked every few seconds. @throws DeviceError when none is to be used.
   */
  async meet(signal: AbortSignal): Promise<Met> {
    const failures: DeviceError[] = [];
    const isAskable = this.#members.some((member) => !this.#refusals.has(member));
    for (const member of this.#members) {
      const refusal = this.#refusals.get(member);
      if (isAskable && refusal !== undefined && this.#now() < refusal.notBefore) {
        failures.push(refusal.failure);
        continue;
      }
      try {
        const met = await this.#ask(member, signal);
        this.#refusals.delete(member);
        this.#members = [member, ...this.#members.filter((other) => other !== member)];
        return met;
      } catch (error) {
        if (!(error instanceof DeviceError) || error.reason === 'InvalidSpec') throw error;
        this.#noteRefusal(member, error);
        failures.push(error);
      }
    }
    throw together(failures);
  }

  /** Asks those that refused the credentials, in their time. True when one takes them by now. */
  async recheck(signal: AbortSignal): Promise<boolean> {
    const before = this.#refusals.size;
    for (const [member, refusal] of this.#refusals) {
      if (this.#now() < refusal.notBefore) continue;
      refusal.notBefore = this.#now() + refusal.backoff.next(refusal.failure);
      const patience = AbortSignal.any([signal, AbortSignal.timeout(this.#patienceMs)]);
      try {
        await answers(member, patience);
        this.#refusals.delete(member);
      } catch (error) {
        if (!(error instanceof DeviceError) && !patience.aborted) throw error;
      }
    }
    return this.#refusals.size < before;
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ connection }) => connection.close()));
  }

  #noteRefusal(member: Candidate, failure: DeviceError): void {
    const { reason, refusesPass } = failure;
    if (this.#members.length === 1) return;
    if (reason !== 'AuthenticationFailed' && reason !== 'RoleNotAuthorized' && !refusesPass) {
      this.#refusals.delete(member);
      return;
    }
    const { backoff } = this.#refusals.get(member) ?? { backoff: createBackoff() };
    this.#refusals.set(member, { failure, backoff, notBefore: this.#now() + backoff.next(failure) });
  }

  async #ask(member: Candidate, signal: AbortSignal): Promise<Met> {
    if (this.#members.length === 1) return this.#meetOne(member, signal);
    const patience = AbortSignal.timeout(this.#patienceMs);
    try {
      return await this.#meetOne(member, AbortSignal.any([signal, patience]));
    } catch (error) {
      if (error instanceof DeviceError) throw error.with({ problem: `${member.endpoint}: ${error.problem}` });
      if (signal.aborted || !patience.aborted) throw error;
      throw unavailable(`${member.endpoint} has not answered for ${this.#patienceMs / 1000} s`);
    }
  }

  async #meetOne({ endpoint, connection, inPair }: Candidate, signal: AbortSignal): Promise<Met> {
    const device = await connection.call({ ask: 'info', serial: undefined }, signal);
    const isPair = this.#members.length > 1;
    if (!isPanorama(device)) {
      if (isPair) throw notForFirewalls(device);
      return { device, endpoint, connection };
    }
    const ha = await connection.call({ ask: 'haState', serial: undefined }, signal);
    const role = haRole(ha);
    if (role === 'alone' && !isPair) return { device, endpoint, connection };
    if (role !== 'active') throw notActive(haWords(ha), isPair);
    return { device, endpoint, connection: inPair };
  }
}

/** Takes the credentials, and has the rights to say who it is. @throws DeviceError */
async function answers({ connection }: Member, signal: AbortSignal): Promise<void> {
  await connection.call({ ask: 'info', serial: undefined }, signal);
  await connection.call({ ask: 'haState', serial: undefined }, signal);
}

async function expectActive(connection: Connection, signal: AbortSignal): Promise<void> {
  const ha = await connection.call({ ask: 'haState', serial: undefined }, signal);
  if (haRole(ha) === 'active') return;
  throw unavailable(
    `the Panorama is no longer the active member of its HA pair: its HA state is ${haWords(ha)}. ` +
      'Its last update is sent again to the active one',
  );
}

function notActive(words: string, isPair: boolean): DeviceError {
  const next = isPair ? '' : '. Set spec.peerEndpoint to the other member of its HA pair';
  return unavailable(`this Panorama is not active: its HA state is ${words}${next}`);
}

function notForFirewalls({ model }: DeviceInfo): DeviceError {
  const message =
    `spec.peerEndpoint is for an HA pair of Panoramas, but this is a ${model}: remove it; for an HA pair of firewalls ` +
    'create two PanFirewalls';
  return new DeviceError('InvalidSpec', message, { retry: 'slow', applied: 'no' });
}

function unavailable(message: string): DeviceError {
  return new DeviceError('DeviceUnavailable', message, { retry: 'backoff', applied: 'no' });
}

/** Of several, what each of them said, under the gravest reason. */
function together(failures: readonly DeviceError[]): DeviceError {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return first;
  const reason = worst(failures)?.reason ?? 'DeviceUnavailable';
  const message = `no member of the HA pair can be used: ${failures.map((one) => one.message).join('; ')}`;
  const retry = failures.every((one) => one.retry === 'slow') ? 'slow' : 'backoff';
  const refusesPass = failures.some((one) => one.refusesPass);
  const someAway = failures.some(isAway);
  return new DeviceError(reason, message, { retry, applied: 'no', refusesPass, someAway, cause: first });
}

/** It may be used as soon as it answers, or turns active. */
function isAway({ reason, retry, refusesPass }: DeviceError): boolean {
  return reason === 'DeviceUnavailable' && retry === 'backoff' && !refusesPass;
}
