// Keeps a sink equal to one resource of the API server: list, watch, and list again whenever a watch cannot go on.

import { onAbort } from '../../signals/abort.ts';
import { auditRegularly } from './audit.ts';
import { monotonicClock } from './clock.ts';
import { judge, refusesWatchList } from '../errors/failure.ts';
import { WatchHealth } from './watch-health.ts';
import type { Query } from '../client/http.ts';
import { Intake, WatchListIgnoredError } from './intake.ts';
import { DecodeError, KubeApiError, KubeUnreachableError } from '../errors/kube-errors.ts';
import { listPages } from './list-pages.ts';
import { PositionCheck } from './position-check.ts';
import { probeRegularly } from './probe.ts';
import type { Reflector, ReflectorOptions, ReflectorState } from './reflector-options.ts';
import type { ResourceReader } from './resource-reader.ts';
import { followWatch, type WatchEnd } from './watch-stream.ts';

export type { Sink } from './intake.ts';
export type { Change, Origin } from './record-store.ts';
export type * from './reflector-options.ts';

const defaults = {
  protobuf: true,
  pageSize: 500,
  inactivityMs: 90_000,
  clock: monotonicClock,
  random: Math.random,
};
/** Each watch lasts 5 to 10 minutes, as with client-go, so that many of them do not end together. */
const watchSeconds = { minimum: 300, spread: 300 };
/** A watch that ends sooner than this is a failure, not the end of its time. */
const shortWatchMs = 1000;
const maxProtobufFailures = 3;
const turnedBack = new KubeApiError({
  code: 410,
  reason: 'Expired',
  message: 'the API server has gone back to an older state',
  retryAfterSeconds: undefined,
});

export function createReflector<R>(options: ReflectorOptions<R>): Reflector {
  const loop = new ReflectorLoop(options);
  return {
    run: (signal) => loop.run(signal),
    state: () => loop.state(),
    startAnew: () => loop.startAnew(),
  };
}

class ReflectorLoop<R> {
  readonly #options: ReflectorOptions<R> & typeof defaults;
  readonly #intake: Intake<R>;
  readonly #health: WatchHealth;
  readonly #check: PositionCheck;
  #protobuf: boolean;
  #protobufFailures = 0;
  #watchListServed = true;
  #lastActivityAt: number;
  /** Ends the watch that is open with what a probe was answered. */
  #endWatch: (reason: KubeApiError) => void = () => undefined;

  constructor(given: ReflectorOptions<R>) {
    const options = { ...defaults, ...given };
    const { log, clock, random } = options;
    this.#options = options;
    this.#intake = new Intake(options.sink);
    this.#health = new WatchHealth({ log, clock, random });
    this.#check = new PositionCheck(options);
    this.#protobuf = options.protobuf && options.decoder.protobuf !== undefined;
    this.#lastActivityAt = clock.now();
  }

  state(): ReflectorState {
    return {
      synced: this.#intake.synced,
      failing: this.#health.failing,
      lastActivityAt: this.#lastActivityAt,
      resourceVersion: this.#intake.position,
    };
  }

  startAnew(): void {
    this.#intake.forgetPosition();
    this.#endWatch(turnedBack);
  }

  async run(signal: AbortSignal): Promise<void> {
    // A bug in one part must not leave the others running.
    const controller = new AbortController();
    const stop = () => controller.abort();
    const unlisten = onAbort(signal, stop);
    const parts = [
      this.#reflect(controller.signal),
      this.#audit(controller.signal),
      this.#probe(controller.signal),
    ];
    for (const part of parts) part.catch(stop);
    try {
      await Promise.allSettled(parts);
      await Promise.all(parts);
    } finally {
      unlisten();
    }
  }

  async #reflect(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#options.observer.watchRestart(await this.#cycle(signal));
      } catch (error) {
        await this.#recover(error, signal);
      }
    }
  }

  /** Learns until a watch ends, from where we are or else from a list; returns why it ended. */
  async #cycle(signal: AbortSignal): Promise<WatchEnd> {
    if (this.#intake.position === undefined) {
      const end = await this.#watchFromNothing(signal);
      if (end !== undefined) return end;
      await this.#readPages(signal);
    } else {
      if (await this.#check.before(this.#intake.position, signal)) this.#heard();
      if (this.#intake.position === undefined) return this.#cycle(signal);
    }
    return this.#watch({ resourceVersion: this.#intake.position }, signal);
  }

  /** A WatchList: what exists as events, then what happens, in one stream. Undefined: the server does not do it. */
  async #watchFromNothing(signal: AbortSignal): Promise<WatchEnd | undefined> {
    if (!this.#watchListServed) return undefined;
    this.#intake.beginList();
    try {
      return await this.#watch({ sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }, signal);
    } catch (error) {
      const refused = error instanceof WatchListIgnoredError || refusesWatchList(error);
      if (!this.#intake.listing || !refused) throw error;
      this.#watchListServed = false;
      this.#options.log.info({}, 'WatchList not supported, listing in pages');
      return undefined;
    }
  }

  async #readPages(signal: AbortSignal): Promise<void> {
    this.#intake.beginList();
    let resourceVersion = '';
    for await (const page of listPages(this.#reader(), { pageSize: this.#options.pageSize, signal })) {
      this.#heard();
      this.#intake.add(page.entries);
      resourceVersion = page.resourceVersion;
    }
    await this.#intake.endList(resourceVersion);
  }

  async #watch(query: Query, signal: AbortSignal): Promise<WatchEnd> {
    const { clock, inactivityMs, random, resource } = this.#options;
    const startedAt = clock.now();
    const timeoutSeconds = watchSeconds.minimum + Math.floor(random() * watchSeconds.spread);
    const doubt = new AbortController();
    this.#endWatch = (reason) => doubt.abort(reason);
    const end = await followWatch(this.#reader(), {
      query: { ...query, timeoutSeconds },
      inactivityMs,
      clock,
      onOpen: () => this.#good(),
      onActivity: () => this.#heard(),
      onEvents: (events) => {
        const pending = this.#intake.take(events);
        return pending === undefined ? this.#good() : pending.then(() => this.#good());
      },
      signal: AbortSignal.any([signal, doubt.signal]),
    });
    if (this.#intake.listing) {
      const [code, what] = end === 'Inactive' ? ['INACTIVE', 'fell silent'] : ['CUT', 'ended'];
      throw new KubeUnreachableError(code, `${resource.name}: the list ${what} half-way`);
    }
    // A dead connection, or nothing to tell: the next one shows which, so this is no failure yet.
    if (end === 'Inactive') return end;
    if (clock.now() - startedAt < shortWatchMs) {
      throw new KubeUnreachableError('ENDED', `${resource.name}: the server ended a watch at once`);
    }
    return end;
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const { probeMs, clock, random } = this.#options;
    if (probeMs === undefined) return;
    const ask = async (): Promise<void> => {
      const { position } = this.#intake;
      const good = this.#health.failing === undefined && this.#check.listGranted;
      if (good && position !== undefined) await this.#check.ask(position, signal);
    };
    const refused = (error: KubeApiError) => this.#endWatch(error);
    await probeRegularly({ intervalMs: probeMs, clock, random, ask, refused }, signal);
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { resource, observer, clock } = this.#options;
    const failure = judge(error, resource.name);
    if (failure === undefined) {
      // Our own abort comes back as whatever reason it was given.
      if (signal.aborted && error === signal.reason) return;
      throw error;
    }
    if (failure.relist) this.#intake.forgetPosition();
    if (error instanceof DecodeError) this.#blameProtobuf();
    observer.watchRestart(failure.reason);
    await clock.sleep(this.#health.failed(failure), signal);
  }

  #blameProtobuf(): void {
    if (!this.#protobuf) return;
    this.#protobufFailures += 1;
    if (this.#protobufFailures < maxProtobufFailures) return;
    this.#protobuf = false;
    this.#options.log.warn({}, 'protobuf decoding failed, falling back to JSON');
  }

  async #audit(signal: AbortSignal): Promise<void> {
    const { resyncMs, pageSize, log, observer, clock, random } = this.#options;
    if (resyncMs === undefined) return;
    const reader = () => this.#reader();
    const common = { pageSize, log, observer, clock, random };
    await auditRegularly({ ...common, reader, intake: this.#intake, intervalMs: resyncMs }, signal);
  }

  #reader(): ResourceReader<R> {
    const { http, resource, decoder } = this.#options;
    return { http, resource, decoder, protobuf: this.#protobuf };
  }

  #heard(): void {
    this.#lastActivityAt = this.#options.clock.now();
    this.#options.observer.activity();
  }

  /** While a list is incomplete nothing is good yet. */
  #good(): void {
    if (!this.#intake.listing) this.#health.good();
  }
}
