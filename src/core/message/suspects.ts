// Groups of pairs suspected of spoiling their message, tried one after the other until the culprits stand alone.

import { type Group, halves, keep, type Pair, pairsIn, type Share } from './bisection.ts';
import { Culprits } from './culprits.ts';
import { SearchPace } from './search-pace.ts';
import { bump } from '../model/collections.ts';
import { noTags } from '../model/tag-set.ts';

/** A tag that was refused alone at so many addresses, and accepted at none, is not tried at each of the others. */
const alone = 3;

/** A message, as far as the search is concerned. */
type Searched = { readonly batch: Group };

/** A message on its way. It ends once, in one of these ways; a second end throws. Times are monotonic ms. */
export type Attempt<Message extends Searched> = {
  readonly message: Message;
  /** It consists of suspects. */
  readonly isTrial: boolean;
  /** It was accepted. */
  passed(): void;
  /** It was refused as a whole. Tells the pairs that are known by now to be meant. */
  refused(now: number, tookMs: number): readonly Pair[];
  /**
   * It had no answer; tells the same. The first time that says nothing of its entries, and it says nothing of an entry
   * alone while no other message has an answer either.
   */
  unanswered(now: number, tookMs: number): readonly Pair[];
  /** Nothing is known of its entries. */
  putBack(): void;
};

type Sent = {
  readonly isTrial: boolean;
  /** What changed since it was sent is left out. */
  group: Group;
  /** The message has, or had, more in it than that: refreshes, and what changed since it was sent. */
  hasMore: boolean;
};

export class Suspects {
  #groups: Group[] = [];
  /** The message of which the device has yet to tell what became of it. */
  #onItsWay: Sent | undefined;
  /** address -> in how many groups it is, the message on its way included. */
  readonly #addresses = new Map<string, number>();
  readonly #culprits = new Culprits();
  readonly #pace = new SearchPace();
  /** Addresses whose last message had no answer -> how many messages had been accepted when that began. */
  readonly #unanswered = new Map<string, number>();
  #acceptances = 0;
  /** How many messages had been accepted when the first one was refused of those that are being searched. */
  #acceptedBefore = 0;
  /** Look at a far group next: what is near a culprit is often like it. */
  #far = false;

  /** Messages in a row that were not accepted. */
  get failures(): number {
    return this.#pace.failures;
  }

  /** A message was accepted since the search began: it is entries that are refused, and not whatever is sent. */
  get hasAccepted(): boolean {
    return this.#acceptances > this.#acceptedBefore;
  }

  has(address: string): boolean {
    return this.#addresses.has(address);
  }

  /** May what nobody suspects be sent? */
  othersAreDue(now: number): boolean {
    return this.#pace.othersAreDue(now);
  }

  /** When something can be tried that cannot be now, monotonic ms. */
  nextDueAt(now: number): number | undefined {
    return this.#pace.nextDueAt(now, this.#groups.length > 0);
  }

  /** These are to be tried apart from all others. */
  add(group: Group): void {
    if (group.length === 0) return;
    this.#groups.push(group);
    for (const { address } of group) bump(this.#addresses, address, 1);
  }

  /** The message to try next, made by `take` of one group; a group of which nothing is left to send is dropped. */
  next<Message extends Searched>(
    now: number,
    take: (group: Group) => Message | undefined,
  ): Attempt<Message> | undefined {
    while (this.#pace.suspectsAreDue(now) && this.#groups.length > 0) {
      const group = this.#pick();
      const message = take(group);
      this.#drop(group);
      if (message === undefined) continue;
      this.add(group.filter(({ address }) => !message.batch.some((one) => one.address === address)));
      return this.#begin(message, true);
    }
    return undefined;
  }

  /** A message of what nobody suspects is on its way. */
  began<Message extends Searched>(message: Message): Attempt<Message> {
    return this.#begin(message, false);
  }

  /** The input of the address changed: nothing is known of it any more. */
  release(address: string): void {
    this.#unanswered.delete(address);
    if (!this.#addresses.has(address)) return;
    const others = (group: Group) => group.filter((share) => share.address !== address);
    this.#groups = this.#groups.map(others).filter((group) => group.length > 0);
    const sent = this.#onItsWay;
    if (sent?.group.some((share) => share.address === address) === true) {
      sent.hasMore = true;
      sent.group = others(sent.group);
    }
    this.#addresses.delete(address);
  }

  clear(): void {
    this.#groups = [];
    if (this.#onItsWay !== undefined) this.#onItsWay.group = [];
    for (const known of [this.#addresses, this.#culprits, this.#unanswered]) known.clear();
    this.#far = false;
    this.#pace.accepted();
  }

  #begin<Message extends Searched>(message: Message, isTrial: boolean): Attempt<Message> {
    const { batch } = message;
    const hasMore = batch.some(({ refresh = noTags }) => refresh.length > 0);
    const sent: Sent = { isTrial, group: keep(batch, () => true), hasMore };
    this.#onItsWay = sent;
    for (const { address } of sent.group) bump(this.#addresses, address, 1);
    return {
      message,
      isTrial,
      passed: () => this.#passed(this.#land(sent)),
      refused: (now, tookMs) => this.#refused(this.#land(sent), now, tookMs),
      unanswered: (now, tookMs) => this.#silent(this.#land(sent), now, tookMs),
      putBack: () => {
        const { group } = this.#land(sent);
        if (isTrial) this.add(group);
      },
    };
  }

  #passed({ group }: Sent): void {
    this.#acceptances += 1;
    this.#pace.accepted();
    this.#culprits.absolve(group);
    if (this.#unanswered.size > 0) for (const { address } of group) this.#unanswered.delete(address);
  }

  #refused({ group, hasMore, isTrial }: Sent, now: number, tookMs: number): readonly Pair[] {
    const isFirst = this.#pace.failures === 0 && this.#groups.length === 0 && !isTrial;
    if (isFirst) this.#acceptedBefore = this.#acceptances;
    const meant = this.#judge(group, hasMore);
    this.#pace.refused(now, tookMs, () => this.#groups.some(hasRemovals));
    return meant;
  }

  #silent({ group, hasMore, isTrial }: Sent, now: number, tookMs: number): readonly Pair[] {
    this.#pace.unanswered(now, tookMs);
    const again = group.filter(({ address }) => isTrial || this.#unanswered.has(address));
    for (const { address } of group)
      this.#unanswered.set(address, this.#unanswered.get(address) ?? this.#acceptances);
    const isPart = hasMore || again.length < group.length;
    const othersAreAnswered = again.some(({ address }) => this.#sinceSilent(address) > 0);
    if (isPart || halves(again) !== undefined || othersAreAnswered) return this.#judge(again, isPart);
    this.add(again);
    return [];
  }

  /** How many messages have been accepted since this address had no answer for the first time. */
  #sinceSilent(address: string): number {
    return this.#acceptances - (this.#unanswered.get(address) ?? this.#acceptances);
  }

  /** A single pair has nobody else to blame, unless more than that was sent. */
  #judge(group: Group, isPart: boolean): readonly Pair[] {
    if (isPart) {
      this.add(group);
      return [];
    }
    const parts = halves(group);
    this.#far = parts === undefined;
    for (const part of parts ?? []) this.add(part);
    const [pair] = pairsIn(group);
    if (parts !== undefined || pair === undefined) return [];
    return [pair, ...this.#alike(pair)];
  }

  /** What is suspected because of the same tag is tried apart; after several refusals alone it is no longer tried at all. */
  #alike(pair: Pair): readonly Pair[] {
    const times = this.#culprits.add(pair);
    if (times > 1 && times < alone) return [];
    const isAlike = (section: Pair['section'], tag: string) => section === pair.section && tag === pair.tag;
    const alike: Share[] = [];
    const before = this.#groups;
    for (const group of before) {
      const found = keep(group, isAlike);
      if (found.length === 0) continue;
      alike.push(...found);
      this.#drop(group);
      this.add(keep(group, (section, tag) => !isAlike(section, tag)));
    }
    if (times >= alone) return pairsIn(alike);
    this.add(alike);
    return [];
  }

  /** Removals first, known culprits' like last; the smallest group, to find a culprit soon, and after one the largest. */
  #pick(): Group {
    const removals = this.#groups.filter(hasRemovals);
    const candidates = removals.length > 0 ? removals : this.#groups;
    const others = candidates.filter((group) => !this.#culprits.includeAll(group));
    const bySize = (others.length > 0 ? others : candidates).toSorted((a, b) => a.length - b.length);
    return (this.#far ? bySize.at(-1) : bySize[0]) ?? [];
  }

  #drop(group: Group): void {
    this.#groups = this.#groups.filter((other) => other !== group);
    for (const { address } of group) bump(this.#addresses, address, -1);
  }

  #land(sent: Sent): Sent {
    if (this.#onItsWay !== sent) throw new Error('a message ends once');
    this.#onItsWay = undefined;
    for (const { address } of sent.group) bump(this.#addresses, address, -1);
    return sent;
  }
}

function hasRemovals(group: Group): boolean {
  return group.some(({ unregister }) => unregister.length > 0);
}
