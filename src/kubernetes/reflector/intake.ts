// Turns lists and watch events into changes for the sink, and knows up to which resourceVersion it has come.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Entry, WatchEvent } from '../codec/decode.ts';
import { KubeApiError } from '../errors/kube-errors.ts';
import { type Change, type Origin, RecordStore } from './record-store.ts';

/** Who receives the changes. Both are called in order and must not fail: what they throw ends the reflector. */
export type Sink<R> = {
  /** In the order in which things happened; one network chunk, or a slice of a list, at a time. */
  readonly apply: (changes: readonly Change<R>[]) => void;
  /** Once: everything that existed has been applied. */
  readonly synced: () => void;
  /**
   * After that: what has been applied is behind, as only a list can tell what happened since; true until that list has
   * been applied to its end. A list that fails half-way leaves it so.
   */
  readonly relisting?: (isRelisting: boolean) => void;
};

/** The server took a WatchList request for a plain watch: it will never say that the initial events have ended. */
export class WatchListIgnoredError extends Error {}

/** A re-list of a large cluster must not hold up everything else that this process does. */
const mostChangesAtOnce = 500;

export class Intake<R> {
  readonly store = new RecordStore<R>();
  readonly #sink: Sink<R>;
  readonly #atOnce: number;
  #position: string | undefined;
  #synced = false;
  #listing = false;
  #isRelisting = false;
  /** A list that is compared aside, once it is whole; undefined while the first one streams straight through. */
  #listed: Map<string, Entry<R>> | undefined;

  /** @param atOnce how many changes of a list the sink gets in one turn. */
  constructor(sink: Sink<R>, atOnce = mostChangesAtOnce) {
    this.#sink = sink;
    this.#atOnce = atOnce;
  }

  /** All changes up to this resourceVersion have been applied; undefined when only a list can tell. */
  get position(): string | undefined {
    return this.#position;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get listing(): boolean {
    return this.#listing;
  }

  /** The position is worth nothing any more: the next thing to come is a list. What is known stays. */
  forgetPosition(): void {
    this.#position = undefined;
    this.#relisting(true);
  }

  /** A new list begins; one that was not ended is forgotten, and has removed nothing. */
  beginList(): void {
    this.#relisting(true);
    this.#listing = true;
    this.#listed = this.store.size === 0 ? undefined : new Map();
  }

  add(entries: readonly Entry<R>[]): void {
    const changes: Change<R>[] = [];
    for (const entry of entries) this.#set(entry, changes);
    this.#apply(changes);
  }

  /** The list is whole: only now does what it lacks count as gone. */
  async endList(resourceVersion: string): Promise<void> {
    const listed = this.#listed;
    if (listed !== undefined) {
      const changes = this.store.replace(listed);
      for (let start = 0; start < changes.length; start += this.#atOnce) {
        this.#apply(changes.slice(start, start + this.#atOnce));
        await nextTurn();
      }
    }
    this.#listing = false;
    this.#listed = undefined;
    this.#position = resourceVersion;
    this.#relisting(false);
    if (this.#synced) return;
    this.#synced = true;
    this.#sink.synced();
  }

  /**
   * A promise only while a list is being ended: what follows has to wait for it.
   * @throws KubeApiError for an ERROR event, WatchListIgnoredError; what came before them has been applied.
   */
  take(events: readonly WatchEvent<R>[]): void | Promise<void> {
    const changes: Change<R>[] = [];
    let position = this.#position;
    const flush = () => {
      this.#apply(changes);
      if (!this.#listing) this.#position = position;
    };
    for (const [index, event] of events.entries()) {
      switch (event.kind) {
        case 'set':
          this.#set(event.entry, changes);
          position = event.entry.resourceVersion;
          break;
        case 'gone':
          this.#gone(event.entry, changes);
          position = event.entry.resourceVersion;
          break;
        case 'bookmark':
          position = event.resourceVersion;
          if (!this.#listing) break;
          flush();
          if (!event.initialEventsEnd) throw new WatchListIgnoredError();
          return this.endList(position).then(() => this.take(events.slice(index + 1)));
        case 'error':
          flush();
          throw new KubeApiError(event.status);
      }
    }
    flush();
  }

  /** Applies what an audit found. Not in slices: a change from the watch must not overtake it. */
  correct(changes: readonly Change<R>[]): void {
    this.#apply(changes);
  }

  #set(entry: Entry<R>, changes: Change<R>[]): void {
    if (this.#listed !== undefined) {
      this.#listed.set(entry.uid, this.store.shared(entry));
      return;
    }
    const origin: Origin = this.#listing ? 'list' : 'watch';
    const change = this.store.set(entry, origin);
    if (change !== undefined) changes.push(change);
  }

  /** A deletion that was seen is a fact at once, even while a list is still incomplete. */
  #gone(entry: Entry<R>, changes: Change<R>[]): void {
    this.#listed?.delete(entry.uid);
    const change = this.store.remove(entry.uid, 'watch');
    if (change !== undefined) changes.push(change);
  }

  #relisting(isRelisting: boolean): void {
    if (this.#synced && isRelisting !== this.#isRelisting) this.#sink.relisting?.(isRelisting);
    this.#isRelisting = isRelisting;
  }

  #apply(changes: readonly Change<R>[]): void {
    if (changes.length > 0) this.#sink.apply(changes);
  }
}
