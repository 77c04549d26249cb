// Unregisters all of our tags in one table, the ownership mark last, and reports the outcome.

import { DeviceError } from '../../core/model/device-error.ts';
import type { Batch } from '../../core/message/batch.ts';
import type { Finding } from '../../core/model/finding.ts';
import type { PurgeOutcome } from '../../core/lifecycle/farewell.ts';
import {
  conflictOf,
  markerAddress,
  markerTag,
  type Ownership,
  sight,
  unknownOwnership,
} from '../../core/rights/ownership.ts';
import type { RefusedPair } from '../../core/message/refusals.ts';
import { purgeObstacle } from '../../core/rights/write-mode.ts';
import type { TableView } from '../../core/status/table-health.ts';
import type { TagSet } from '../../core/model/tag-set.ts';
import type { Connection, RegisteredIp } from '../device/device-port.ts';
import { type CallKind, Outage } from '../device/outage.ts';
import { batchesOf, item, sendInHalves } from './purge-messages.ts';
import type { TableContext, TableRunner } from './table-context.ts';
import { toReading } from './table-reading.ts';

export type TablePurgeParts = {
  /** What the cluster wants at an address: of a table without our mark, nothing else is known to be ours. */
  readonly wanted: (address: string) => TagSet;
  /** Monotonic ms: until then an earlier message without an answer may still take effect. */
  readonly unsureUntil: number;
};

type Found = {
  /** address -> tags under our prefix, the mark left out. */
  readonly owned: ReadonlyMap<string, TagSet>;
  readonly ownership: Ownership;
  /** Everything was read. */
  readonly agreed: boolean;
};

const purging: Finding = {
  reason: 'Purging',
  message: 'our tags are being unregistered: the PanFirewall is being deleted, or the table left spec.tables',
};
/** How often it is asked whether an elder PanFirewall has the table. */
const precedenceMs = 1000;
/** A reading that was not complete is repeated after so many times its own duration. */
const readSpacing = 20;

export class TablePurge implements TableRunner {
  readonly #context: TableContext;
  readonly #parts: TablePurgeParts;
  readonly #outage: Outage;
  #reading = { known: false, owned: 0, foreign: 0 };
  /** Addresses unregistered so far. */
  #done = 0;
  #outcome: PurgeOutcome | undefined;
  #lost = AbortSignal.abort();
  /** What is being asked of the device. */
  #calling: CallKind = 'connect';

  constructor(context: TableContext, parts: TablePurgeParts) {
    this.#context = context;
    this.#parts = parts;
    this.#outage = new Outage('purge', context.log);
  }

  get unsureUntil(): number {
    return this.#parts.unsureUntil;
  }

  /** undefined while it goes on. */
  get outcome(): PurgeOutcome | undefined {
    return this.#outcome;
  }

  /** What keeps it from being completed. */
  get obstacle(): string {
    return this.#outage.failing?.message ?? 'the device has not answered yet';
  }

  /** Credentials, trust or settings changed: what failed may work now. */
  retryNow(): void {
    this.#outage.retryNow();
  }

  view(): TableView {
    const { known, owned, foreign } = this.#reading;
    return {
      firewall: this.#context.name,
      failing: this.#outage.failing,
      aside: purging,
      known,
      owned,
      foreign,
      pending: owned,
      held: [],
      guardWindow: [],
      conflict: undefined,
      notes: [],
      refused: undefined,
      oldestPendingAt: undefined,
      lastConfirmedAt: Number.NEGATIVE_INFINITY,
    };
  }

  /** Until it is over, or the signal; a message in flight is allowed to end, unless `lost` aborts. Never rejects for a device's sake. */
  async run(signal: AbortSignal, lost: AbortSignal): Promise<void> {
    this.#lost = lost;
    while (this.#outcome === undefined && !signal.aborted) {
      try {
        await this.#round(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof DeviceError)) throw error;
        this.#context.observer.failed(error);
        await this.#outage.failed(this.#calling, error, signal);
      }
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { now } = this.#context;
    const { unsureUntil } = this.#parts;
    this.#calling = 'connect';
    const connection = await this.#context.connect(signal);
    this.#outage.succeeded('connect');
    const place = this.#context.precedence;
    if (place.kind === 'wait') return this.#outage.pause(precedenceMs, signal);
    if (place.kind === 'taken')
      return this.#end({
        kind: 'left',
        why: `PanFirewall ${place.by}, which ${place.byYounger ? 'kept it before' : 'is older'}, keeps the same table`,
      });
    const startedAt = now();
    const { owned, ownership, agreed } = await this.#read(connection, signal);
    const readMs = now() - startedAt;
    const conflict = conflictOf(ownership, this.#context.name);
    if (conflict !== undefined) return this.#end({ kind: 'left', why: conflict });
    if (this.#yields(owned, ownership)) return;
    const ours = this.#ours(owned, ownership);
    await this.#unregisterAll(connection, ours, signal);
    this.#outage.succeeded('write');
    if (this.#yields(owned, ownership)) return;
    if (!agreed) return this.#outage.pause(readMs * readSpacing, signal);
    if (now() < unsureUntil) return this.#outage.pause(unsureUntil - now(), signal);
    if (ownership.kind === 'owner') await this.#unmark(connection);
    this.#end(this.#verdict(owned, ours));
  }

  async #read(connection: Connection, signal: AbortSignal): Promise<Found> {
    const { ref, self, observer } = this.#context;
    this.#calling = 'read';
    const { entries, agreed } = await connection.call({ ask: 'readAll', table: ref }, signal);
    const { owned, others } = toReading(entries, self.prefix);
    const shared = [...owned.keys()].filter((address) => others.has(address)).length;
    this.#reading = { known: true, owned: owned.size, foreign: others.size - shared };
    this.#outage.succeeded('read');
    observer.changed();
    return { owned, agreed, ownership: sight(unknownOwnership, marksIn(entries), self) };
  }

  /** Ends it where the spec forbids to write; what was never written to is clean all the same. */
  #yields(owned: Found['owned'], { kind }: Ownership): boolean {
    const why = purgeObstacle(this.#context.settings);
    if (why === undefined) return false;
    const untouched = owned.size === 0 && kind !== 'owner';
    this.#end(untouched ? { kind: 'clean', addresses: 0 } : { kind: 'left', why });
    return true;
  }

  /** Under a prefix that was never marked there may be tags that somebody else left there before us. */
  #ours(owned: Found['owned'], { kind }: Ownership): ReadonlyMap<string, TagSet> {
    if (kind === 'owner') return owned;
    const wanted = [...owned].map(([address, tags]) => {
      const here = this.#parts.wanted(address);
      return [address, tags.filter((tag) => here.includes(tag))] as const;
    });
    return new Map(wanted.filter(([, tags]) => tags.length > 0));
  }

  /** @throws DeviceError also where the device refuses a pair. */
  async #unregisterAll(
    connection: Connection,
    ours: ReadonlyMap<string, TagSet>,
    signal: AbortSignal,
  ): Promise<void> {
    const { log, now } = this.#context;
    const refused: RefusedPair[] = [];
    for (const batch of batchesOf(ours, now())) {
      signal.throwIfAborted();
      if (purgeObstacle(this.#context.settings) !== undefined) return;
      const refusedPairs = await this.#send(connection, batch);
      refused.push(...refusedPairs);
      const whole = batch.filter(
        ({ address }) => !refusedPairs.some((one) => one.address === address),
      ).length;
      this.#done += whole;
      this.#reading = { ...this.#reading, owned: this.#reading.owned - whole };
      log.info(
        { addresses: batch.length, rejected: refusedPairs.length, left: this.#reading.owned },
        'table purged',
      );
    }
    const [first] = refused;
    if (first !== undefined) throw refusal(first);
  }

  async #unmark(connection: Connection): Promise<void> {
    const { self, now, log } = this.#context;
    const batch = [item(markerAddress, [markerTag(self)], now())];
    const [refused] = await this.#send(connection, batch);
    if (refused !== undefined) throw refusal(refused);
    log.info('ownership mark removed');
  }

  #send(connection: Connection, batch: Batch): Promise<readonly RefusedPair[]> {
    return sendInHalves(batch, this.#context.now, (part) => this.#sendOne(connection, part));
  }

  async #sendOne(connection: Connection, batch: Batch): Promise<readonly RefusedPair[]> {
    const { ref, observer, now } = this.#context;
    this.#calling = 'write';
    try {
      const refusedPairs = await connection.call({ ask: 'send', table: ref, batch }, this.#lost);
      observer.confirmed(batch, refusedPairs, now());
      return refusedPairs;
    } catch (error) {
      if (error instanceof DeviceError && error.applied === 'unknown') observer.unanswered(batch);
      throw error;
    }
  }

  #verdict(owned: Found['owned'], ours: Found['owned']): PurgeOutcome {
    const isLeft = ([address, tags]: readonly [string, TagSet]) =>
      tags.length > (ours.get(address)?.length ?? 0);
    const [example] = [...owned]
      .filter(isLeft)
      .map(([address]) => address)
      .sort();
    if (example === undefined) return { kind: 'clean', addresses: this.#done };
    const why = `tags under the prefix ${this.#context.self.prefix} were never marked as ours, such as those of ${example}`;
    return { kind: 'left', why };
  }

  #end(outcome: PurgeOutcome): void {
    const { log, observer } = this.#context;
    this.#outcome = outcome;
    this.#outage.forget();
    log.info({ outcome }, 'table purge finished');
    observer.changed();
  }
}

/** What the device itself has at the marker address; what it learned from an agent says nothing about it. */
function marksIn(entries: readonly RegisteredIp[]): string[] {
  return entries.flatMap(({ ip, fromAgent, tags }) => (ip === markerAddress && !fromAgent ? tags : []));
}

function refusal({ address, tag, message }: RefusedPair): DeviceError {
  const what = `the device refuses to unregister ${tag ?? 'the tags'} of ${address}: ${message}`;
  return new DeviceError('RegistrationRejected', what, { retry: 'backoff', applied: 'unknown' });
}
