// Explains one address of one table: what is there, what should be, what is to be done, and why not yet.

import type { Displacement } from '../limits/slots.ts';
import { type Excerpt, excerptOf } from '../model/excerpt.ts';
import type { RefusedPair, Refusals } from '../message/refusals.ts';
import type { RegistrationTimeouts } from '../timeouts/registration-timeouts.ts';
import type { RemovalCause } from '../model/model.ts';
import type { RemovalGuard } from '../removals/removal-guard.ts';
import type { RemovalOrigin } from '../model/removal-origin.ts';
import type { TableState } from './table-state.ts';
import { union, without } from '../model/tag-set.ts';

type Removal = { readonly tag: string };

/** JSON-able. Its lists tell at most ten of what they count. Durations in ms. */
export type TableExplanation = {
  readonly address: string;
  /** The table has been read. */
  readonly isRead: boolean;
  /** Tags of ours on the device: those known to be there, and those that a message without an answer left unsure. */
  readonly sure: Excerpt<string>;
  readonly unsure: Excerpt<string>;
  /** How many tags of others the address carries. */
  readonly foreign: number;
  /** What the address shall carry, as far as limits let it. */
  readonly wanted: Excerpt<string>;
  /** What the next messages say of it. */
  readonly register: Excerpt<string>;
  readonly unregister: Excerpt<string>;
  /** Removals that the guard has not let through: held in that plan, behind a held plan, or about to be judged. */
  readonly guarded: Excerpt<
    Removal & { readonly state: 'held' | 'behind' | 'unjudged'; readonly plan?: string }
  >;
  /** Removals that wait for knowledge. */
  readonly waiting: Excerpt<Removal & { readonly why: string }>;
  /** Each tag that is there and not wanted. */
  readonly removals: Excerpt<Removal & { readonly cause: RemovalCause; readonly origin: RemovalOrigin }>;
  /** For how long its change has been unconfirmed. Absent: there is none. */
  readonly pendingMs?: number;
  /** A message about it is on its way. */
  readonly inFlight: boolean;
  /** What the device refused, in its words; without `tag`: all of that section; without `retryInMs`: being tried again. */
  readonly refused: Excerpt<
    Pick<RefusedPair, 'section' | 'tag'> & { readonly message: string; readonly retryInMs?: number }
  >;
  /** What a message did there was not so when it was read. */
  readonly contradicted: boolean;
  /** A message without an answer may still take effect there. */
  readonly late: boolean;
  /** Why it has no place on the device; absent: it has one. */
  readonly displaced?: Displacement;
  /** Desired tags beyond the number that an address may carry. */
  readonly unfit: Excerpt<string>;
  /** What registrations are given; absent: they have no timeout. `dueMs`: for how long its refresh has been due. */
  readonly timeout?: { readonly seconds: number; readonly dueMs?: number };
};

const longestWords = 300;

export function explainTable(state: TableState, address: string, now: number): TableExplanation {
  const { desired, belief, agenda, inFlight, late } = state;
  const { differ } = agenda;
  const { mirror } = belief;
  const { tags, unsure } = mirror.at(address);
  const wanted = differ.wanted(address);
  const { register, unregister, guarded, waiting } = differ.diff(address);
  const causeOf = differ.causesAt(address);
  const originOf = differ.originsAt(address);
  const since = agenda.backlog.sinceOf(address);
  const displaced = desired.limits?.displacementOf?.(address);
  const removals = without(union(tags, unsure), wanted);
  return {
    address,
    isRead: mirror.known,
    sure: excerptOf(tags),
    unsure: excerptOf(unsure),
    foreign: mirror.othersAt(address),
    wanted: excerptOf(wanted),
    register: excerptOf(register),
    unregister: excerptOf(unregister),
    guarded: excerptOf(guarded.map((tag) => ({ tag, ...guardState(state.guard, address, tag) }))),
    waiting: excerptOf(waiting.map((tag) => ({ tag, why: differ.gate(tag) ?? '' }))),
    removals: excerptOf(removals.map((tag) => ({ tag, cause: causeOf(tag), origin: originOf(tag) }))),
    ...(since === undefined ? {} : { pendingMs: Math.round(now - since) }),
    inFlight: inFlight.has(address),
    refused: refusedAt(state.refusals, address, now),
    contradicted: belief.isContradicted(address),
    late: late.has(address),
    ...(displaced === undefined ? {} : { displaced }),
    unfit: excerptOf(differ.unfit(address)),
    ...timeoutAt(state.timeouts, address, now),
  };
}

function guardState(guard: RemovalGuard, address: string, tag: string) {
  const plan = guard.planWith(address, tag);
  if (plan !== undefined) return { state: 'held', plan } as const;
  return { state: guard.blocks(guard.scopeOf(tag)) ? 'behind' : 'unjudged' } as const;
}

function refusedAt(refusals: Refusals, address: string, now: number): TableExplanation['refused'] {
  return excerptOf(
    refusals.at(address).map(({ section, tag, message, until }) => ({
      section,
      ...(tag === undefined ? {} : { tag }),
      message: message.slice(0, longestWords),
      ...(until === undefined ? {} : { retryInMs: Math.max(0, Math.round(until - now)) }),
    })),
  );
}

function timeoutAt(
  timeouts: RegistrationTimeouts,
  address: string,
  now: number,
): Pick<TableExplanation, 'timeout'> {
  const { timeoutSeconds: seconds } = timeouts;
  if (seconds === 0) return {};
  const since = timeouts.dueSince(address);
  return { timeout: { seconds, ...(since === undefined ? {} : { dueMs: Math.round(now - since) }) } };
}
