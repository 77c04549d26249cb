// An API server as a model: objects, versions and a history in memory, which fails in every way that it is told to.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  KubeHttp,
  KubeRequest,
  KubeStreamRequest,
  VisitChunk,
} from '../../../src/kubernetes/client/http.ts';
import { KubeApiError, KubeUnreachableError } from '../../../src/kubernetes/errors/kube-errors.ts';
import { failure } from './scripted-api.ts';

type Thing = { readonly name: string; readonly uid: string; readonly version: number };
type State = ReadonlyMap<string, Thing>;
type HistoryEvent = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly thing: Thing };

const json = { 'content-type': 'application/json' };

export class ModelApi {
  #state = new Map<string, Thing>();
  #history: HistoryEvent[] = [];
  #version = 1;
  /** Watches from before this version have expired. */
  #oldest = 1;
  #uids = 0;
  readonly #open = new Set<Connection>();
  readonly #snapshots = new Map<number, State>([[1, new Map()]]);
  /** Every uid that was ever deleted, or undone by a restore. */
  readonly everGone = new Set<string>();
  watchListServed = true;
  /** The next requests fail with these. */
  readonly failures: (() => unknown)[] = [];
  /** The next WatchLists break after so many events. */
  readonly listBreaks: number[] = [];
  /** Where a list in pages is cut: its snapshot expires after so many pages. */
  readonly pageBreaks: number[] = [];
  /** Events that are not told to open watches: what an audit must find. */
  lossy = false;

  get state(): State {
    return this.#state;
  }

  /** What existed at a version. */
  at(version: number): State | undefined {
    return this.#snapshots.get(version);
  }

  set(name: string): void {
    const known = this.#state.get(name);
    const thing = { name, uid: known?.uid ?? `uid-${(this.#uids += 1)}`, version: this.#next() };
    this.#state.set(name, thing);
    this.#record({ type: known === undefined ? 'ADDED' : 'MODIFIED', thing });
  }

  remove(name: string): void {
    const known = this.#state.get(name);
    if (known === undefined) return;
    this.#state.delete(name);
    this.everGone.add(known.uid);
    this.#record({ type: 'DELETED', thing: { ...known, version: this.#next() } });
  }

  /** Something else in the cluster moves the version, and idle watches get a bookmark. */
  bookmark(): void {
    this.#next();
    this.#snapshots.set(this.#version, new Map(this.#state));
    for (const connection of this.#open) connection.bookmark(this.#version);
  }

  breakConnections(inEvent: boolean): void {
    for (const connection of this.#open) connection.break(inEvent);
  }

  endConnections(): void {
    for (const connection of this.#open) connection.end();
  }

  /** A restart: connections break and no old version is served. */
  restart(): void {
    this.breakConnections(false);
    this.#oldest = this.#version + 1;
    this.#history = [];
    this.#next();
    this.#snapshots.set(this.#version, new Map(this.#state));
  }

  /** etcd comes back from a backup of a few versions ago: versions go backwards. */
  restore(back: number): void {
    this.breakConnections(false);
    const version = [...this.#snapshots.keys()].filter((known) => known <= this.#version - back).at(-1) ?? 1;
    const state = new Map(this.#snapshots.get(version));
    const kept = new Set([...state.values()].map(({ uid }) => uid));
    for (const { uid } of this.#state.values()) if (!kept.has(uid)) this.everGone.add(uid);
    this.#state = state;
    this.#version = version;
    this.#oldest = version;
    this.#history = [];
    for (const known of this.#snapshots.keys()) if (known > version) this.#snapshots.delete(known);
  }

  http(): KubeHttp {
    return {
      request: async (request) => {
        await nextTurn();
        request.signal.throwIfAborted();
        this.#fail();
        return { status: 200, headers: json, body: Buffer.from(JSON.stringify(this.#list(request))) };
      },
      stream: async (request) => {
        await nextTurn();
        request.signal.throwIfAborted();
        this.#fail();
        return { statusCode: 200, headers: json, ...this.#watch(request) };
      },
      json: () => Promise.reject(new Error('not used')),
    };
  }

  #next(): number {
    this.#version += 1;
    return this.#version;
  }

  #record(event: HistoryEvent): void {
    this.#snapshots.set(this.#version, new Map(this.#state));
    if (this.lossy) return;
    this.#history.push(event);
    for (const connection of this.#open) connection.event(event);
  }

  #fail(): void {
    const error = this.failures.shift()?.();
    if (error !== undefined) throw error;
  }

  #list({ query = {} }: KubeRequest): object {
    const [token, asked] = [query['continue'], Number(query['resourceVersion'] ?? 0)];
    if (asked > this.#version) throw tooLarge(asked);
    const exact = query['resourceVersionMatch'] === 'Exact';
    const [at, from] =
      token === undefined ? [exact ? asked : this.#version, 0] : String(token).split('/').map(Number);
    const version = at ?? 0;
    const state = this.#snapshots.get(version);
    if (state === undefined || (token !== undefined && this.pageBreaks.shift() !== undefined))
      throw expired();
    const limit = Number(query['limit']);
    const things = [...state.values()];
    const start = from ?? 0;
    const rest = things.length > start + limit ? `${version}/${start + limit}` : '';
    const items = things.slice(start, start + limit).map(objectOf);
    return { metadata: { resourceVersion: String(version), continue: rest }, items };
  }

  #watch({ query = {}, signal }: KubeStreamRequest): {
    forEach: (visit: VisitChunk) => Promise<void>;
    destroy: () => void;
  } {
    const connection = new Connection(signal, () => this.#open.delete(connection));
    const from = Number(query['resourceVersion'] ?? 0);
    if (query['sendInitialEvents'] === true) {
      if (!this.watchListServed)
        throw new KubeApiError({ code: 422, reason: 'Invalid', message: '', retryAfterSeconds: undefined });
      const breakAfter = this.listBreaks.shift();
      const things = [...this.#state.values()].slice(0, breakAfter);
      for (const thing of things) connection.event({ type: 'ADDED', thing });
      if (breakAfter === undefined) connection.bookmark(this.#version, true);
      else connection.break(true);
    } else if (from < this.#oldest) {
      connection.line({ type: 'ERROR', object: failure(410, 'Expired', 'too old resource version') });
      connection.end();
    } else {
      // From a version of the future nothing comes until the server's own has caught up.
      for (const event of this.#history) if (event.thing.version > from) connection.event(event);
      connection.ignoreUpTo = from;
    }
    this.#open.add(connection);
    return { forEach: (visit) => connection.forEach(visit), destroy: () => connection.break(false) };
  }
}

/** One open watch: bytes wait until they are read, and its end comes after them. */
class Connection {
  ignoreUpTo = 0;
  readonly #chunks: Buffer[] = [];
  readonly #closed: () => void;
  #wake: () => void = () => undefined;
  #outcome: { readonly error?: unknown } | undefined;

  constructor(signal: AbortSignal, closed: () => void) {
    this.#closed = closed;
    signal.addEventListener('abort', () => this.#finish({ error: signal.reason }), { once: true });
  }

  event({ type, thing }: HistoryEvent): void {
    if (thing.version > this.ignoreUpTo) this.line({ type, object: objectOf(thing) });
  }

  bookmark(version: number, end = false): void {
    if (version <= this.ignoreUpTo) return;
    const annotations = end ? { 'k8s.io/initial-events-end': 'true' } : {};
    this.line({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version), annotations } } });
  }

  line(value: object): void {
    this.#chunks.push(Buffer.from(`${JSON.stringify(value)}\n`));
    this.#wake();
  }

  end(): void {
    this.#finish({});
  }

  break(inEvent: boolean): void {
    if (inEvent) this.#chunks.push(Buffer.from('{"type":"ADDED","obj'));
    this.#finish({ error: new KubeUnreachableError('ECONNRESET', 'the connection was reset') });
  }

  async forEach(visit: VisitChunk): Promise<void> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        // Cut at an arbitrary place, so that events span chunks.
        const cut = chunk.length % 7;
        for (const piece of [chunk.subarray(0, cut), chunk.subarray(cut)]) await visit(piece);
      } else if (this.#outcome !== undefined) {
        if ('error' in this.#outcome) throw this.#outcome.error;
        return;
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
    }
  }

  #finish(outcome: { readonly error?: unknown }): void {
    this.#outcome ??= outcome;
    this.#closed();
    this.#wake();
  }
}

function objectOf({ name, uid, version }: Thing): object {
  return { metadata: { name, uid, resourceVersion: String(version) } };
}

function expired(): KubeApiError {
  return new KubeApiError({ code: 410, reason: 'Expired', message: 'expired', retryAfterSeconds: undefined });
}

function tooLarge(version: number): KubeApiError {
  const message = `Too large resource version: ${version}`;
  return new KubeApiError({ code: 504, reason: 'Timeout', message, retryAfterSeconds: 1 });
}
