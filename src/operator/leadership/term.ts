// One term of leadership: what may still begin, what may still be on its way, and the signals that say when not.

import { provenUntil } from '../../core/lifecycle/leader-lease.ts';

/** What a leader's parts see of its term. */
export type Term = {
  /** Aborts when the term ends: nothing may begin any more. */
  readonly signal: AbortSignal;
  /** Aborts when the Lease is not provably ours any more: calls in flight end too. */
  readonly lost: AbortSignal;
  /** Whether something may be sent at this very moment; asked just before each write to a device's socket. */
  readonly mayBegin: () => boolean;
  /** Whether what has begun may go on at this very moment; asked before each further part of a message. */
  readonly mayGoOn: () => boolean;
  /**
   * Monotonic ms: until then a message of a former leader that did not give its Lease back may still take effect. Absent:
   * there is none.
   */
  readonly unsureUntil?: number;
};

/** The term of this process, if it leads; what is sent to a device asks here at the socket. */
export class CurrentTerm {
  term: Term | undefined;

  /** Whether this process provably leads at this very moment. */
  readonly mayBegin = (): boolean => this.term?.mayBegin() === true;

  /** Whether what this process has begun may go on: nobody else can lead yet. */
  readonly mayGoOn = (): boolean => this.term?.mayGoOn() === true;
}

export type Clocks = {
  /** Monotonic ms. */
  readonly now: () => number;
  /** ms since the epoch. */
  readonly wall: () => number;
};

export type Moment = Readonly<Record<keyof Clocks, number>>;

export const systemClocks: Clocks = { now: () => performance.now(), wall: () => Date.now() };

const unrenewed = 'the Lease was not renewed in time';

/**
 * A paused process wakes to sockets before timers, so the signals alone come too late: mayBegin and mayGoOn read the clock. The
 * wall clock is read besides, as a suspended machine's monotonic clock may stand still; a jump of it costs a term.
 */
export class ProvenTerm implements Term {
  readonly #over = new AbortController();
  readonly #lost = new AbortController();
  readonly #clocks: Clocks;
  readonly #needsProof: boolean;
  readonly unsureUntil: number;
  #renewedAt: Moment = { now: 0, wall: 0 };
  #timers: NodeJS.Timeout[] = [];
  #ledUntil: number | undefined;

  /** @param begunAt when the renewal that began the term was sent; undefined: the term needs no Lease. */
  constructor(clocks: Clocks, begunAt: Moment | undefined, unsureUntil = 0) {
    this.#clocks = clocks;
    this.unsureUntil = unsureUntil;
    this.#needsProof = begunAt !== undefined;
    if (begunAt !== undefined) this.renewed(begunAt);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  readonly mayBegin = (): boolean => {
    if (this.#needsProof && this.#age() >= provenUntil(0).begin) this.end(unrenewed);
    return !this.signal.aborted;
  };

  /** After an orderly end too: a message of which a part has left is of no use without the rest. */
  readonly mayGoOn = (): boolean => {
    if (this.#needsProof && this.#age() >= provenUntil(0).calls) this.lose(unrenewed);
    return !this.lost.aborted;
  };

  /** A renewal that was sent then has succeeded. */
  renewed(begunAt: Moment): void {
    if (!this.#needsProof) return;
    this.#renewedAt = begunAt;
    this.close();
    const { begin, calls } = provenUntil(-this.#age());
    // A process that was paused while it renewed may be past both.
    this.#timers = [
      setTimeout(() => this.end(unrenewed), Math.max(0, begin)),
      setTimeout(() => this.lose(unrenewed), Math.max(0, calls)),
    ];
  }

  /**
   * Since when nobody saw to new holders of addresses, ms since the epoch: the end of the term, and where that was not
   * renewed in time the last renewal, as after a crash. undefined: the term goes on.
   */
  get ledUntil(): number | undefined {
    return this.#ledUntil;
  }

  /** Nothing begins any more; what is on its way may end while the Lease is ours. */
  end(why: string): void {
    const unproven = this.#needsProof && why === unrenewed;
    this.#ledUntil ??= unproven ? this.#renewedAt.wall : this.#clocks.wall();
    this.#over.abort(new DOMException(why, 'AbortError'));
  }

  /** Somebody else may lead. */
  lose(why: string): void {
    this.end(why);
    this.#lost.abort(new DOMException(why, 'AbortError'));
  }

  /** Ends its timers. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #age(): number {
    const { now, wall } = this.#renewedAt;
    return Math.max(this.#clocks.now() - now, this.#clocks.wall() - wall);
  }
}
