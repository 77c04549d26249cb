// Options and ports of a reflector.

import type { Clock } from './clock.ts';
import type { Sink } from './intake.ts';
import type { ResourceReader } from './resource-reader.ts';

/** Its lines do not name the resource: give each reflector a logger that does. */
export type Logger = {
  readonly debug: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
};

export type ReflectorObserver = {
  /** A watch or list ended, and another one will begin. */
  readonly watchRestart: (reason: string) => void;
  /** A comparison with an exact list found so many changes that the watch had not told. */
  readonly missedChange: (count: number) => void;
  /** Bytes have come: the API server is heard. */
  readonly activity: () => void;
};

export type ReflectorOptions<R> = Omit<ResourceReader<R>, 'protobuf'> & {
  readonly sink: Sink<R>;
  readonly log: Logger;
  readonly observer: ReflectorObserver;
  /** Ask for protobuf where the decoder reads it; given up for JSON when it fails repeatedly. Default true. */
  readonly protobuf?: boolean;
  /** Objects a page, when a list is read in pages. Default 500. */
  readonly pageSize?: number;
  /** Default 90 s: more than the server's bookmark interval, and with the check after it less than two minutes. */
  readonly inactivityMs?: number;
  /** How often to compare with an exact list, give or take a tenth; absent = never. */
  readonly resyncMs?: number;
  /** How often to ask whether we may still read the resource, give or take a tenth; absent = never. */
  readonly probeMs?: number;
  readonly clock?: Clock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
};

export type ReflectorState = {
  /** Everything that existed at one moment has been applied; stays true. */
  readonly synced: boolean;
  /** Why nothing is learnt right now; undefined while a watch is open, and before the first failure. */
  readonly failing: { readonly reason: string; readonly message: string; readonly since: number } | undefined;
  /** When the last bytes came, in the clock's monotonic ms (as is failing.since). */
  readonly lastActivityAt: number;
  /** Up to where everything has been applied; undefined while only a list can tell. */
  readonly resourceVersion: string | undefined;
};

export type Reflector = {
  /** Resolves after the signal aborts; rejects only for a programming error, such as a sink that throws. Call once. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly state: () => ReflectorState;
  /** What was learnt may be of a state that the server has gone back behind: only a new list tells. */
  readonly startAnew: () => void;
};
