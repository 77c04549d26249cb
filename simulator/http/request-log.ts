// The timed log of every request, for tests and for a watching human. Credentials never enter it.

import type { Performance } from './delivery.ts';
import type { Call, CallKind } from './call.ts';
import type { PairOutcome } from '../device/registered-ips.ts';

export type LogEntry = {
  /** 1, 2, ... in the order of completion. */
  readonly seq: number;
  /** When the request's head had arrived: ms since the epoch, with the fraction that the clock gives. */
  readonly t: number;
  /** Until the answer was handed to the connection, or the fault took effect. */
  readonly durationMs: number;
  readonly method: string;
  /** The names of the parameters that came in the URL, where proxies and logs see their values. */
  readonly queried: readonly string[];
  readonly type: string;
  readonly kind: CallKind;
  /** The serial of the firewall that Panorama handed it to; '' for the device itself. */
  readonly target: string;
  readonly vsys: string;
  readonly register: readonly PairOutcome[];
  readonly unregister: readonly PairOutcome[];
  /** Entries in the page of a read. */
  readonly entries: number;
  /** Whether the device worked on the request; its outcome may still be a refusal. */
  readonly applied: boolean;
  /** Of the XML answer; null where a fault left none. */
  readonly status: 'success' | 'error' | null;
  readonly code: number | null;
  /** Null where nothing was answered. */
  readonly httpStatus: number | null;
  readonly fault: string | null;
  /** Requests in work when this one arrived, itself included. */
  readonly concurrency: number;
  readonly requestBytes: number;
  readonly replyBytes: number;
};

type Exchange = Performance & {
  readonly call: Call;
  readonly method: string;
  readonly queried: readonly string[];
  readonly fault: string | null;
  readonly requestBytes: number;
  readonly arrivedAt: number;
  readonly endedAt: number;
  readonly concurrency: number;
};

/** An exchange as the log shows it. */
const entryOf = ({ call, effect, answer, delivery, ...rest }: Exchange): Omit<LogEntry, 'seq'> => {
  const answered = delivery.kind === 'answer';
  return {
    t: rest.arrivedAt,
    durationMs: rest.endedAt - rest.arrivedAt,
    method: rest.method,
    queried: rest.queried.map((name) => name.slice(0, 64)),
    type: call.type,
    kind: call.kind,
    target: call.target,
    vsys: call.vsys.slice(0, 64),
    register: effect?.pairs.filter((pair) => pair.section === 'register') ?? [],
    unregister: effect?.pairs.filter((pair) => pair.section === 'unregister') ?? [],
    entries: effect?.entries ?? 0,
    applied: effect !== undefined,
    status: answer?.status ?? null,
    code: answer?.code ?? null,
    httpStatus: answered ? delivery.httpStatus : null,
    fault: rest.fault,
    concurrency: rest.concurrency,
    requestBytes: rest.requestBytes,
    replyBytes: answered ? delivery.body.length : 0,
  };
};

/** What an entry counts towards the capacity: itself and its pairs. */
const weightOf = (entry: LogEntry): number => 1 + entry.register.length + entry.unregister.length;

/** Keeps the latest entries, as many as together with their pairs fit into `capacity`. */
export class RequestLog {
  readonly #capacity: number;
  #entries: LogEntry[] = [];
  /** Index of the oldest entry that is kept; those before it are cut off in bulk. */
  #first = 0;
  #weight = 0;
  #lastSeq = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(exchange: Exchange): void {
    const entry = { seq: ++this.#lastSeq, ...entryOf(exchange) };
    this.#entries.push(entry);
    this.#weight += weightOf(entry);
    while (this.#weight > this.#capacity) {
      const oldest = this.#entries[this.#first++];
      this.#weight -= oldest ? weightOf(oldest) : this.#weight;
    }
    if (this.#first > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The entries with a seq above `since`, oldest first. */
  since(since: number): readonly LogEntry[] {
    const firstSeq = this.#entries[0]?.seq ?? 1;
    return this.#entries.slice(Math.max(this.#first, since + 1 - firstSeq));
  }

  /** Forgets all entries; their numbers are not given again. */
  clear(): void {
    this.#entries = [];
    this.#first = 0;
    this.#weight = 0;
  }
}
