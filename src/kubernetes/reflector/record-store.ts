// Records of one resource by uid, and the changes between what is known and what arrives.

import { isDeepStrictEqual } from 'node:util';
import type { Entry } from '../codec/decode.ts';

/**
 * Where a change was learnt. For `gone` the difference is a safety fact: `watch` means that the object was seen
 * to be deleted (or to leave the selection); `list` only that a later list lacks it.
 */
export type Origin = 'list' | 'watch';

export type Change<R> =
  | { readonly type: 'set'; readonly record: R; readonly origin: Origin }
  /** The record is the last one that was set. */
  | { readonly type: 'gone'; readonly record: R; readonly origin: Origin };

/** A comparison with a list that is read while the watch goes on. */
type Audit<R> = {
  readonly see: (entries: readonly Entry<R>[]) => void;
  /**
   * What differs and was not touched by the watch since the audit began: the watch had missed it. The store has
   * taken it over. Empty when a whole list replaced the store meanwhile.
   */
  readonly finish: () => Change<R>[];
  /** The list did not come to its end. */
  readonly cancel: () => void;
};

type AuditState<R> = {
  readonly seen: Set<string>;
  readonly touched: Set<string>;
  readonly differing: Entry<R>[];
};

export class RecordStore<R> {
  readonly #entries = new Map<string, Entry<R>>();
  #audit: AuditState<R> | undefined;

  get size(): number {
    return this.#entries.size;
  }

  /** Undefined when this is known already: from a watch this very version, from a list its content, too. */
  set(entry: Entry<R>, origin: Origin): Change<R> | undefined {
    this.#audit?.touched.add(entry.uid);
    if (origin === 'list' ? this.#holds(entry) : this.#knows(entry)) return undefined;
    this.#entries.set(entry.uid, entry);
    return { type: 'set', record: entry.record, origin };
  }

  /** The known entry where a listed one is the same, else the listed one: a list that is read again is not kept twice. */
  shared(listed: Entry<R>): Entry<R> {
    return (this.#holds(listed) && this.#entries.get(listed.uid)) || listed;
  }

  /** Undefined when it was not known. */
  remove(uid: string, origin: Origin): Change<R> | undefined {
    this.#audit?.touched.add(uid);
    const known = this.#entries.get(uid);
    if (known === undefined) return undefined;
    this.#entries.delete(uid);
    return { type: 'gone', record: known.record, origin };
  }

  /**
   * Takes a whole list as the truth. What is gone comes before what is set, so that an object never meets its
   * successor of the same name.
   */
  replace(listed: ReadonlyMap<string, Entry<R>>): Change<R>[] {
    this.#audit = undefined;
    return this.#correct((uid) => !listed.has(uid), listed.values());
  }

  /** The list to compare with must show the very resourceVersion up to which this store has come. */
  startAudit(): Audit<R> {
    const audit: AuditState<R> = { seen: new Set(), touched: new Set(), differing: [] };
    this.#audit = audit;
    return {
      see: (entries) => {
        for (const entry of entries) {
          audit.seen.add(entry.uid);
          if (!this.#holds(entry)) audit.differing.push(entry);
        }
      },
      finish: () => {
        if (this.#audit !== audit) return [];
        this.#audit = undefined;
        return this.#correct(
          (uid) => !audit.seen.has(uid) && !audit.touched.has(uid),
          audit.differing.filter((entry) => !audit.touched.has(entry.uid)),
        );
      },
      cancel: () => {
        if (this.#audit === audit) this.#audit = undefined;
      },
    };
  }

  #correct(isGone: (uid: string) => boolean, present: Iterable<Entry<R>>): Change<R>[] {
    const changes: Change<R>[] = [];
    for (const uid of this.#entries.keys()) {
      const change = isGone(uid) ? this.remove(uid, 'list') : undefined;
      if (change !== undefined) changes.push(change);
    }
    for (const entry of present) {
      const change = this.set(entry, 'list');
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  #knows({ uid, resourceVersion }: Entry<R>): boolean {
    return this.#entries.get(uid)?.resourceVersion === resourceVersion;
  }

  /**
   * For what a list says. The same version is not enough: an etcd restored from a backup gives versions a second time, and
   * what the cluster says now counts.
   */
  #holds(entry: Entry<R>): boolean {
    const known = this.#entries.get(entry.uid);
    return known === entry || (this.#knows(entry) && isDeepStrictEqual(known?.record, entry.record));
  }
}
