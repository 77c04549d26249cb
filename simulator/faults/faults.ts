// The faults that are injected, and which request meets which.
//
// A fault meets the requests that match it in the order of their arrival, and its chance follows from the seed, so
// runs with the same requests in the same order are the same.

import type { Call } from '../http/call.ts';
import { faultSchema, type AnswerFault, type Fault, type FaultSpec } from './fault-specs.ts';
import { fillText } from '../failure-texts.ts';
import { randomNumbers } from './random.ts';
import type { Refusal } from '../device/registered-ips.ts';

export type InjectedFault = {
  readonly id: number;
  readonly fault: Fault;
  /** Requests (or pairs) that matched and met no earlier fault, skipped ones included. */
  readonly matched: number;
  /** How often it took effect. */
  readonly effects: number;
};

type Entry = {
  readonly id: number;
  readonly fault: Fault;
  matched: number;
  effects: number;
  /** From 0 to 1, the same in every run with the seed. */
  readonly random: () => number;
};

/** A request as the faults see it. */
type Met = Pick<Call, 'kind' | 'vsys' | 'target' | 'names'> & {
  /** Whether its connection carried a request before. */
  readonly reused: boolean;
};

/** Counts a match; whether the fault takes effect on it. */
const strike = (entry: Entry): boolean => {
  if (entry.effects >= (entry.fault.count ?? Infinity)) return false;
  entry.matched++;
  if (entry.matched <= entry.fault.skip || entry.random() >= entry.fault.chance) return false;
  entry.effects++;
  return true;
};

const matches = (fault: Exclude<Fault, { fault: 'reject' }>, met: Met): boolean => {
  if (fault.on !== 'any' && fault.on !== met.kind) return false;
  if ((fault.vsys ?? met.vsys) !== met.vsys || (fault.target ?? met.target) !== met.target) return false;
  if (fault.connection !== 'any' && (fault.connection === 'reused') !== met.reused) return false;
  if ((fault.ip ?? fault.tag) === undefined) return true;
  return met.names(fault.ip, fault.tag);
};

export class FaultList {
  readonly #seed: number;
  #entries: Entry[] = [];
  #lastId = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The fault's id. Throws ZodError for a spec that is none. */
  inject(spec: FaultSpec): number {
    const fault = faultSchema.parse(spec);
    const id = ++this.#lastId;
    this.#entries.push({ id, fault, matched: 0, effects: 0, random: randomNumbers(this.#seed + id) });
    return this.#lastId;
  }

  /** Clears one fault, or all; whether there was any. */
  clear(id?: number): boolean {
    const before = this.#entries.length;
    this.#entries = id === undefined ? [] : this.#entries.filter((entry) => entry.id !== id);
    return this.#entries.length < before;
  }

  list(): InjectedFault[] {
    return this.#entries.map(({ id, fault, matched, effects }) => ({ id, fault, matched, effects }));
  }

  /** What one request meets: the delays of all matching faults, and the first that decides over the answer. */
  take(met: Met): {
    readonly delayMs: number;
    readonly answer: AnswerFault | undefined;
  } {
    let delayMs = 0;
    let answer: AnswerFault | undefined;
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (fault.fault === 'reject' || !matches(fault, met)) continue;
      if (fault.fault === 'slow') {
        if (strike(entry)) delayMs += fault.ms;
      } else if (!answer && strike(entry)) {
        answer = fault;
      }
    }
    return { delayMs, answer };
  }

  /** For a device ('' or the serial of one behind Panorama): the text with which a pair is refused, if it is. */
  readonly refusalOf =
    (target: string): Refusal =>
    (vsys, section, ip, tag) => {
      for (const entry of this.#entries) {
        const { fault } = entry;
        if (fault.fault !== 'reject' || (fault.vsys ?? vsys) !== vsys) continue;
        if ((fault.target ?? target) !== target) continue;
        if ((fault.section ?? section) !== section || (fault.ip ?? ip) !== ip || (fault.tag ?? tag) !== tag)
          continue;
        if (strike(entry)) return fillText(fault.text, { ip, tag });
      }
      return undefined;
    };
}
