// This process's hold on the Lease: what was last seen of it, since when, and the writes that take, keep and release it.

import { freeFrom, leaseTimes } from '../../core/lifecycle/leader-lease.ts';
import type { Lease, LeaseClient } from '../../kubernetes/leases/lease.ts';
import type { Clocks, Moment } from './term.ts';

export type LeaseHoldOptions = {
  readonly client: LeaseClient;
  /** Unique among all processes that ever ask for the Lease. */
  readonly identity: string;
  readonly clocks: Clocks;
  /** Told when the Lease is older than it was: the API server has been restored from a backup. */
  readonly turnedBack?: () => void;
};

/** One call; the next one goes over another connection, should this one be dead. */
const callMs = 3_000;
const released = { holder: '', termMs: 1_000 };

/** Every call rejects as KubeHttp's do. */
export class LeaseHold {
  readonly #options: LeaseHoldOptions;
  /** What was last read or written, and when that was first known. */
  #seen: { readonly lease: Lease | undefined; readonly at: Moment } | undefined;

  constructor(options: LeaseHoldOptions) {
    this.#options = options;
  }

  get lease(): Lease | undefined {
    return this.#seen?.lease;
  }

  /** When the Lease was first seen as it is. */
  get seenAt(): Moment | undefined {
    return this.#seen?.at;
  }

  get isOurs(): boolean {
    return this.lease?.holder === this.#options.identity;
  }

  /** Whether somebody else holds it, alive or not. */
  get isOthers(): boolean {
    return !this.isOurs && (this.lease?.holder ?? '') !== '';
  }

  /** How long until it may be taken, as far as was seen; 0: now. */
  get waitMs(): number {
    if (this.#seen?.lease === undefined) return 0;
    const { identity, clocks } = this.#options;
    const { lease, at } = this.#seen;
    return Math.max(0, freeFrom({ ...lease, at: at.now }, identity) - clocks.now());
  }

  async look(signal: AbortSignal): Promise<void> {
    this.#saw(await this.#options.client.read({ signal, timeoutMs: callMs }));
  }

  /** Writes our claim over what was last seen; tells when that was sent, undefined when the Lease has changed since. */
  async acquireOrRenew(signal: AbortSignal): Promise<Moment | undefined> {
    const { client, identity } = this.#options;
    const begunAt = this.#moment();
    const claim = { holder: identity, termMs: leaseTimes.term, at: begunAt.wall };
    const lease = await client.write(claim, this.lease, { signal, timeoutMs: callMs });
    if (lease === undefined) return undefined;
    this.#saw(lease);
    return begunAt;
  }

  /** Lets the next one have it at once. @param ledUntil ms since the epoch; absent: until now. The next start reads it. */
  async release(signal: AbortSignal, ledUntil?: number): Promise<void> {
    const { client, clocks } = this.#options;
    const claim = { ...released, at: ledUntil ?? clocks.wall() };
    const call = { signal, timeoutMs: callMs };
    if ((await client.write(claim, this.lease, call)) !== undefined) return;
    // A renewal that was given up may have been written all the same.
    await this.look(signal);
    if (this.isOurs) await client.write(claim, this.lease, call);
  }

  /** The clock is read after the answer has come: to see a change late only means to wait longer. */
  #saw(lease: Lease | undefined): void {
    const before = this.#seen?.lease;
    // A server that was restored from a backup may give a version twice.
    const same = before?.version === lease?.version && before?.renewedAt === lease?.renewedAt;
    if (this.#seen === undefined || !same) this.#seen = { lease, at: this.#moment() };
    // Versions are revisions of etcd, and reads of a single object are never stale.
    if (Number(lease?.version) < Number(before?.version)) this.#options.turnedBack?.();
  }

  #moment(): Moment {
    const { now, wall } = this.#options.clocks;
    return { now: now(), wall: wall() };
  }
}
