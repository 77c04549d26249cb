// Groups of pairs suspected of spoiling their message, tried one after the other; and the pace of attempts while nothing is accepted.

import { type Group, halves, keep, type Pair, pairsIn, type Share } from './bisection.ts';
import { noTags } from '../model/tag-set.ts';

/** So many failures in a row without an acceptance are the device's doing rather than an entry's. */
const fewFailures = 24;
/** From then on what has not been tried yet goes at most so often, and suspects ever more seldom. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** Tags that are to go are holes: the device is asked again soon, however often it refused. */
const longestRemovalPauseMs = 5_000;
/** A tag that was refused alone at so many addresses, and accepted at none, is not tried at each of the others. */
const alone = 3;
/** A tenant may write one that spoils its message after the other: beyond so many the oldest are tried alone once more. */
const mostGuilty = 4_000;
/** Gone at once: to find the oldest in a Map costs a step for each that went before it. */
const fewestGuilty = 3_600;

export class Suspects {
  #groups: Group[] = [];
  /** The message of which the device has yet to tell what became of it; what changed since is left out. */
  #onItsWay: Group = [];
  #isTrial = false;
  /** The message has, or had, more in it than that: refreshes, and what changed since it was sent. */
  #hasMore = false;
  /** address -> in how many groups it is, the message on its way included. */
  readonly #addresses = new Map<string, number>();
  /** section and tag -> at how many addresses it was refused alone. */
  readonly #guilty = new Map<string, number>();
  /** Addresses whose last message had no answer -> how many messages had been accepted when that began. */
  readonly #unanswered = new Map<string, number>();
  #acceptances = 0;
  /** How many messages had been accepted when the first one was refused of those that are being searched. */
  #acceptedBefore = 0;
  /** Look at a far group next: what is near a culprit is often like it. */
  #far = false;
  #failures = 0;
  #groupsDueAt = Number.NEGATIVE_INFINITY;
  #othersDueAt = Number.NEGATIVE_INFINITY;

  /** Messages in a row that were not accepted. */
  get failures(): number {
    return this.#failures;
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
    return now >= this.#othersDueAt;
  }

  /** When something can be tried that cannot be now, monotonic ms. */
  nextDueAt(now: number): number | undefined {
    const due = [...(this.#groups.length > 0 ? [this.#groupsDueAt] : []), this.#othersDueAt];
    const next = Math.min(...due.filter((at) => at > now));
    return Number.isFinite(next) ? next : undefined;
  }

  /** These are to be tried apart from all others. */
  add(group: Group): void {
    if (group.length === 0) return;
    this.#groups.push(group);
    for (const { address } of group) this.#count(address, 1);
  }

  /**
   * The message to try next, made by `take` of one group; a group of which nothing is left to send is dropped.
   * Like one that began, it ends with exactly one of passed, refused, unanswered or putBack.
   */
  next<Message extends Group>(now: number, take: (group: Group) => Message | undefined): Message | undefined {
    while (now >= this.#groupsDueAt && this.#groups.length > 0) {
      const group = this.#pick();
      const message = take(group);
      this.#drop(group);
      if (message === undefined) continue;
      this.add(group.filter(({ address }) => !message.some((one) => one.address === address)));
      this.began(message);
      this.#isTrial = true;
      return message;
    }
    return undefined;
  }

  /** A message of what nobody suspects is on its way. */
  began(message: Group): void {
    this.#onItsWay = keep(message, () => true);
    this.#isTrial = false;
    this.#hasMore = message.some(({ refresh = noTags }) => refresh.length > 0);
    for (const { address } of this.#onItsWay) this.#count(address, 1);
  }

  /** It was accepted. */
  passed(): void {
    const message = this.#land();
    this.#failures = 0;
    this.#acceptances += 1;
    this.#groupsDueAt = Number.NEGATIVE_INFINITY;
    this.#othersDueAt = Number.NEGATIVE_INFINITY;
    if (this.#guilty.size > 0) for (const pair of pairsIn(message)) this.#guilty.delete(nameOf(pair));
    if (this.#unanswered.size > 0) for (const { address } of message) this.#unanswered.delete(address);
  }

  /** It certainly had no effect, and nothing is known of its entries. */
  putBack(): void {
    const wasTrial = this.#isTrial;
    const message = this.#land();
    if (wasTrial) this.add(message);
  }

  /**
   * It was refused as a whole. Tells the pairs that are known by now to be meant.
   * @param tookMs the suspects take no more than half of the time.
   */
  refused(now: number, tookMs: number): readonly Pair[] {
    if (this.#failures === 0 && this.#groups.length === 0 && !this.#isTrial)
      this.#acceptedBefore = this.#acceptances;
    this.#failures += 1;
    const meant = this.#judge(this.#land(), this.#hasMore);
    this.#slowDown(now, tookMs);
    return meant;
  }

  /**
   * It had no answer. The first time that says nothing of its entries, and it says nothing of an entry alone while no
   * other message has an answer either.
   */
  unanswered(now: number, tookMs: number): readonly Pair[] {
    this.#failures += 1;
    this.#groupsDueAt = now + tookMs;
    const wasTrial = this.#isTrial;
    const message = this.#land();
    const again = message.filter(({ address }) => wasTrial || this.#unanswered.has(address));
    for (const { address } of message)
      this.#unanswered.set(address, this.#unanswered.get(address) ?? this.#acceptances);
    const isPart = this.#hasMore || again.length < message.length;
    const othersAreAnswered = again.some(({ address }) => this.#sinceSilent(address) > 0);
    if (isPart || halves(again) !== undefined || othersAreAnswered) return this.#judge(again, isPart);
    this.add(again);
    return [];
  }

  /** How many messages have been accepted since this address had no answer for the first time. */
  #sinceSilent(address: string): number {
    return this.#acceptances - (this.#unanswered.get(address) ?? this.#acceptances);
  }

  /** The input of the address changed: nothing is known of it any more. */
  release(address: string): void {
    this.#unanswered.delete(address);
    if (!this.#addresses.has(address)) return;
    const others = (group: Group) => group.filter((share) => share.address !== address);
    this.#groups = this.#groups.map(others).filter((group) => group.length > 0);
    if (this.#onItsWay.some((share) => share.address === address)) this.#hasMore = true;
    this.#onItsWay = others(this.#onItsWay);
    this.#addresses.delete(address);
  }

  clear(): void {
    this.#groups = [];
    this.#onItsWay = [];
    for (const known of [this.#addresses, this.#guilty, this.#unanswered]) known.clear();
    this.#far = false;
    this.#failures = 0;
    this.#groupsDueAt = Number.NEGATIVE_INFINITY;
    this.#othersDueAt = Number.NEGATIVE_INFINITY;
  }

  /** A single pair has nobody else to blame, unless more than that was sent. */
  #judge(message: Group, isPart: boolean): readonly Pair[] {
    if (isPart) {
      this.add(message);
      return [];
    }
    const parts = halves(message);
    this.#far = parts === undefined;
    for (const part of parts ?? []) this.add(part);
    const [pair] = pairsIn(message);
    if (parts !== undefined || pair === undefined) return [];
    return [pair, ...this.#alike(pair)];
  }

  /** What is suspected because of the same tag is tried apart; after several refusals alone it is no longer tried at all. */
  #alike(pair: Pair): readonly Pair[] {
    const times = (this.#guilty.get(nameOf(pair)) ?? 0) + 1;
    this.#guilty.delete(nameOf(pair));
    this.#guilty.set(nameOf(pair), times);
    if (this.#guilty.size > mostGuilty) this.#forgetOldest();
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

  #forgetOldest(): void {
    for (const oldest of this.#guilty.keys()) {
      if (this.#guilty.size <= fewestGuilty) return;
      this.#guilty.delete(oldest);
    }
  }

  #slowDown(now: number, tookMs: number): void {
    const doublings = this.#failures - fewFailures;
    if (doublings < 0) {
      this.#groupsDueAt = now + tookMs;
      return;
    }
    const longest = this.#groups.some(hasRemovals) ? longestRemovalPauseMs : longestPauseMs;
    this.#groupsDueAt = now + Math.max(tookMs, Math.min(firstPauseMs * 2 ** doublings, longest));
    this.#othersDueAt = now + firstPauseMs;
  }

  /** Removals first, known culprits' like last; the smallest group, to find a culprit soon, and after one the largest. */
  #pick(): Group {
    const removals = this.#groups.filter(hasRemovals);
    const candidates = removals.length > 0 ? removals : this.#groups;
    const others = this.#guilty.size === 0 ? [] : candidates.filter((group) => !this.#isAlike(group));
    const bySize = (others.length > 0 ? others : candidates).toSorted((a, b) => a.length - b.length);
    return (this.#far ? bySize.at(-1) : bySize[0]) ?? [];
  }

  /** All of it is suspected because of a tag that was refused alone somewhere. */
  #isAlike(group: Group): boolean {
    return pairsIn(group).every((pair) => this.#guilty.has(nameOf(pair)));
  }

  #drop(group: Group): void {
    this.#groups = this.#groups.filter((other) => other !== group);
    for (const { address } of group) this.#count(address, -1);
  }

  /** The message is no longer on its way; gives it without what changed meanwhile. */
  #land(): Group {
    const message = this.#onItsWay;
    this.#onItsWay = [];
    this.#isTrial = false;
    for (const { address } of message) this.#count(address, -1);
    return message;
  }

  #count(address: string, by: 1 | -1): void {
    const left = (this.#addresses.get(address) ?? 0) + by;
    if (left > 0) this.#addresses.set(address, left);
    else this.#addresses.delete(address);
  }
}

function hasRemovals(group: Group): boolean {
  return group.some(({ unregister }) => unregister.length > 0);
}

function nameOf({ section, tag }: Pair): string {
  return `${section} ${tag}`;
}
