// A device and a bookkeeper, both naive: what happens to messages, and what a Table must know and do then.

import { neverTrips } from '../removals/guard-limits.ts';
import assert from 'node:assert/strict';
import type { AddressChange } from '../../../src/core/model/address-change.ts';
import type { RemovalCause } from '../../../src/core/model/model.ts';
import type { RefusedPair } from '../../../src/core/message/refusals.ts';
import { Table } from '../../../src/core/table/table.ts';
import type { Batch, BatchItem } from '../../../src/core/message/batch.ts';
import { confirmBatch, leaveUnanswered, nextBatch, withdrawBatch } from './messages.ts';

export const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1', 'fd00::2'];
export const ownTags = ['k.a', 'k.b', 'k.c'];
const foreignTags = ['x.y'];
const atOnce = new Set<RemovalCause>(['vacated', 'relabelled', 'newHolder']);
const whole = new Set<RemovalCause>(['vacated', 'newHolder']);

/**
 * What becomes of a message. `pretend`: confirmed, and nothing done. `half`: only its removals were applied. `late`:
 * applied when nobody waits any more.
 */
export type Fate = 'confirm' | 'pretend' | 'refuse' | 'applied' | 'half' | 'lost' | 'late' | 'withdraw';

export type Step =
  | { readonly kind: 'want'; readonly address: string; readonly tags: string[]; readonly cause: RemovalCause }
  | { readonly kind: 'send'; readonly entries: number }
  | { readonly kind: 'land'; readonly fate: Fate; readonly refuse: readonly ('no' | 'pair' | 'section')[] }
  | { readonly kind: 'read'; readonly what: 'begin' | 'page' | 'end' | 'partial' | 'abandon' }
  | { readonly kind: 'drift'; readonly address: string; readonly tags: string[] }
  | { readonly kind: 'replace'; readonly address: string; readonly tags: string[] }
  | { readonly kind: 'gate'; readonly waits: readonly string[] }
  | { readonly kind: 'wait'; readonly ms: number };

type Refused = RefusedPair & { readonly delay: number; until: number | undefined };
type Plan = { readonly register: string[]; readonly unregister: string[]; readonly waiting: string[] };
type Message = { readonly batch: Batch; readonly changedAt: Map<string, number> };
type Reading = {
  readonly seen: Map<string, string[]>;
  left: string[];
  readonly touched: Set<string>;
  /** It began when no message without an answer could take effect any more, and none was sent since. */
  verifies: boolean;
};

export class TableModel {
  readonly table: Table;
  readonly desired = new Map<string, string[]>();
  /** The truth: what the device holds, foreign tags included. */
  readonly device = new Map<string, Set<string>>();
  now = 0;
  /** What may be known: address -> tag -> surely or maybe there. undefined before the first read. */
  #known: Map<string, Map<string, 'yes' | 'maybe'>> | undefined;
  /** Changes of an address since device and desired last agreed. */
  readonly #events = new Map<string, AddressChange[]>();
  #refused: Refused[] = [];
  /** Address, section and tag -> readings that contradicted what was known, without one that agreed. */
  readonly #contradicted = new Map<string, number>();
  /** The last reading was complete. */
  #complete = false;
  /** Tags whose guarded removal the gate keeps back. */
  #waits: readonly string[] = [];
  readonly #pendingSince = new Map<string, number>();
  readonly #waiting = new Set<string>();
  #message: Message | undefined;
  #reading: Reading | undefined;
  #late: (() => void)[] = [];
  /** Addresses of messages without an answer that no reading has verified since. */
  readonly #unverified = new Set<string>();
  /** One of them may still take effect. */
  #mayFollow = false;

  constructor() {
    const desired = this.desired;
    this.table = new Table(
      { tagsOf: (address) => desired.get(address) ?? [], addresses: () => desired.keys() },
      (tag) => (this.#waits.includes(tag) ? 'waits' : undefined),
      neverTrips,
    );
    for (const address of addresses.slice(1)) this.device.set(address, new Set(foreignTags));
  }

  run(step: Step): void {
    this.now += 1;
    switch (step.kind) {
      case 'want':
        this.#want(step.address, step.tags, step.cause);
        break;
      case 'send':
        this.send(step.entries);
        break;
      case 'land':
        this.land(step.fate, step.refuse);
        break;
      case 'read':
        this.#read(step.what);
        break;
      case 'drift':
        this.#putOwn(step.address, step.tags);
        break;
      case 'replace':
        this.#replace(step.address, step.tags);
        break;
      case 'gate':
        this.#waits = step.waits;
        this.table.setKnowledge(
          { gate: (tag) => (step.waits.includes(tag) ? 'waits' : undefined) },
          this.now,
        );
        break;
      case 'wait':
        this.now += step.ms;
        for (const effect of this.#late.splice(0)) effect();
        this.#mayFollow = false;
        break;
    }
    this.#check();
  }

  /** All faults end: what is under way ends well, and the whole table is read. */
  heal(): void {
    for (const effect of this.#late.splice(0)) effect();
    this.#mayFollow = false;
    if (this.#message !== undefined) this.land('confirm', []);
    this.run({ kind: 'gate', waits: [] });
    for (const what of ['abandon', 'begin', 'end'] as const) this.run({ kind: 'read', what });
  }

  ownOnDevice(): Record<string, string[]> {
    const own = [...this.device].map(
      ([a, tags]) => [a, [...tags].filter((t) => ownTags.includes(t)).sort()] as const,
    );
    return Object.fromEntries(own.filter(([, tags]) => tags.length > 0));
  }

  assertForeignUntouched(): void {
    for (const address of addresses.slice(1)) {
      for (const tag of foreignTags) assert.ok(this.device.get(address)?.has(tag), `${tag} of ${address}`);
    }
  }

  #want(address: string, tags: string[], cause: RemovalCause): void {
    const before = this.desired.get(address) ?? [];
    const after = cause === 'vacated' ? [] : tags;
    if (after.length === 0) this.desired.delete(address);
    else this.desired.set(address, after);
    const change = { address, before, after, cause };
    this.#events.set(address, [...(this.#events.get(address) ?? []), change]);
    this.#refused = this.#refused.filter((refused) => refused.address !== address);
    this.#forgive(address);
    const inFlight = this.#message?.batch.some((item) => item.address === address) ?? false;
    const changedAt = this.#message?.changedAt;
    if (inFlight && !changedAt?.has(address)) changedAt?.set(address, this.now);
    this.table.note(change, this.now);
  }

  #forgive(address: string): void {
    for (const key of this.#contradicted.keys())
      if (key.startsWith(`${address} `)) this.#contradicted.delete(key);
  }

  /** True when there was something to send. */
  send(entries: number): boolean {
    if (this.#message === undefined && this.#known !== undefined) {
      for (const refused of this.#refused) {
        if (refused.until !== undefined && refused.until <= this.now) refused.until = undefined;
      }
      this.#settleBooks();
    }
    const batch = nextBatch(this.table, { entries, bytes: 1024 * 1024 }, this.now);
    if (batch === undefined) {
      const busy = this.#message !== undefined || this.#known === undefined;
      assert.ok(busy || this.#pendingSince.size === 0, 'work is left, yet nothing is sent');
      return false;
    }
    assert.equal(this.#message, undefined, 'one message at a time');
    this.#checkBatch(batch, entries);
    this.#message = { batch, changedAt: new Map() };
    return true;
  }

  #checkBatch(batch: Batch, limit: number): void {
    const sent = batch.map(({ address }) => address);
    assert.equal(new Set(sent).size, sent.length, 'an address once in a message');
    const entries = batch.flatMap(({ register, unregister }) =>
      [register, unregister].filter((t) => t.length > 0),
    );
    assert.ok(entries.length <= limit || batch.length === 1, 'the limit of entries');
    for (const { address, register, unregister, causes, since } of batch) {
      const { waiting: _, ...plan } = this.#plan(address);
      assert.deepEqual({ register, unregister }, plan, `what is sent of ${address}`);
      assert.ok(register.length + unregister.length > 0);
      const expected = unregister.map((tag) => [tag, this.#cause(address, tag)]);
      assert.deepEqual([...causes], expected, 'each removal has its cause');
      assert.equal(since, this.#pendingSince.get(address));
    }
    const isVacated = ({ address, unregister }: BatchItem) =>
      !this.desired.has(address) && unregister.some((tag) => atOnce.has(this.#cause(address, tag)));
    const firstOther = batch.findIndex((item) => !isVacated(item));
    assert.ok(firstOther < 0 || !batch.slice(firstOther).some(isVacated), 'vacated ones go first');
    const left = [...this.#pendingSince.keys()].filter((address) => !sent.includes(address));
    assert.ok(left.length === 0 || entries.length + 2 > limit, 'a message is filled');
  }

  land(fate: Fate, refuse: readonly string[]): void {
    const message = this.#message;
    if (message === undefined) return;
    this.#message = undefined;
    const { batch } = message;
    if (fate === 'confirm' || fate === 'refuse' || fate === 'pretend') {
      this.#answer(message, fate, refuse);
    } else if (fate === 'withdraw') {
      withdrawBatch(batch, this.now);
    } else {
      this.#applyUnseen(batch, fate);
      this.#bookDoubts(batch);
      for (const { address } of batch) this.#unverified.add(address);
      this.#mayFollow = true;
      if (this.#reading !== undefined) this.#reading.verifies = false;
      leaveUnanswered(batch, this.now);
    }
    if (fate !== 'withdraw') for (const { address } of batch) this.#reading?.touched.add(address);
    this.#settleBooks(message.changedAt);
    if (fate === 'confirm' || fate === 'refuse' || fate === 'pretend') this.#lookAt(batch);
  }

  #answer(message: Message, fate: Fate, refuse: readonly string[]): void {
    const { batch } = message;
    const answered = fate === 'refuse' ? rejectionsOf(batch, refuse) : [];
    if (fate !== 'pretend') this.#applyToDevice(batch, answered);
    const said = (r: RefusedPair) =>
      answered.some(
        (other) =>
          other.address === r.address && other.section === r.section && (other.tag ?? r.tag) === r.tag,
      );
    const distrusted = pairsOf(batch)
      .filter((pair) => this.#distrusts(pair) && !said(pair))
      .map((pair) => ({ ...pair, contradicted: true }));
    const refusedPairs = [...answered, ...distrusted];
    this.#bookConfirmed(message, refusedPairs);
    const told = confirmBatch(batch, answered, this.now);
    assert.deepEqual(
      told.map(nameOf).sort(),
      refusedPairs.map(nameOf).sort(),
      'what is refused or not believed',
    );
    this.#doubtful = new Set(refusedPairs.map(({ address }) => address));
  }

  #doubtful: ReadonlySet<string> = new Set();

  /** What was refused, or contradicted before, is read by itself. */
  #lookAt(batch: Batch): void {
    for (const { address } of batch) {
      const contradicted = [...this.#contradicted.keys()].some((key) => key.startsWith(`${address} `));
      assert.equal(this.table.isContradicted(address), contradicted);
      if (!contradicted && !this.#doubtful.has(address)) continue;
      const own = this.#ownTagsAt(address);
      const newly = this.#compare(address, own);
      this.#known?.set(address, new Map(own.map((tag) => [tag, 'yes' as const])));
      this.#reading?.touched.add(address);
      this.#refuse(newly);
      const told = this.table.readBack(address, own, this.now);
      assert.deepEqual(told.map(nameOf).sort(), newly.map(nameOf).sort());
      this.#settleBooks();
    }
  }

  #ownTagsAt(address: string): string[] {
    return [...(this.device.get(address) ?? [])].filter((tag) => ownTags.includes(tag)).sort();
  }

  #distrusts(pair: RefusedPair): boolean {
    return (this.#contradicted.get(nameOf(pair)) ?? 0) >= 2;
  }

  /** Counts what a reading contradicts; tells what was contradicted twice. */
  #compare(address: string, read: readonly string[]): RefusedPair[] {
    const known = this.#known?.get(address) ?? new Map<string, string>();
    const desired = this.desired.get(address) ?? [];
    return ownTags.flatMap((tag) =>
      (['register', 'unregister'] as const).flatMap((section) => {
        const pair = { section, address, tag, message: '' };
        const wanted = section === 'register';
        const isOpen = desired.includes(tag) === wanted && read.includes(tag) !== wanted;
        if (!isOpen) this.#contradicted.delete(nameOf(pair));
        const believed = wanted ? known.get(tag) === 'yes' : !known.has(tag);
        if (!isOpen || !believed || this.#unverified.has(address)) return [];
        const times = (this.#contradicted.get(nameOf(pair)) ?? 0) + 1;
        this.#contradicted.set(nameOf(pair), times);
        return times >= 2 ? [pair] : [];
      }),
    );
  }

  /** Sets pairs aside, for longer than before where they were already. */
  #refuse(refusedPairs: readonly RefusedPair[]): void {
    for (const refusedPair of refusedPairs) {
      const again = this.#refused.find((r) => nameOf(r) === nameOf(refusedPair));
      const delay = again === undefined ? 30_000 : Math.min(again.delay * 2, 600_000);
      const others = this.#refused.filter(
        (r) =>
          r.address !== refusedPair.address ||
          r.section !== refusedPair.section ||
          (r.tag ?? refusedPair.tag) !== refusedPair.tag,
      );
      this.#refused = [...others, { ...refusedPair, delay, until: this.now + delay }];
    }
  }

  /** What is to go at once is not waited for as long as the rest, unless the device refuses nothing and does not do it. */
  #delays({ section, address, tag, contradicted }: RefusedPair, { unregister }: BatchItem) {
    const removals = section === 'unregister' && contradicted !== true ? unregister : [];
    const urgent = removals.some((one) => (tag ?? one) === one && atOnce.has(this.#cause(address, one)));
    return urgent ? { first: 1_000, longest: 5_000 } : { first: 30_000, longest: 600_000 };
  }

  #applyUnseen(batch: Batch, fate: Fate): void {
    if (fate === 'applied') this.#applyToDevice(batch, []);
    if (fate === 'late') this.#late.push(() => this.#applyToDevice(batch, []));
    const removals = batch.map((item) => ({ ...item, register: [] }));
    if (fate === 'half') this.#applyToDevice(removals, []);
  }

  #bookDoubts(batch: Batch): void {
    for (const { address, register, unregister } of batch) {
      const known = this.#known?.get(address);
      for (const tag of register) if (known?.get(tag) !== 'yes') this.#book(address, tag, 'maybe');
      for (const tag of unregister) if (known?.has(tag)) this.#book(address, tag, 'maybe');
    }
  }

  #bookConfirmed({ batch, changedAt }: Message, refusedPairs: readonly RefusedPair[]): void {
    for (const item of batch) {
      const { address } = item;
      this.#pendingSince.delete(address);
      for (const section of ['register', 'unregister'] as const) {
        for (const tag of item[section]) {
          const no = refusedPairs.some(
            (r) => r.address === address && r.section === section && (r.tag ?? tag) === tag,
          );
          if (!no) this.#book(address, tag, section === 'register' ? 'yes' : 'no');
        }
      }
      const before = this.#refused;
      const covered = ({ section, tag }: RefusedPair) =>
        tag === undefined ? item[section].length > 0 : item[section].includes(tag);
      this.#refused = before.filter((refused) => refused.address !== address || !covered(refused));
      if (changedAt.has(address)) continue;
      const vague = ({ section, tag }: RefusedPair) => tag === undefined && item[section].length > 1;
      for (const refusedPair of refusedPairs.filter((r) => r.address === address && !vague(r))) {
        const again = before.find(
          (r) => r.address === address && r.section === refusedPair.section && r.tag === refusedPair.tag,
        );
        const { first, longest } = this.#delays(refusedPair, item);
        const delay = again === undefined ? first : Math.min(again.delay * 2, longest);
        this.#refused.push({ ...refusedPair, delay, until: this.now + delay });
      }
    }
  }

  #applyToDevice(batch: Batch, refusedPairs: readonly RefusedPair[]): void {
    const refused = (section: RefusedPair['section'], address: string, tag: string) =>
      refusedPairs.some((r) => r.section === section && r.address === address && (r.tag ?? tag) === tag);
    for (const { address, unregister } of batch) {
      for (const tag of unregister)
        if (!refused('unregister', address, tag)) this.device.get(address)?.delete(tag);
    }
    for (const { address, register } of batch) {
      const tags = this.device.get(address) ?? new Set();
      for (const tag of register) if (!refused('register', address, tag)) tags.add(tag);
      this.device.set(address, tags);
    }
  }

  #read(what: 'begin' | 'page' | 'end' | 'partial' | 'abandon'): void {
    if (what === 'begin') {
      const verifies = !this.#mayFollow;
      this.#reading = { seen: new Map(), left: [...addresses], touched: new Set(), verifies };
      this.table.beginRead();
      return;
    }
    const reading = this.#reading;
    if (reading === undefined) return;
    if (what === 'abandon') {
      this.#reading = undefined;
      this.table.abandonRead();
      return;
    }
    if (what === 'partial') reading.left = [];
    const page = what === 'page' ? reading.left.splice(0, 2) : reading.left.splice(0);
    for (const address of page) {
      const own = this.#ownTagsAt(address);
      if (own.length > 0) reading.seen.set(address, own);
    }
    if (what === 'end' || what === 'partial') this.#endRead(reading, what === 'end');
  }

  #endRead({ seen, touched, verifies }: Reading, agreed: boolean): void {
    this.#reading = undefined;
    const known = new Map<string, Map<string, 'yes' | 'maybe'>>();
    const newly: RefusedPair[] = [];
    for (const address of addresses) {
      const before = this.#known?.get(address) ?? new Map<string, 'yes' | 'maybe'>();
      const own = seen.get(address);
      const isSeen = agreed || own !== undefined;
      const read = new Map((own ?? []).map((tag) => [tag, 'yes' as const]));
      const unsure = new Map([...before.keys()].map((tag) => [tag, 'maybe' as const]));
      if (!touched.has(address) && isSeen && this.#known !== undefined)
        newly.push(...this.#compare(address, own ?? []));
      known.set(address, touched.has(address) ? before : isSeen ? read : unsure);
    }
    this.#known = known;
    this.#complete = agreed;
    this.#refuse(newly);
    if (agreed && verifies) this.#unverified.clear();
    const others = new Map(addresses.slice(1).map((address) => [address, 1]));
    const told = this.table.endRead({ owned: seen, others, agreed, verifies }, this.now);
    assert.deepEqual(told.map(nameOf).sort(), newly.map(nameOf).sort(), 'what is contradicted for long');
  }

  #replace(address: string, tags: string[]): void {
    if (this.#message !== undefined) return;
    this.#read('abandon');
    this.#late = [];
    for (const other of addresses) this.#putOwn(other, other === address ? tags : []);
    this.#known = undefined;
    this.#refused = [];
    this.#contradicted.clear();
    this.#complete = false;
    this.#pendingSince.clear();
    this.#waiting.clear();
    this.table.forget();
  }

  #putOwn(address: string, tags: readonly string[]): void {
    const foreign = [...(this.device.get(address) ?? [])].filter((tag) => !ownTags.includes(tag));
    this.device.set(address, new Set([...foreign, ...tags]));
  }

  #book(address: string, tag: string, what: 'yes' | 'maybe' | 'no'): void {
    const tags = this.#known?.get(address);
    if (what === 'no') tags?.delete(tag);
    else tags?.set(tag, what);
  }

  #cause(address: string, tag: string): RemovalCause {
    const events = this.#events.get(address) ?? [];
    const event = events.findLast(
      ({ before, after, cause }) => whole.has(cause) || (before.includes(tag) && !after.includes(tag)),
    );
    return event?.cause ?? 'unclaimed';
  }

  /** What is to be sent of an address, all in all and without what is set aside. */
  #plan(address: string, setAside = true): Plan {
    const desired = this.desired.get(address) ?? [];
    const known = this.#known?.get(address) ?? new Map<string, string>();
    const barred = (section: RefusedPair['section'], tag: string) =>
      setAside &&
      this.#refused.some(
        (r) =>
          r.address === address && r.section === section && (r.tag ?? tag) === tag && r.until !== undefined,
      );
    const surplus = [...known.keys()].filter((tag) => !desired.includes(tag)).sort();
    const goes = (tag: string) => atOnce.has(this.#cause(address, tag)) || !this.#waits.includes(tag);
    return {
      register: desired.filter((tag) => known.get(tag) !== 'yes' && !barred('register', tag)).sort(),
      unregister: surplus.filter((tag) => goes(tag) && !barred('unregister', tag)),
      waiting: surplus.filter((tag) => !goes(tag)),
    };
  }

  /** Brings pending, waiting, refusals and events up to date for all addresses that are not on their way. */
  #settleBooks(changedAt?: ReadonlyMap<string, number>): void {
    if (this.#known === undefined) return;
    for (const address of addresses) {
      if (this.#message?.batch.some((item) => item.address === address)) continue;
      const wanted = this.#plan(address, false);
      this.#refused = this.#refused.filter(
        ({ address: at, section, tag }) =>
          at !== address || (tag === undefined ? wanted[section].length > 0 : wanted[section].includes(tag)),
      );
      const plan = this.#plan(address);
      const pending = plan.register.length + plan.unregister.length > 0;
      if (!pending) this.#pendingSince.delete(address);
      else if (!this.#pendingSince.has(address)) {
        this.#pendingSince.set(address, changedAt?.get(address) ?? this.now);
      }
      if (plan.waiting.length > 0) this.#waiting.add(address);
      else this.#waiting.delete(address);
      const refused = this.#refused.some((r) => r.address === address);
      const isSettled = !pending && plan.waiting.length === 0 && !refused;
      if (isSettled && this.#complete && !this.#unverified.has(address)) this.#events.delete(address);
    }
  }

  #check(): void {
    this.#settleBooks();
    const { table } = this;
    assert.equal(table.known, this.#known !== undefined);
    assert.deepEqual([...table.pendingAddresses()].sort(), [...this.#pendingSince.keys()].sort(), 'pending');
    assert.equal(table.pending, this.#pendingSince.size);
    assert.equal(table.waiting, this.#waiting.size, 'waiting');
    const owned = [...(this.#known?.values() ?? [])].filter((tags) => tags.size > 0).length;
    assert.equal(table.owned, owned, 'owned');
    const others = this.#known === undefined ? [] : addresses.slice(1);
    const foreign = others.filter((address) => (this.#known?.get(address)?.size ?? 0) === 0).length;
    assert.equal(table.foreign, foreign, 'foreign');
    const oldest = Math.min(...this.#pendingSince.values());
    assert.equal(table.oldestPendingAt ?? Number.POSITIVE_INFINITY, oldest, 'the oldest pending change');
    const refused = new Set(this.#refused.map(({ address }) => address));
    assert.deepEqual(new Set(table.refusals.addresses()), refused, 'refused');
    assert.equal(table.refusals.size, refused.size);
    const due = this.#refused.flatMap(({ until }) => until ?? []);
    assert.equal(table.refusals.nextDueAt() ?? Number.POSITIVE_INFINITY, Math.min(...due), 'the next retry');
  }
}

/** One choice for each section of each address, in turn: none, its first pair, or all pairs without naming them. */
function rejectionsOf(batch: Batch, choices: readonly string[]): RefusedPair[] {
  let turn = 0;
  return batch.flatMap(({ address, ...item }) =>
    (['unregister', 'register'] as const).flatMap((section) => {
      const [tag] = item[section];
      const choice = choices[turn++ % Math.max(1, choices.length)];
      if (tag === undefined || choice === undefined || choice === 'no') return [];
      return { section, address, ...(choice === 'pair' ? { tag } : {}), message: 'refused' };
    }),
  );
}

function pairsOf(batch: Batch): RefusedPair[] {
  return batch.flatMap(({ address, ...item }) =>
    (['unregister', 'register'] as const).flatMap((section) =>
      item[section].map((tag) => ({ section, address, tag, message: '' })),
    ),
  );
}

function nameOf({ section, address, tag = '*' }: RefusedPair): string {
  return `${address} ${section} ${tag}`;
}
