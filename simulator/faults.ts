// Faults on demand: what can be injected, and which request meets which.
//
// Nothing here is random: a fault meets the requests that match it in the order of their arrival.

import * as z from 'zod';
import type { Call, CallKind } from './device.ts';
import type { Refusal } from './registered-ips.ts';

const times = {
  count: z.int().min(1).optional().describe('how often it takes effect; without: until it is cleared'),
  skip: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'how many matching requests (or pairs) pass first; those that an earlier fault met do not count',
    ),
  vsys: z.string().optional(),
};

const matching = {
  ...times,
  on: z.enum(['any', 'message', 'read', 'info', 'version', 'keygen', 'other']).default('any'),
};

const before = z.boolean().default(false).describe('whether the request takes effect all the same');
const after = z.boolean().default(true).describe('whether the request takes effect all the same');

export const faultSchema = z.discriminatedUnion('fault', [
  z.strictObject({ ...matching, fault: z.literal('hang'), applies: before }).describe('never answers'),
  z
    .strictObject({ ...matching, fault: z.literal('reset'), applies: before })
    .describe('resets the connection'),
  z
    .strictObject({
      ...matching,
      fault: z.literal('http-status'),
      applies: before,
      status: z.int().min(400).max(599).default(503),
    })
    .describe('a status and an HTML body, as from a proxy'),
  z.strictObject({ ...matching, fault: z.literal('garbage'), applies: after }).describe('bytes, no text'),
  z.strictObject({ ...matching, fault: z.literal('html'), applies: after }).describe('200 and a login page'),
  z.strictObject({ ...matching, fault: z.literal('empty'), applies: after }).describe('200 without a body'),
  z.strictObject({ ...matching, fault: z.literal('wrong-root') }).describe('the answer under another root'),
  z
    .strictObject({
      ...matching,
      fault: z.literal('truncate'),
      bytes: z.int().min(0).optional().describe('what is left of the answer'),
      fraction: z.number().min(0).max(1).default(0.5).describe('the same, where bytes is not given'),
      cutConnection: z
        .boolean()
        .default(false)
        .describe('announce the whole length, then cut the connection'),
    })
    .describe('the answer up to a point'),
  z
    .strictObject({
      ...matching,
      fault: z.literal('error'),
      applies: before,
      code: z.int().min(1).max(999).default(11),
      text: z.string().default('Internal error'),
    })
    .describe('status="error" with a code'),
  z.strictObject({ ...matching, fault: z.literal('slow'), ms: z.number().min(0) }).describe('answers later'),
  z
    .strictObject({
      ...times,
      fault: z.literal('reject'),
      section: z.enum(['register', 'unregister']).optional(),
      ip: z.string().optional().describe('canonical text'),
      tag: z.string().optional(),
      text: z.string().default('Failed to register'),
    })
    .describe('refuses single pairs of a message'),
]);

/** A fault as it is asked for. */
export type FaultSpec = z.input<typeof faultSchema>;
export type Fault = z.output<typeof faultSchema>;
/** A fault that decides over the whole answer. */
export type AnswerFault = Exclude<Fault, { fault: 'slow' | 'reject' }>;

export type InjectedFault = {
  readonly id: number;
  readonly fault: Fault;
  /** Requests (or pairs) that matched and met no earlier fault, skipped ones included. */
  readonly matched: number;
  /** How often it took effect. */
  readonly effects: number;
};

type Entry = { id: number; fault: Fault; matched: number; effects: number };
type Matching = { readonly kind: CallKind; readonly vsys: string };

/** Counts a match; whether the fault takes effect on it. */
const strike = (entry: Entry): boolean => {
  if (entry.effects >= (entry.fault.count ?? Infinity)) return false;
  entry.matched++;
  if (entry.matched <= entry.fault.skip) return false;
  entry.effects++;
  return true;
};

const matches = (fault: Exclude<Fault, { fault: 'reject' }>, { kind, vsys }: Matching): boolean =>
  (fault.on === 'any' || fault.on === kind) && (fault.vsys ?? vsys) === vsys;

export class FaultList {
  #entries: Entry[] = [];
  #lastId = 0;

  /** The fault's id. Throws ZodError for a spec that is none. */
  inject(spec: FaultSpec): number {
    this.#entries.push({ id: ++this.#lastId, fault: faultSchema.parse(spec), matched: 0, effects: 0 });
    return this.#lastId;
  }

  /** Clears one fault, or all; whether there was any. */
  clear(id?: number): boolean {
    const before = this.#entries.length;
    this.#entries = id === undefined ? [] : this.#entries.filter((entry) => entry.id !== id);
    return this.#entries.length < before;
  }

  list(): InjectedFault[] {
    return this.#entries.map((entry) => ({ ...entry }));
  }

  /** What one request meets: the delays of all matching faults, and the first that decides over the answer. */
  take(call: Pick<Call, 'kind' | 'vsys'>): {
    readonly delayMs: number;
    readonly answer: AnswerFault | undefined;
  } {
    let delayMs = 0;
    let answer: AnswerFault | undefined;
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (fault.fault === 'reject' || !matches(fault, call)) continue;
      if (fault.fault === 'slow') {
        if (strike(entry)) delayMs += fault.ms;
      } else if (!answer && strike(entry)) {
        answer = fault;
      }
    }
    return { delayMs, answer };
  }

  /** The text with which a pair is refused, if it is. */
  readonly refusal: Refusal = (vsys, section, ip, tag) => {
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (fault.fault !== 'reject' || (fault.vsys ?? vsys) !== vsys) continue;
      if ((fault.section ?? section) !== section || (fault.ip ?? ip) !== ip || (fault.tag ?? tag) !== tag)
        continue;
      if (strike(entry)) return fault.text;
    }
    return undefined;
  };
}
