// Everything of the small scope at once: a cluster, two operators of which one leads, a device that loses, delays and doubles.
import { Violation, type Walk } from '../engine/explore.ts';
import { epoch, fingerprint } from '../engine/fingerprint.ts';
import type { TinyCluster } from '../oracle/tiny-cluster.ts';
import { checkExact, checkForeign, checkLeft, checkLive, type Judged } from '../oracle/verdicts.ts';
import { type Order, TinyDevice } from './device.ts';
import { TinyOperator } from './operator.ts';
import { addresses, changesOf, emptyCluster, type Event, foreign, policies, withEvent } from './truth.ts';

export type Scope = {
  /** How often each may happen on one path. */
  readonly changes: number;
  readonly faults: number;
  /** Times that the leader dies or stands by. */
  readonly terms: number;
  readonly relists: number;
  readonly reads: number;
  /** Times that a minute passes, and what is late is lost. */
  readonly minutes: number;
  /** Another owner has marked the table until everything rests: every guarded removal waits. */
  readonly rival: boolean;
};

const lateMs = 65_000;
const judgedMs = 150;
const longMs = 700_000;
/** What was refused is tried again within this: what must go at once, and all else after two refusals. */
const urgentMs = 5_100;
const refusedMs = 130_000;
/** Counts of what was done, which decide nothing; what never changes; what is told as text. */
const ignored =
  /^(?:revision|lastConfirmedAt|timing|view)$|_(?:count|options|scope|delayMs|sentAt|firewallLists|truth)$/;
const kinds = ['pod', 'policy'] as const;
const fates = ['done', 'lost', 'cut', 'half', 'late', 'doubled', 'refused'] as const;
type Fate = (typeof fates)[number];

export class TinyWorld implements Walk {
  readonly #scope: Scope;
  #left: Record<keyof Omit<Scope, 'rival'>, number>;
  #now = epoch;
  #truth: TinyCluster = emptyCluster;
  /** Of the next Pod: its uid, and its age. */
  #pods = 0;
  readonly #device = new TinyDevice();
  #leader: TinyOperator;
  #standby: TinyOperator;
  /** On its way from the leader. */
  #sent: readonly Order[] | undefined;
  /** Nobody waits for them any more; they arrive within 65 s, or never. */
  #late: { readonly orders: readonly Order[]; readonly wasConfirmed: boolean }[] = [];
  /** Of a read whose second half is to come: what the first half showed. */
  #firstHalf: readonly string[] | undefined;
  /** Something came late that the leader cannot know of before it reads: not since its last read, since that began, ever. */
  #surprise = { unread: false, duringRead: false };
  /** A message that had been confirmed came a second time: the leader had no reason to expect it. */
  #cameTwice = false;
  /** No operator runs: the last Pod that came before. */
  #downSince: number | undefined;

  /** It begins with a Pod that is registered, and a leader that has verified what its predecessor left. */
  constructor(scope: Scope) {
    this.#scope = scope;
    const { rival: _, ...left } = scope;
    this.#left = { ...left };
    for (const address of addresses) this.#device.apply([{ address, register: [foreign], unregister: [] }]);
    for (const policy of policies)
      this.#truth = withEvent(this.#truth, { kind: 'policy', name: policy.name, policy });
    this.#appears(0, addresses[0]);
    this.#leader = this.#boot(undefined);
    this.#standby = this.#boot(undefined);
    this.#leader.replica.lead();
    this.#now += lateMs;
    this.#readWhole();
    this.#drain();
    this.#now += judgedMs;
    this.#left = { ...left };
  }

  moves(): readonly string[] {
    const { terms, changes } = this.#left;
    if (this.#downSince !== undefined)
      return [...(changes > 0 ? this.#changes().keys() : []), ...this.#movesOfLate(), 'leader starts'];
    const terminal = terms > 0 ? ['leader dies', 'leader crashes', 'leader stands by'] : [];
    return [...this.#movesOfCluster(), ...this.#movesOfDevice(), ...terminal];
  }

  make(move: string): void {
    const change = this.#left.changes > 0 ? this.#changes().get(move) : undefined;
    if (change !== undefined) {
      this.#left.changes -= 1;
      this.#happens(change);
    } else if (fates.some((fate) => fate === move)) this.#land(move as Fate);
    else this.#act(move);
  }

  fingerprint(): string {
    const clusters = [this.#truth, this.#leader.view, this.#standby.view].map(textOf);
    return fingerprint([this, ...clusters], { now: this.#now, ignored });
  }

  /** The leader sees everything, and its messages arrive: what can be told without a read must be right, then all of it. */
  rest(): void {
    if (this.#downSince !== undefined) this.#starts();
    this.#seeAll();
    this.#finish();
    this.#late = [];
    this.#drainFor(urgentMs);
    const isCertain = this.#leader.hasRead && !this.#surprise.unread;
    if (isCertain) this.#checkLeft();
    this.#drainFor(refusedMs);
    if (isCertain) checkLive(this.#judged);
    this.#now += longMs;
    this.#readWhole();
    this.#drain();
    this.#now += judgedMs;
    this.#drain();
    if (this.#scope.rival) {
      checkLive(this.#judged);
      this.#checkLeft();
      this.#leader.rivalLeft();
      this.#drain();
    }
    checkExact(this.#judged);
    checkForeign(this.#judged);
    if (this.#leader.replica.send() !== undefined)
      throw new Violation('then all is quiet', 'one more message');
  }

  #movesOfCluster(): string[] {
    const { changes, terms, relists } = this.#left;
    const list = changes > 0 ? [...this.#changes().keys()] : [];
    for (const [name, operator] of this.#operators(terms > 0))
      for (const kind of kinds) if (operator.hasUnseen(kind)) list.push(`${name} sees ${kind}`);
    if (this.#leader.relistingKind !== undefined) list.push('leader relisted');
    else if (relists > 0) list.push(...kinds.map((kind) => `leader relists ${kind}`));
    return list;
  }

  #movesOfDevice(): string[] {
    const { faults, reads, minutes } = this.#left;
    const list = this.#sent === undefined ? ['send'] : faults > 0 ? [...fates] : ['done'];
    if (this.#firstHalf !== undefined) list.push('read ends');
    else if (reads > 0) list.push('read begins');
    list.push(...this.#movesOfLate());
    if (this.#leader.replica.judgesAt > this.#now) list.push('a moment');
    // A call that has no answer ends sooner.
    if (minutes > 0 && this.#sent === undefined) list.push('a minute');
    return list;
  }

  #movesOfLate(): string[] {
    return this.#late.length > 0 ? ['late arrives'] : [];
  }

  #act(move: string): void {
    const [who, what, which] = move.split(' ');
    const operator = who === 'standby' ? this.#standby : this.#leader;
    const kind = which === 'policy' ? 'policy' : 'pod';
    if (what === 'sees') operator.see(kind);
    else if (what === 'relists') {
      this.#left.relists -= 1;
      operator.loseWatch(kind);
    } else if (what === 'relisted') operator.relisted(this.#truth);
    else if (move === 'send') this.#send();
    else if (move === 'read begins') this.#beginRead();
    else if (move === 'read ends') this.#endRead();
    else if (move === 'late arrives') this.#arrives();
    else if (move === 'a moment') this.#now += judgedMs;
    else if (move === 'a minute') this.#minute();
    else if (move === 'leader starts') this.#starts();
    else this.#changeTerm(move);
  }

  #changes(): Map<string, Event> {
    return changesOf(this.#truth, (index) => `pod${index}-${this.#pods}`, this.#pods);
  }

  #appears(index: number, address: string): void {
    const uid = `pod${index}-${this.#pods}`;
    const app = index === 0 ? 'web' : 'db';
    this.#truth = withEvent(this.#truth, {
      kind: 'pod',
      uid,
      pod: { uid, address, app, since: this.#pods++ },
    });
  }

  #happens(event: Event): void {
    this.#truth = withEvent(this.#truth, event);
    if (event.kind === 'pod' && event.uid.endsWith(`-${this.#pods}`)) this.#pods += 1;
    this.#leader.happened(event);
    this.#standby.happened(event);
  }

  /** What the standby has seen matters while it may come to lead. */
  #operators(mayChange: boolean): readonly (readonly [string, TinyOperator])[] {
    const leader = ['leader', this.#leader] as const;
    return mayChange ? [leader, ['standby', this.#standby]] : [leader];
  }

  #boot(nobodyLedSince: number | undefined): TinyOperator {
    const { rival } = this.#scope;
    return new TinyOperator({ now: () => this.#now, rival }, this.#truth, nobodyLedSince);
  }

  #send(): void {
    this.#sent = this.#leader.replica.send();
    if (this.#sent !== undefined) this.#leader.checkOrders(this.#sent);
  }

  #land(fate: Fate): void {
    const sent = this.#sent ?? [];
    this.#sent = undefined;
    if (fate !== 'done') this.#left.faults -= 1;
    if (fate === 'done' || fate === 'cut' || fate === 'doubled') this.#device.apply(sent);
    if (fate === 'half') this.#device.apply(sent, 'removals');
    if (fate === 'late' || fate === 'doubled')
      this.#late.push({ orders: sent, wasConfirmed: fate === 'doubled' });
    const answers = { done: 'done', doubled: 'done', refused: 'refused', cut: 'silent' } as const;
    this.#leader.replica.answered(fate in answers ? answers[fate as keyof typeof answers] : 'silent');
  }

  #arrives(): void {
    const [first, ...rest] = this.#late;
    this.#late = rest;
    if (first === undefined) return;
    this.#device.apply(first.orders);
    this.#surprise = { unread: true, duringRead: true };
    this.#cameTwice ||= first.wasConfirmed;
  }

  #minute(): void {
    this.#left.minutes -= 1;
    this.#late = [];
    this.#now += lateMs;
  }

  #beginRead(): void {
    this.#left.reads -= 1;
    this.#leader.replica.beginRead();
    this.#firstHalf = this.#device.tagsAt(addresses[0]);
    this.#surprise = { ...this.#surprise, duringRead: false };
  }

  #endRead(): void {
    const read = new Map<string, readonly string[]>([
      [addresses[0], this.#firstHalf ?? []],
      [addresses[1], this.#device.tagsAt(addresses[1])],
    ]);
    this.#firstHalf = undefined;
    this.#leader.replica.endRead(read, true);
    this.#leader.read(true);
    if (!this.#surprise.duringRead) this.#surprise = { unread: false, duringRead: false };
  }

  #changeTerm(move: string): void {
    this.#left.terms -= 1;
    const since = this.#pods - 1;
    if (this.#sent !== undefined) this.#late.push({ orders: this.#sent, wasConfirmed: false });
    this.#sent = undefined;
    this.#firstHalf = undefined;
    const former = this.#leader;
    if (move === 'leader crashes') this.#downSince = since;
    else {
      this.#leader = this.#standby;
      if (move === 'leader stands by') {
        if (former.replica.isSending) former.replica.answered('silent');
        former.standsBy();
      }
      this.#standby = move === 'leader dies' ? this.#boot(since) : former;
    }
    if (this.#downSince === undefined) this.#leader.replica.lead();
  }

  /** What happened meanwhile is not known to it, but for the Pods that came. */
  #starts(): void {
    this.#leader = this.#boot(this.#downSince);
    this.#downSince = undefined;
    this.#leader.replica.lead();
  }

  #seeAll(): void {
    if (this.#leader.relistingKind !== undefined) this.#leader.relisted(this.#truth);
    for (const kind of kinds) while (this.#leader.hasUnseen(kind)) this.#leader.see(kind);
    this.#now += judgedMs;
  }

  #finish(): void {
    if (this.#sent !== undefined) this.#land('done');
    if (this.#firstHalf !== undefined) this.#endRead();
  }

  #readWhole(): void {
    this.#beginRead();
    this.#endRead();
  }

  #drain(): void {
    for (let messages = 0; messages < 10; messages += 1) {
      this.#send();
      if (this.#sent === undefined) return;
      this.#land('done');
    }
    throw new Violation('then all is quiet', 'ten messages in a row');
  }

  #drainFor(ms: number): void {
    this.#drain();
    this.#now += ms;
    this.#drain();
  }

  get #judged(): Judged {
    return { addresses, foreign, table: this.#device, cluster: this.#truth };
  }

  #checkLeft(): void {
    checkLeft(this.#judged, (address, tag) => this.#leader.mayGoAtOnce(address, tag) && !this.#cameTwice);
  }
}

function textOf({ pods, policies }: TinyCluster): string {
  return JSON.stringify([...pods.values(), ...policies.values()]);
}
