// A call of the XML API between its reading and its answer.

import type { Need } from '../access/access.ts';
import type { PairOutcome } from '../device/registered-ips.ts';
import type { Settings } from '../settings.ts';
import type { PairCount, WorkQueue } from './work-queue.ts';

export type CallKind = 'keygen' | 'version' | 'info' | 'hierarchy' | 'read' | 'message' | 'other';

export type Reply = {
  readonly httpStatus: number;
  /** Of the status line, where it is not HTTP's own. */
  readonly statusText?: string;
  /** Where it is no XML. */
  readonly contentType?: string;
  readonly status: 'success' | 'error';
  /** The response's code; null where it has none. */
  readonly code: number | null;
  readonly body: string;
  /** Of a uid-message that was applied. */
  readonly pairs: readonly PairOutcome[];
  /** Entries in the page of a read. */
  readonly entries: number;
  /** Set-Cookie of a session that the call began. */
  readonly cookie?: string;
};

/** What a reply is where nothing else is said. */
export const done = { httpStatus: 200, status: 'success', code: null, pairs: [], entries: 0 } as const;

/** A request that was understood, or is known to be refused; nothing has happened yet. */
export type Call = {
  readonly kind: CallKind;
  /** The request's `type`; '' for one that there is not. */
  readonly type: string;
  /** The serial of the firewall that Panorama sends the call to; '' for the endpoint itself. */
  readonly target: string;
  readonly vsys: string;
  /** How many pairs a message names; an entry without tags counts as one. */
  readonly pairs: PairCount;
  /** The device that works on it. */
  readonly worker: { readonly settings: Settings; readonly queue: WorkQueue };
  /** Whether a message names the address (canonical text), the tag, or both in one entry. */
  names(ip: string | undefined, tag: string | undefined): boolean;
  run(): Reply;
  /** The answer as if all of it had been done, without doing it. */
  pretend(): Reply;
  /** The answer that refuses the whole request. */
  refuse(code: number, text: string): Reply;
};

/** Who lets a call in, and refuses it: the device that was called, which is not always the one that works on it. */
export type Gate = {
  /** Set-Cookie of a session that this began; throws CommandError. */
  readonly admit: (need: Need) => string | undefined;
  readonly refuse: (code: number, text: string) => Reply;
  /** The answer to a key that has expired. */
  readonly refuseExpired: (text: string) => Reply;
};
