// Pairs that a device refused: set aside alone, tried again slowly, and at once when their input changes.

import { bump } from '../model/collections.ts';
import type { RefusedLimit } from '../model/device-error.ts';
import { membership, noTags, type TagSet } from '../model/tag-set.ts';
import { productTiming, type Timing } from '../model/timing.ts';

/** One pair (or, without `tag`, all pairs of that section) of an address that the device refused. */
export type RefusedPair = {
  readonly section: 'register' | 'unregister';
  readonly address: string;
  readonly tag?: string | undefined;
  readonly message: string;
  /** Its message was refused because of it, with all others in it: it is tried again apart from them. */
  readonly spoils?: boolean | undefined;
  /** No message had been accepted since the search for the cause began: it may be the device that refused everything. */
  readonly provisional?: boolean | undefined;
  /** The device refused nothing: it confirms the pair, and readings show it otherwise. */
  readonly contradicted?: boolean | undefined;
  /** What the device's words say of a limit of its own; undefined: nothing. */
  readonly limit?: RefusedLimit | undefined;
};

/** What a message says, or a plan wants to say, about one address. */
type Sections = { readonly [section in RefusedPair['section']]: TagSet };

type SetAside = RefusedPair & {
  readonly delayMs: number;
  /** When to try again, monotonic ms; until takeDue the pair is left out of every message. undefined: being tried again. */
  readonly until: number | undefined;
};

/** The time to the first try and the longest between two, ms. */
type Delays = { readonly first: number; readonly longest: number };
/** A tag that goes at once is a hole for as long as it stays: nobody waits for minutes to try again. */
const urgentDelayMs: Delays = { first: 1_000, longest: 5_000 };

export class Refusals {
  readonly #urgentAt: (address: string) => (tag: string) => boolean;
  readonly #refusals = new Map<string, readonly SetAside[]>();
  /** Section and tag of what spoils messages, and how often it was refused so. */
  readonly #spoiling = new Map<string, number>();
  readonly #delayMs: Delays;

  /** @param urgentAt which removals rest on a vacated or reused address, or on another cause that goes at once. */
  constructor(
    urgentAt: (address: string) => (tag: string) => boolean = () => () => false,
    timing: Pick<Timing, 'refusedFirstMs' | 'refusedLongestMs'> = productTiming,
  ) {
    this.#urgentAt = urgentAt;
    this.#delayMs = { first: timing.refusedFirstMs, longest: timing.refusedLongestMs };
  }

  /** How many addresses have refused pairs. */
  get size(): number {
    return this.#refusals.size;
  }

  /**
   * The device answered a message: `refusedPairs` are the pairs that it refused. Those that nobody wished for (a refresh
   * that was not taken back) are not tried again as a wish.
   */
  answered(address: string, sent: Sections, refusedPairs: readonly RefusedPair[], now: number): void {
    const before = this.#refusals.get(address) ?? [];
    if (before.length + refusedPairs.length === 0) return;
    const isSent = concernedBy(sent);
    const earlier = new Map(before.map((refusal) => [keyOf(refusal), refusal]));
    const isUrgent = this.#urgentAt(address);
    const refused = refusedPairs.filter(isSent).map((refusedPair) => {
      const again = earlier.get(keyOf(refusedPair));
      const { first, longest } = isUrgentRemoval(refusedPair, sent, isUrgent) ? urgentDelayMs : this.#delayMs;
      const delayMs = again === undefined ? first : Math.min(again.delayMs * 2, longest);
      const provisional = again === undefined && refusedPair.provisional === true;
      return { ...refusedPair, provisional, delayMs, until: now + delayMs };
    });
    this.#set(address, [...before.filter((refusal) => !isSent(refusal)), ...refused]);
  }

  /** Pairs that are known to be refused though no answer to a message about just them told; each has its tag. */
  setAside(refusedPairs: readonly RefusedPair[], now: number): void {
    for (const [address, here] of Map.groupBy(refusedPairs, (one) => one.address)) {
      const these = (section: RefusedPair['section']) =>
        here.flatMap((one) => (one.section === section && one.tag !== undefined ? [one.tag] : []));
      this.answered(address, { register: these('register'), unregister: these('unregister') }, here, now);
    }
  }

  /**
   * The device accepts messages again: what was set aside while it accepted none is tried at once. What is refused then is
   * refused for its own sake.
   */
  accepted(now: number): void {
    for (const [address, refusals] of this.#refusals) {
      if (!refusals.some(({ provisional }) => provisional)) continue;
      const released = ({ provisional, ...refusal }: SetAside): SetAside =>
        provisional ? { ...refusal, delayMs: refusal.delayMs / 2, until: now } : refusal;
      this.#set(address, refusals.map(released));
    }
  }

  /** This tag was refused with everything else in its message, at whichever address. */
  spoils(section: RefusedPair['section'], tag: string): boolean {
    return this.#spoiling.size > 0 && this.#spoiling.has(keyOf({ section, tag }));
  }

  /** The input of the address changed: whatever was refused may be tried at once. */
  forgive(address: string): void {
    this.#set(address, []);
  }

  /** Forgets what was refused but is no longer wanted, or is no longer needed. */
  retain(address: string, wanted: Sections): void {
    const refusals = this.#refusals.get(address);
    if (refusals !== undefined) this.#set(address, refusals.filter(concernedBy(wanted)));
  }

  clear(): void {
    this.#spoiling.clear();
    this.#refusals.clear();
  }

  /** Of the tags that a plan would send in this section, those that are not set aside. */
  admit(address: string, section: RefusedPair['section'], tags: TagSet): TagSet {
    const barred = this.#refusals
      .get(address)
      ?.filter((refusal) => refusal.section === section && refusal.until !== undefined);
    if (barred === undefined || barred.length === 0) return tags;
    if (barred.some(({ tag }) => tag === undefined)) return noTags;
    const isBarred = membership(barred.flatMap(({ tag = [] }) => tag));
    return tags.filter((tag) => !isBarred(tag));
  }

  /** The addresses with pairs whose time has come, to be tried again now. They stay refused until one succeeds. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (const [address, refusals] of this.#refusals) {
      if (!refusals.some(({ until }) => until !== undefined && until <= now)) continue;
      this.#set(
        address,
        refusals.map((r) => (r.until !== undefined && r.until <= now ? { ...r, until: undefined } : r)),
      );
      due.push(address);
    }
    return due;
  }

  nextDueAt(): number | undefined {
    let next: number | undefined;
    for (const { until } of [...this.#refusals.values()].flat()) {
      if (until !== undefined) next = Math.min(next ?? until, until);
    }
    return next;
  }

  has(address: string): boolean {
    return this.#refusals.has(address);
  }

  /** Sorted, so that the first is an example that stays while it applies. */
  addresses(): readonly string[] {
    return [...this.#refusals.keys()].sort();
  }

  /** What of this address is refused. */
  at(address: string): readonly SetAside[] {
    return this.#refusals.get(address) ?? [];
  }

  /** Why this address is refused, in the device's words. */
  messageOf(address: string): string | undefined {
    return this.#refusals.get(address)?.[0]?.message;
  }

  #set(address: string, refusals: readonly SetAside[]): void {
    this.#countSpoiling(this.#refusals.get(address) ?? [], -1);
    this.#countSpoiling(refusals, 1);
    if (refusals.length === 0) this.#refusals.delete(address);
    else this.#refusals.set(address, refusals);
  }

  #countSpoiling(refusals: readonly SetAside[], by: 1 | -1): void {
    for (const refusal of refusals) {
      if (refusal.spoils === true) bump(this.#spoiling, keyOf(refusal), by);
    }
  }
}

function isUrgentRemoval(
  { section, tag, contradicted }: RefusedPair,
  sent: Sections,
  isUrgent: (tag: string) => boolean,
): boolean {
  const isRemoval = section === 'unregister' && contradicted !== true;
  // The pair itself was in the message: only what names no tag has to be looked for among all of them.
  const removals = tag === undefined ? sent.unregister : [tag];
  return isRemoval && removals.some(isUrgent);
}

function keyOf({ section, tag = '' }: Pick<RefusedPair, 'section' | 'tag'>): string {
  return `${section} ${tag}`;
}

/** Whether a refusal is about something that these sections name. */
function concernedBy(sections: Sections): (refusal: RefusedPair) => boolean {
  const names = { register: membership(sections.register), unregister: membership(sections.unregister) };
  return ({ section, tag }) => (tag === undefined ? sections[section].length > 0 : names[section](tag));
}
