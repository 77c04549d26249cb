// Queue of statuses to write: conditions at once, counts at their pace, failed writes last.

import { isDeepStrictEqual } from 'node:util';
import { type FoundCondition, isUrgentChange } from '../../core/status/conditions.ts';
import type { StatusContext } from '../../core/status/firewall-status.ts';
import { wholeSeconds } from '../leadership/wall-clock.ts';
import type { StatusKey } from '../cluster/status-key.ts';
import { StatusEchoes } from './status-echoes.ts';

export type Status = {
  readonly conditions?: readonly FoundCondition[] | undefined;
  readonly tables?:
    | readonly { readonly guardWindow?: readonly { readonly addresses: number }[] | undefined }[]
    | undefined;
};

/** One object whose status we write. */
export type StatusSubject = {
  readonly key: StatusKey;
  /** Its API path. */
  readonly path: string;
  readonly uid: string;
  readonly generation: number;
  /** What the API server holds; undefined when there is none or it cannot be read. */
  readonly current: Status | undefined;
  /** False while a fresh process has not seen enough to contradict what its predecessor wrote. */
  readonly judgeable: boolean;
  readonly compute: (context: StatusContext) => Computed;
};

type Computed = {
  readonly status: Status;
  /** Called when the object has this status: Events may follow from it. */
  readonly written: () => void;
};

/** A status that differs from what its object has, and may be written. */
export type Due = {
  readonly subject: StatusSubject;
  readonly computed: Computed;
  readonly urgent: boolean;
  /** Since when it has differed. */
  readonly since: number;
  /** It could not be written before. */
  readonly retry: boolean;
};

/** Counts move in bursts: a write waits for so long, so that it tells the outcome. */
const countsSettleMs = 400;
/** The least between two writes of one object's counts; what is allowed in all is the status worker's to keep. */
const countsIntervalMs = 800;
/** What could not be written is tried again after so long, doubling to so long. */
const retryMs = { first: 1000, longest: 10_000 } as const;
/**
 * A stranger's status is put right at once, twice; one that comes back each time waits for so long, doubling to so
 * long. A status of ours that stood for the longest ended the dispute. A condition that we have not written yet never
 * waits for it.
 */
const disputeMs = { first: 1000, longest: 300_000 } as const;
const freeDisputes = 2;

/** What passed the guard by itself: the next process has to know, however soon this one is killed. */
function passedIn(status: Status | undefined): number {
  const windows = (status?.tables ?? []).flatMap(({ guardWindow = [] }) => guardWindow);
  return windows.reduce((sum, { addresses }) => sum + addresses, 0);
}

/** A change that does not wait for the pace of counts. */
function isUrgent(before: Status | undefined, after: Status): boolean {
  const isNews = isUrgentChange(before?.conditions ?? [], after.conditions ?? []);
  return isNews || passedIn(after) > passedIn(before);
}

/** The order of writes: conditions first, what could not be written last, and else what has waited longest. */
function byNeed(a: Due, b: Due): number {
  return Number(b.urgent) - Number(a.urgent) || Number(a.retry) - Number(b.retry) || a.since - b.since;
}

/** What is remembered of an object. Times are monotonic ms. */
type Kept = {
  readonly uid: string;
  readonly echoes: StatusEchoes<Status>;
  /** What was last written. */
  written: Status | undefined;
  /** For the pace of counts. */
  writtenAt: number;
  /** Since when the status has differed from what the object has. */
  since: number | undefined;
  /** How often in a row somebody else wrote over our status, and until when theirs is left alone. */
  dispute: { readonly count: number; readonly until: number };
  /** It could not be written the last time: how long it waits for its next turn, and until when. */
  failing: { readonly delayMs: number; readonly until: number } | undefined;
};

/** Until when it is not written: after a failure, and while somebody else keeps writing over it. */
function putOffUntil({ failing, dispute, written }: Kept, status: Status): number {
  const isNews = isUrgentChange(written?.conditions ?? [], status.conditions ?? []);
  return Math.max(failing?.until ?? 0, isNews ? 0 : dispute.until);
}

export class StatusQueue {
  readonly #gone: (uid: string) => void;
  readonly #kept = new Map<StatusKey, Kept>();
  /** What may be written, as it was last judged. */
  readonly #due = new Map<StatusKey, Due>();
  /** When a status is to be judged again though nothing was reported. */
  readonly #againAt = new Map<StatusKey, number>();

  /** @param gone is told the uid of an object that is gone. */
  constructor(gone: (uid: string) => void) {
    this.#gone = gone;
  }

  /** What is to be written now, in order. */
  due(): Due[] {
    return [...this.#due.values()].sort(byNeed);
  }

  /** When the next status is to be judged again; Infinity: none. */
  get nextAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const at of this.#againAt.values()) next = Math.min(next, at);
    return next;
  }

  /** Whose time to be judged again has come. */
  again(at: number): StatusKey[] {
    return [...this.#againAt].filter(([, time]) => time <= at).map(([key]) => key);
  }

  /** Computes the status and compares it with what the object has. @param subject undefined: the object is gone. */
  judge(key: StatusKey, subject: StatusSubject | undefined, at: number): void {
    this.#due.delete(key);
    this.#againAt.delete(key);
    if (subject === undefined) return this.#forget(key);
    const kept = this.#keptOf(subject);
    // What this process wrote itself it also keeps true: nobody's earlier word stands there any more.
    if (!subject.judgeable && kept.writtenAt === Number.NEGATIVE_INFINITY) return;
    // The API server's word, or our own newer one that the watch has not brought back yet.
    const newest = kept.echoes.newest(at);
    const current = newest?.status ?? subject.current;
    if (newest !== undefined) this.#againAt.set(key, newest.until);
    const previous = current?.conditions ?? [];
    const time = wholeSeconds(Date.now());
    const computed = subject.compute({ generation: subject.generation, previous, now: at, time });
    if (isDeepStrictEqual(computed.status, current)) {
      kept.since = undefined;
      kept.failing = undefined;
      return;
    }
    const since = (kept.since ??= at);
    const urgent = isUrgent(current, computed.status);
    const countsAt = Math.max(since + countsSettleMs, kept.writtenAt + countsIntervalMs);
    const dueAt = Math.max(putOffUntil(kept, computed.status), urgent ? 0 : countsAt);
    const retry = kept.failing !== undefined;
    if (dueAt <= at) this.#due.set(key, { subject, computed, urgent, since, retry });
    else this.#againAt.set(key, Math.min(dueAt, newest?.until ?? dueAt));
  }

  /** The status is about to be sent; its echo may come before its answer. */
  sending({ subject, computed }: Due, at: number): void {
    this.#keptOf(subject).echoes.sending(computed.status, at);
  }

  written({ subject, computed }: Due, at: number): void {
    const kept = this.#keptOf(subject);
    kept.failing = undefined;
    kept.echoes.answered(computed.status, at);
    kept.written = computed.status;
    kept.writtenAt = at;
    kept.since = undefined;
    this.#judgeAgain(subject.key, at);
  }

  failed({ subject }: Due, at: number): void {
    const kept = this.#keptOf(subject);
    const delayMs = Math.min((kept.failing?.delayMs ?? retryMs.first / 2) * 2, retryMs.longest);
    kept.failing = { delayMs, until: at + delayMs };
    this.#judgeAgain(subject.key, kept.failing.until);
  }

  /**
   * The watch brought this status: ours, an older one, or somebody else's.
   * @returns true when it begins to look as if somebody else kept writing it.
   */
  observed(key: StatusKey, status: unknown, at: number): boolean {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.echoes.observed(status, at) !== 'foreign') return false;
    const count = at - kept.writtenAt > disputeMs.longest ? 1 : kept.dispute.count + 1;
    const repeats = count - freeDisputes;
    const delayMs = repeats > 0 ? Math.min(disputeMs.first * 2 ** (repeats - 1), disputeMs.longest) : 0;
    kept.dispute = { count, until: at + delayMs };
    return repeats === 1;
  }

  #judgeAgain(key: StatusKey, at: number): void {
    this.#due.delete(key);
    this.#againAt.set(key, at);
  }

  #keptOf({ key, uid }: StatusSubject): Kept {
    const found = this.#kept.get(key);
    if (found?.uid === uid) return found;
    this.#forget(key);
    const writtenAt = Number.NEGATIVE_INFINITY;
    const fresh: Kept = {
      uid,
      echoes: new StatusEchoes(),
      written: undefined,
      writtenAt,
      since: undefined,
      dispute: { count: 0, until: 0 },
      failing: undefined,
    };
    this.#kept.set(key, fresh);
    return fresh;
  }

  #forget(key: StatusKey): void {
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    if (kept !== undefined) this.#gone(kept.uid);
  }
}
