// A process that ends at any moment of a long history: the next one, which knows the status, the Lease and the device, goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Batch } from '../../src/core/message/batch.ts';
import { Desired } from '../../src/core/desired/desired.ts';
import type { WindowCount } from '../../src/core/removals/guard-window.ts';
import { newHoldersSince } from '../../src/core/lifecycle/leader-lease.ts';
import type { Claimant } from '../../src/core/model/claimant.ts';
import type { Labels, Policy } from '../../src/core/model/model.ts';
import { Table } from '../../src/core/table/table.ts';
import { tagSet } from '../../src/core/model/tag-set.ts';
import { confirmBatch, leaveUnanswered, nextBatch } from './table/messages.ts';

const second = 1000;
const minute = 60 * second;
const windowMs = 10 * minute;
const limits = { entries: 500, bytes: 1024 * 1024 };
const guard = { percent: 30, minimum: 3 };
const givenSeconds = 900;
/** What the wall clock shows when the monotonic one is at 0. */
const epochMs = Date.parse('2026-01-01T00:00:00.400Z');
/** After so long a message without an answer has had its effect, or never will. */
const lateMs = 20 * second;
/** In this time of a process that runs and a device that answers, what goes at once has gone. */
const promptMs = 2 * lateMs;
const renewalMs = 2 * second;
const addresses = Array.from({ length: 12 }, (_, i) => `10.0.0.${i}`);
const apps: readonly Labels[] = ['web', 'api', 'db'].map((app) => new Map([['app', app]]));
const policyIds = ['a/web', 'b/web', '/all'] as const;

type PolicyName = (typeof policyIds)[number];
type Step =
  | { readonly kind: 'start'; readonly at: number; readonly app: number }
  | { readonly kind: 'end'; readonly at: number }
  | { readonly kind: 'relabel'; readonly at: number; readonly app: number }
  | { readonly kind: 'edit'; readonly policy: PolicyName; readonly apps: readonly number[] | undefined }
  | { readonly kind: 'lose'; readonly fate: 'applied' | 'never' | 'late' }
  | { readonly kind: 'read' }
  | { readonly kind: 'approve' }
  | { readonly kind: 'wait'; readonly ms: number };

type ClusterChange = Extract<Step, { kind: 'start' | 'end' | 'relabel' | 'edit' }>;

function isChange(step: Step): step is ClusterChange {
  return ['start', 'end', 'relabel', 'edit'].includes(step.kind);
}

type Pair = { readonly address: string; readonly tag: string };
const keyOf = ({ address, tag }: Pair): string => `${address} ${tag}`;

/** How one process ends: how long nobody runs then, and what happens meanwhile unseen. */
type Crash = { readonly before: number; readonly downMs: number; readonly unseen: boolean };

class History {
  now = 0;
  readonly device = new Map<string, Map<string, number>>();
  readonly #pods = new Map<string, Claimant>();
  readonly #policies = new Map<PolicyName, Policy>();
  #uids = 0;
  #desired: Desired;
  #table: Table;
  /** Nobody runs. */
  #isDown = false;
  /** What the process before this one left in the status, as coarse as a status is. */
  #status: { readonly window: readonly WindowCount[]; readonly timeoutSeconds: number } = {
    window: [],
    timeoutSeconds: 0,
  };
  /** When the next message has no answer, and what becomes of it. */
  #fate: 'applied' | 'never' | 'late' | undefined;
  #late: { readonly batch: Batch; readonly at: number }[] = [];
  #verifyAt: number | undefined;
  #upSince = 0;
  #renewedAt = 0;
  /** Pairs whose removal is guarded since then: they left by an edit, and nothing was seen of their Pod since. */
  readonly #guarded = new Set<string>();
  readonly #approved = new Set<string>();
  /** Pairs that left the desired state because another Pod took the address, and since when that was known to a process. */
  readonly #inherited = new Map<string, number>();
  readonly #sent = new Set<string>();
  #gone: { readonly address: string; readonly at: number; readonly owned: number }[] = [];
  #statusAt = 0;

  constructor() {
    for (const [i] of addresses.entries()) this.#putPod(i, i % apps.length);
    for (const id of policyIds) this.#policies.set(id, policyOf(id, undefined));
    for (const address of addresses)
      this.device.set(address, new Map(this.wanted(address).map((tag) => [tag, givenSeconds * second])));
    [this.#desired, this.#table] = this.#begin();
    this.#status = { window: [], timeoutSeconds: givenSeconds };
  }

  play(steps: readonly Step[], crash?: Crash): void {
    for (const [i, step] of steps.entries()) {
      const isUnseen = i === crash?.before && crash.unseen && isChange(step);
      if (i === crash?.before) this.#crash(crash, isUnseen ? step : undefined);
      if (!isUnseen) this.#run(step);
    }
  }

  /** Everything that is held is approved, and everything late is over. */
  settle(): void {
    for (let round = 0; round < 4; round += 1) {
      this.#wait(promptMs);
      this.#read(true);
      this.#approveAll();
      this.#wait(second);
    }
  }

  state(): Record<string, readonly string[]> {
    const held = [...this.device].filter(([, tags]) => tags.size > 0);
    return Object.fromEntries(held.map(([address, tags]) => [address, [...tags.keys()].sort()]));
  }

  target(): Record<string, readonly string[]> {
    const wanted = addresses.map((address) => [address, this.wanted(address)] as const);
    return Object.fromEntries(wanted.filter(([, tags]) => tags.length > 0));
  }

  /** What the contract says, by other means than Desired. */
  wanted(address: string): readonly string[] {
    const holder = this.#holderOf(address);
    if (holder === undefined) return [];
    const app = holder.labels.get('app') ?? '';
    return tagSet(
      [...this.#policies].flatMap(([id, { podSelector }]) => {
        const home = id.split('/')[0] ?? '';
        if (home !== '' && home !== holder.namespace) return [];
        if (podSelector.some(({ values }) => !values.has(app))) return [];
        return [home === '' ? `k.${app}` : `k.ns_${home}.${app}`];
      }),
    );
  }

  #holderOf(address: string): Claimant | undefined {
    const claimants = [...this.#pods.values()].filter((pod) => pod.addresses.includes(address));
    return claimants.sort((a, b) => b.since - a.since || (a.uid < b.uid ? 1 : -1))[0];
  }

  #run(step: Step): void {
    switch (step.kind) {
      case 'wait':
        return this.#wait(step.ms);
      case 'lose':
        this.#fate = step.fate;
        return;
      case 'read':
        return this.#read(this.#late.length === 0 && this.#verifyAt === undefined);
      case 'approve':
        return this.#approveAll();
      default:
        this.#change(step);
        this.#wait(100);
    }
  }

  /** A change in the cluster, with the books of what may leave for which reason. */
  #change(step: ClusterChange): void {
    const before = addresses.map((address) => [this.#holderOf(address)?.uid, this.wanted(address)] as const);
    this.#apply(step);
    for (const [i, address] of addresses.entries()) {
      const [uid, tags] = before[i] ?? [undefined, []];
      const holder = this.#holderOf(address)?.uid;
      const wanted = this.wanted(address);
      for (const tag of wanted) this.#forget({ address, tag });
      for (const tag of this.device.get(address)?.keys() ?? []) {
        if (wanted.includes(tag)) continue;
        const key = keyOf({ address, tag });
        if (holder !== uid) {
          this.#guarded.delete(key);
          // While nobody runs only the time that a Pod tells of itself is seen, and only of one that is there in the end.
          if (holder !== undefined && !this.#isDown) this.#inherited.set(key, this.now);
        } else if (tags.includes(tag) && step.kind === 'edit') this.#guarded.add(key);
      }
    }
  }

  #forget(pair: Pair): void {
    const key = keyOf(pair);
    this.#guarded.delete(key);
    this.#approved.delete(key);
    this.#inherited.delete(key);
    this.#sent.delete(key);
  }

  #apply(step: ClusterChange): void {
    const tell = (action: (desired: Desired) => void) => {
      if (!this.#isDown) action(this.#desired);
    };
    if (step.kind === 'start') {
      const record = this.#putPod(step.at, step.app);
      return tell((desired) => desired.setClaimant(record));
    }
    if (step.kind === 'edit') {
      const policy = policyOf(step.policy, step.apps);
      if (step.apps?.length === 0) {
        this.#policies.delete(step.policy);
        return tell((desired) => desired.deletePolicy(step.policy));
      }
      this.#policies.set(step.policy, policy);
      return tell((desired) => desired.setPolicy(policy));
    }
    const pod = this.#holderOf(addresses[step.at] ?? '');
    if (pod === undefined) return;
    if (step.kind === 'end') {
      this.#pods.delete(pod.uid);
      return tell((desired) => desired.deleteClaimant(pod.uid, 'watch'));
    }
    const record = { ...pod, labels: apps[step.app] ?? new Map() };
    this.#pods.set(pod.uid, record);
    tell((desired) => desired.setClaimant(record));
  }

  /** Kubernetes tells times in whole seconds. */
  #putPod(at: number, app: number): Claimant {
    const uid = `u${String((this.#uids += 1)).padStart(4, '0')}`;
    const record: Claimant = {
      uid,
      namespace: at % 2 === 0 ? 'a' : 'b',
      name: `pod-${uid}`,
      kind: 'Pod',
      fields: { node: 'n1', serviceAccount: 'default' },
      labels: apps[app] ?? new Map(),
      addresses: [addresses[at] ?? ''],
      ineligible: undefined,
      terminating: false,
      since: Math.floor((epochMs + this.now) / second) * second,
    };
    this.#pods.set(uid, record);
    return record;
  }

  #crash({ downMs }: Crash, unseen: Step | undefined): void {
    const renewedAt = this.#renewedAt;
    // A message that is on its way when its process ends may still take effect.
    const batch = nextBatch(this.#table, limits, this.now);
    if (batch !== undefined) {
      this.#account(batch);
      this.#late.push({ batch, at: this.now + Math.min(downMs, lateMs) });
    }
    this.#isDown = true;
    // What passed the guard after the last status was written is known to nobody any more.
    this.#gone = this.#gone.filter(({ at: passedAt }) => passedAt <= this.#statusAt);
    // What its predecessor had not sent of it, and what nobody saw, is judged by gate and guard: no promise holds for it.
    this.#inherited.clear();
    if (unseen !== undefined) this.#run(unseen);
    this.#wait(downMs);
    this.#isDown = false;
    const since = newHoldersSince(epochMs + renewedAt, epochMs + renewedAt);
    this.#approved.clear();
    [this.#desired, this.#table] = this.#begin();
    this.#desired.holdersNewSince(since);
    this.#bookHeirs(since);
    this.#verifyAt = this.now + lateMs;
    this.#drain();
  }

  /** Holders that began after the last renewal inherit nothing, whoever saw them begin. */
  #bookHeirs(since: number): void {
    for (const address of addresses) {
      if ((this.#holderOf(address)?.since ?? 0) <= since) continue;
      const wanted = this.wanted(address);
      for (const tag of this.device.get(address)?.keys() ?? []) {
        if (wanted.includes(tag)) continue;
        this.#guarded.delete(keyOf({ address, tag }));
        this.#inherited.set(keyOf({ address, tag }), this.now);
      }
    }
  }

  /** What run.ts, a takeover and the first reading do. */
  #begin(): [Desired, Table] {
    const desired: Desired = new Desired({
      addressChanged: (_, change) => table.note(change, this.now),
      policyChanged: () => {},
    });
    const of = {
      tagsOf: (address: string) => desired.tagsOf('f', address),
      addresses: () => desired.addressesOf('f'),
    };
    const table: Table = new Table(of, () => undefined, guard, { epochMs, tagPrefix: 'k.' });
    const empty: Labels = new Map();
    desired.setFirewall({
      name: 'f',
      labels: empty,
      tagPrefix: 'k.',
      namespaceSelector: [],
      addressCIDRs: undefined,
    });
    for (const name of ['a', 'b']) desired.setNamespace({ name, labels: empty });
    for (const policy of this.#policies.values()) desired.setPolicy(policy, 'list');
    for (const pod of this.#pods.values()) desired.setClaimant(pod);
    desired.claimantsSynced();
    table.takenOver();
    table.timeouts.configure({ timeoutSeconds: givenSeconds, obstacle: undefined }, this.now);
    table.timeouts.inherit(this.#status.timeoutSeconds);
    table.inheritGuard(this.#status.window, this.now);
    this.#upSince = this.now;
    this.#readInto(table, false);
    return [desired, table];
  }

  #wait(ms: number): void {
    for (let left = ms; left > 0; ) {
      const step = Math.min(left, 5 * second);
      this.now += step;
      left -= step;
      this.#tick();
    }
  }

  #tick(): void {
    for (const { batch } of this.#late.filter(({ at }) => at <= this.now)) this.#applyToDevice(batch);
    this.#late = this.#late.filter(({ at }) => at > this.now);
    for (const address of addresses) {
      for (const [tag, end] of this.device.get(address) ?? [])
        assert.ok(end > this.now, `the timeout of ${tag} at ${address} ended`);
    }
    if (this.#isDown) return;
    this.#renewedAt = Math.floor(this.now / renewalMs) * renewalMs;
    if (this.#verifyAt !== undefined && this.now > this.#verifyAt) {
      this.#verifyAt = undefined;
      this.#read(true);
    }
    this.#drain();
    this.#checkHeirs();
    this.#writeStatus();
  }

  /** Once a second, with moments in whole seconds, rounded as the operator rounds them. */
  #writeStatus(): void {
    if (this.now - this.#statusAt < second) return;
    this.#statusAt = this.now;
    const window = this.#table.guardWindow.map((count) => ({
      ...count,
      at: Math.ceil((epochMs + count.at) / second) * second - epochMs,
    }));
    this.#status = { window, timeoutSeconds: this.#table.timeouts.outstanding };
  }

  #drain(): void {
    for (let rounds = 0; rounds < 100; rounds += 1) {
      const batch = nextBatch(this.#table, limits, this.now);
      if (batch === undefined) return;
      this.#account(batch);
      this.#send(batch);
    }
    assert.fail('there is always something to send');
  }

  #send(batch: Batch): void {
    const fate = this.#fate;
    this.#fate = undefined;
    if (fate === undefined) {
      this.#applyToDevice(batch);
      confirmBatch(batch, [], this.now);
      return;
    }
    if (fate === 'applied') this.#applyToDevice(batch);
    if (fate === 'late') this.#late.push({ batch, at: this.now + lateMs - second });
    this.#verifyAt = this.now + lateMs;
    leaveUnanswered(batch, this.now);
  }

  #applyToDevice(batch: Batch): void {
    for (const { address, register, unregister, refresh = [], timeoutSeconds = 0 } of batch) {
      const tags = this.device.get(address) ?? new Map<string, number>();
      for (const tag of unregister) tags.delete(tag);
      const end = timeoutSeconds === 0 ? Number.POSITIVE_INFINITY : this.now + timeoutSeconds * second;
      for (const tag of [...register, ...refresh]) tags.set(tag, end);
      this.device.set(address, tags);
    }
  }

  #read(verifies: boolean): void {
    this.#readInto(this.#table, verifies);
    this.#drain();
  }

  #readInto(table: Table, verifies: boolean): void {
    const owned = [...this.device].filter(([, tags]) => tags.size > 0);
    table.beginRead();
    const reading = new Map(owned.map(([address, tags]) => [address, tagSet(tags.keys())]));
    table.endRead({ owned: reading, others: new Map(), agreed: true, verifies }, this.now);
  }

  #approveAll(): void {
    for (const plan of this.#table.held) {
      for (const [address, tags] of plan.removals)
        for (const tag of tags) this.#approved.add(keyOf({ address, tag }));
      this.#table.approve(plan.id, this.now);
    }
    this.#drain();
  }

  /** Nothing that is deserved leaves, and what is guarded keeps to the guard's limits, over all processes. */
  #account(batch: Batch): void {
    const owned = this.#table.owned;
    for (const { address, unregister } of batch) {
      const wanted = this.wanted(address);
      for (const tag of unregister) {
        const key = keyOf({ address, tag });
        assert.ok(!wanted.includes(tag), `${key} is deserved`);
        if (this.#guarded.has(key) && !this.#approved.has(key) && !this.#sent.has(key))
          this.#gone.push({ address, at: this.now, owned });
        this.#sent.add(key);
      }
    }
    const recent = this.#gone.filter(({ at }) => at > this.now - windowMs);
    const start = recent[0]?.owned ?? owned;
    const most = Math.max(guard.minimum, (start * guard.percent) / 100);
    const count = new Set(recent.map(({ address }) => address)).size;
    assert.ok(count <= most, `${count} addresses within ten minutes, of ${start}`);
  }

  #checkHeirs(): void {
    for (const [key, since] of this.#inherited) {
      const [address = '', tag = ''] = key.split(' ');
      if (this.device.get(address)?.has(tag) !== true && this.#late.length === 0) continue;
      const promptSince = Math.max(
        since,
        this.#upSince,
        this.#verifyAt ?? 0,
        ...this.#late.map(({ at }) => at),
      );
      if (this.device.get(address)?.has(tag) !== true || this.#guarded.has(key)) continue;
      assert.ok(this.now - promptSince <= promptMs, `${key} is a former holder's for ${this.now - since} ms`);
    }
  }
}

function policyOf(id: PolicyName, chosen: readonly number[] | undefined): Policy {
  const [home = '', name = ''] = id.split('/');
  const values = new Set(chosen?.flatMap((app) => apps[app]?.get('app') ?? []));
  return {
    id,
    name,
    namespace: home === '' ? undefined : home,
    firewalls: { names: ['f'] },
    namespaceSelector: home === '' ? [] : undefined,
    podSelector: chosen === undefined ? [] : [{ key: 'app', operator: 'In', values }],
    tags: [{ kind: 'template', template: [{ kind: 'label', key: 'app' }] }],
  };
}

const at = fc.nat(addresses.length - 1);
const app = fc.nat(apps.length - 1);
const waits = [100, second, 30 * second, 4 * minute, 11 * minute];
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('start' as const), at, app }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), at }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('relabel' as const), at, app }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('edit' as const),
      policy: fc.constantFrom(...policyIds),
      apps: fc.option(fc.subarray([0, 1, 2]), { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('lose' as const),
      fate: fc.constantFrom('applied' as const, 'never' as const, 'late' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'read' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'approve' }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(...waits) }) },
);

const story = fc.record({
  steps: fc.array(step, { minLength: 5, maxLength: 30, size: 'max' }),
  downMs: fc.constantFrom(0, 300, 4 * second, 2 * minute),
  unseen: fc.boolean(),
});

test('law: a process that ends at any moment exceeds no guard, takes nothing that is deserved, and ends where none ended', () => {
  fc.assert(
    fc.property(story, ({ steps, downMs, unseen }) => {
      const whole = new History();
      whole.play(steps);
      whole.settle();
      assert.deepEqual(whole.state(), whole.target());
      for (const [before] of steps.entries()) {
        const cut = new History();
        cut.play(steps, { before, downMs, unseen });
        cut.settle();
        assert.deepEqual(cut.state(), whole.state(), `ended before step ${before}`);
      }
    }),
    { numRuns: 40 },
  );
});
