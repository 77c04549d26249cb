// One operator's decisions: the real Desired, Table, Suspects, gate and read schedule, driven step by step, as its loop does.
import { Desired } from '../../../src/core/desired/desired.ts';
import type { Claimant } from '../../../src/core/model/claimant.ts';
import type { Policy } from '../../../src/core/model/model.ts';
import { tagSet } from '../../../src/core/model/tag-set.ts';
import { productTiming } from '../../../src/core/model/timing.ts';
import { Suspects } from '../../../src/core/message/suspects.ts';
import { Burst } from '../../../src/core/removals/burst.ts';
import { goesAtOnce } from '../../../src/core/removals/removal-causes.ts';
import { removalGate } from '../../../src/core/removals/removal-gate.ts';
import { chooseMessage } from '../../../src/core/table/message-choice.ts';
import type { Outgoing } from '../../../src/core/table/outgoing.ts';
import { Table } from '../../../src/core/table/table.ts';
import { ReadSchedule } from '../../../src/operator/table/read-schedule.ts';
import type { TinyPod, TinyPolicy } from '../oracle/tiny-cluster.ts';
import type { Order } from './device.ts';

export const prefix = 'k.';
export const namespace = 'n';
const firewall = 'f';
const limits = { entries: 500, pairs: 1000, bytes: 1024 * 1024 };
const intervalMs = 900_000;

/** What the device says of a message, or that it says nothing. */
export type Answer = 'done' | 'refused' | 'silent' | 'never left';

export type ReplicaOptions = {
  /** Monotonic ms. */
  readonly now: () => number;
  /** Another owner has marked the table. */
  readonly rival: boolean;
};

const neverTrips = { percent: 100, minimum: Number.POSITIVE_INFINITY };

export class Replica {
  readonly desired: Desired;
  readonly table: Table;
  readonly suspects = new Suspects();
  readonly reads: ReadSchedule;
  readonly burst = new Burst();
  readonly #now: () => number;
  #relisting: string | undefined;
  #hasRival: boolean;
  #message: Outgoing | undefined;
  #readBegunAt: number | undefined;

  constructor({ now, rival }: ReplicaOptions) {
    this.#now = now;
    this.#hasRival = rival;
    this.desired = new Desired({
      addressChanged: (_, change) => {
        if (!goesAtOnce(change.cause)) this.burst.moved(now());
        this.table.note(change, now());
        this.suspects.release(change.address);
      },
      policyChanged() {},
    });
    const { desired } = this;
    this.table = new Table(
      {
        tagsOf: (address) => desired.tagsOf(firewall, address),
        addresses: () => desired.addressesOf(firewall),
      },
      () => 'the cluster has not been read in full',
      neverTrips,
      { tagPrefix: prefix, timing: productTiming },
    );
    this.reads = new ReadSchedule({ intervalMs: () => intervalMs, now, timing: productTiming });
    desired.setFirewall({
      name: firewall,
      labels: new Map(),
      tagPrefix: prefix,
      namespaceSelector: [],
      addressCIDRs: undefined,
    });
    desired.setNamespace({ name: namespace, labels: new Map() });
  }

  /** The first lists have ended. */
  synced(nobodyLedSince: number | undefined): void {
    this.desired.claimantsSynced();
    if (nobodyLedSince !== undefined) this.desired.holdersNewSince(nobodyLedSince);
  }

  setPod(pod: TinyPod): void {
    this.desired.setClaimant(claimantOf(pod));
  }

  dropPod(uid: string, origin: 'watch' | 'list'): void {
    this.desired.deleteClaimant(uid, origin);
  }

  setPolicy(policy: TinyPolicy): void {
    this.desired.setPolicy(policyOf(policy));
  }

  dropPolicy(name: string): void {
    this.desired.deletePolicy(`${namespace}/${name}`);
  }

  relisting(kind: string | undefined): void {
    this.#relisting = kind;
    this.#applyKnowledge();
  }

  /** A term begins: whoever led before may have left a message on its way. */
  lead(): void {
    this.reads.takenOver();
    this.table.takenOver();
    this.#applyKnowledge();
  }

  /** Somebody else leads: what was learnt of the device is forgotten, causes are kept. */
  standBy(): void {
    this.table.forget();
    this.suspects.clear();
    this.reads.atOnce();
  }

  get isSending(): boolean {
    return this.#message !== undefined;
  }

  /** Monotonic ms: when what is guarded may be judged, should there be any. */
  get judgesAt(): number {
    return this.burst.over;
  }

  /** The next message, on its way from here on. */
  send(): readonly Order[] | undefined {
    this.#applyKnowledge();
    this.#message = chooseMessage(this.table, this.suspects, { limits, now: this.#now() });
    return this.#message?.batch.map(({ address, register, unregister }) => ({
      address,
      register,
      unregister,
    }));
  }

  answered(answer: Answer): void {
    const message = this.#message;
    if (message === undefined) throw new Error('no message is on its way');
    this.#message = undefined;
    const now = this.#now();
    if (answer === 'done') message.confirmed([], now);
    else if (answer === 'never left') message.notSent(now);
    else if (answer === 'refused') message.refused({ message: 'refused' }, now);
    else {
      this.reads.doubt();
      message.unanswered({ message: 'silent' }, now);
    }
  }

  beginRead(): void {
    this.#readBegunAt = this.#now();
    this.table.beginRead();
  }

  endRead(entries: ReadonlyMap<string, readonly string[]>, agreed: boolean): void {
    const startedAt = this.#readBegunAt ?? 0;
    this.#readBegunAt = undefined;
    const owned = new Map<string, ReturnType<typeof tagSet>>();
    const others = new Map<string, number>();
    for (const [address, tags] of entries) {
      const own = tags.filter((tag) => tag.startsWith(prefix));
      if (own.length > 0) owned.set(address, tagSet(own));
      if (own.length < tags.length) others.set(address, tags.length - own.length);
    }
    const verifies = this.reads.verifies(startedAt);
    this.table.endRead({ owned, others, agreed, verifies }, this.#now());
    this.reads.ended(startedAt);
  }

  rivalLeft(): void {
    this.#hasRival = false;
    this.#applyKnowledge();
  }

  #applyKnowledge(): void {
    const gate = removalGate(prefix, {
      clusterSynced: true,
      relisting: this.#relisting,
      tableRead: () => this.table.agreed,
      rival: this.#hasRival ? { prefix, id: 'bbbbbbbbbbbb' } : undefined,
    });
    this.table.setKnowledge({ gate, judgeFrom: this.burst.over, burst: this.burst.number }, this.#now());
  }
}

function claimantOf({ uid, address, app, since }: TinyPod): Claimant {
  return {
    kind: 'Pod',
    uid,
    namespace,
    name: uid,
    labels: new Map([['app', app]]),
    addresses: [address],
    since,
    terminating: false,
    ineligible: undefined,
    fields: { node: 'node', serviceAccount: 'default' },
  };
}

function policyOf({ name, app, tag }: TinyPolicy): Policy {
  const suffix = tag.slice(`${prefix}ns_${namespace}.`.length);
  return {
    id: `${namespace}/${name}`,
    name,
    namespace,
    firewalls: { names: [firewall] },
    namespaceSelector: undefined,
    podSelector: [{ key: 'app', operator: 'In', values: new Set([app]) }],
    tags: [{ kind: 'template', template: [{ kind: 'text', text: suffix }] }],
  };
}
