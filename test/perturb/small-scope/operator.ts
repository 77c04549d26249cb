// One operator of the small scope: the cluster as it was shown, its decisions, and the oracle's verdict on them.
import { Violation } from '../engine/explore.ts';
import { Departures } from '../oracle/departures.ts';
import { deservedAt, type TinyCluster } from '../oracle/tiny-cluster.ts';
import type { Order } from './device.ts';
import { Replica, type ReplicaOptions } from './replica.ts';
import { addresses, emptyCluster, type Event, tags, withEvent } from './truth.ts';

type Kind = Event['kind'];

export class TinyOperator {
  readonly replica: Replica;
  /** What it was shown. */
  view: TinyCluster = emptyCluster;
  readonly #departures = new Departures(addresses, tags);
  /** Not shown yet, by kind: watches of different kinds overtake each other. */
  #unseen: Record<Kind, readonly Event[]> = { pod: [], policy: [] };
  /** The kind whose watch broke: the next thing to come is a list. */
  #relisting: Kind | undefined;
  hasRead = false;
  #agreed = false;
  #hasRival: boolean;

  /** A fresh process: it lists everything. @param nobodyLedSince Pods that are younger have followed others. */
  constructor(options: ReplicaOptions, truth: TinyCluster, nobodyLedSince: number | undefined) {
    this.replica = new Replica(options);
    this.#hasRival = options.rival;
    for (const policy of truth.policies.values()) this.replica.setPolicy(policy);
    for (const pod of truth.pods.values()) this.replica.setPod(pod);
    this.replica.synced(nobodyLedSince);
    this.view = truth;
    if (nobodyLedSince !== undefined) this.#departures.followed(truth, nobodyLedSince);
  }

  happened(event: Event): void {
    this.#unseen = { ...this.#unseen, [event.kind]: [...this.#unseen[event.kind], event] };
  }

  hasUnseen(kind: Kind): boolean {
    return this.#unseen[kind].length > 0 && this.#relisting !== kind;
  }

  get relistingKind(): Kind | undefined {
    return this.#relisting;
  }

  /** The next event of that kind arrives. */
  see(kind: Kind): void {
    const [event, ...rest] = this.#unseen[kind];
    if (event === undefined) throw new Error(`no ${kind} event is on its way`);
    this.#unseen = { ...this.#unseen, [kind]: rest };
    const before = this.view;
    this.view = withEvent(before, event);
    this.#departures.changed(before, this.view, event.kind === 'pod' ? 'pod by watch' : 'policy');
    this.#tell(event, 'watch');
  }

  /** The watch of that kind breaks, and its position is too old. */
  loseWatch(kind: Kind): void {
    this.#relisting = kind;
    this.replica.relisting(kind);
  }

  /** The list arrives: what is gone first, then what is new. */
  relisted(truth: TinyCluster): void {
    const kind = this.#relisting;
    if (kind === undefined) throw new Error('no list is on its way');
    this.#unseen = { ...this.#unseen, [kind]: [] };
    for (const event of differences(kind, this.view, truth)) {
      const before = this.view;
      this.view = withEvent(before, event);
      this.#departures.changed(before, this.view, kind === 'pod' ? 'pod by list' : 'policy');
      this.#tell(event, 'list');
    }
    this.#relisting = undefined;
    this.replica.relisting(undefined);
  }

  read(agreed: boolean): void {
    this.hasRead = true;
    this.#agreed = agreed;
  }

  /** It leads no longer: what it knew of the table is worth nothing. */
  standsBy(): void {
    this.hasRead = false;
    this.#agreed = false;
    this.replica.standBy();
  }

  /** The other owner of the table leaves. */
  rivalLeft(): void {
    this.#hasRival = false;
    this.replica.rivalLeft();
  }

  /** Whether a guarded removal may go by what it has been shown. */
  get isGateOpen(): boolean {
    return this.hasRead && this.#agreed && this.#relisting === undefined && !this.#hasRival;
  }

  mayGoAtOnce(address: string, tag: string): boolean {
    return this.#departures.mayGoAtOnce(address, tag);
  }

  /** What it sends must follow from what it was shown. @throws Violation */
  checkOrders(orders: readonly Order[]): void {
    if (!this.hasRead)
      throw new Violation('nothing is sent before the table has been read', describe(orders));
    for (const { address, register, unregister } of orders) {
      const deserved = deservedAt(this.view, address);
      for (const tag of [...register, ...unregister])
        if (!tags.some((own) => own === tag))
          throw new Violation('no foreign tag is touched', `${address} ${tag}`);
      for (const tag of register)
        if (!deserved.has(tag))
          throw new Violation('only what is deserved is registered', `${address} ${tag}`);
      for (const tag of unregister) {
        if (deserved.has(tag))
          throw new Violation('nothing that is deserved is removed', `${address} ${tag}`);
        if (!this.isGateOpen && !this.mayGoAtOnce(address, tag))
          throw new Violation('no guarded removal goes without full knowledge', `${address} ${tag}`);
      }
    }
  }

  #tell(event: Event, origin: 'watch' | 'list'): void {
    if (event.kind === 'policy') {
      if (event.policy === undefined) this.replica.dropPolicy(event.name);
      else this.replica.setPolicy(event.policy);
    } else if (event.pod === undefined) this.replica.dropPod(event.uid, origin);
    else this.replica.setPod(event.pod);
  }
}

function differences(kind: Kind, known: TinyCluster, truth: TinyCluster): Event[] {
  if (kind === 'pod') {
    const gone = [...known.pods.keys()].filter((uid) => !truth.pods.has(uid));
    const set = [...truth.pods.values()].filter((pod) => known.pods.get(pod.uid) !== pod);
    return [
      ...gone.map((uid) => ({ kind, uid, pod: undefined })),
      ...set.map((pod) => ({ kind, uid: pod.uid, pod })),
    ];
  }
  const gone = [...known.policies.keys()].filter((name) => !truth.policies.has(name));
  const set = [...truth.policies.values()].filter(({ name }) => !known.policies.has(name));
  return [
    ...gone.map((name) => ({ kind, name, policy: undefined })),
    ...set.map((policy) => ({ kind, name: policy.name, policy })),
  ];
}

function describe(orders: readonly Order[]): string {
  return orders
    .map(({ address, register, unregister }) => `${address} +${register.join()} -${unregister.join()}`)
    .join('; ');
}
