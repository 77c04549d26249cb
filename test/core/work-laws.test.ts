// Laws of work: what tenants and devices write is worked off in at most n log n steps. Steps are counted, never timed.

import assert from 'node:assert/strict';
import { Session } from 'node:inspector';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { Desired } from '../../src/core/desired/desired.ts';
import type { AddressChange } from '../../src/core/model/address-change.ts';
import type { Claimant } from '../../src/core/model/claimant.ts';
import type { Firewall, Labels, Policy } from '../../src/core/model/model.ts';
import type { RefusedPair } from '../../src/core/message/refusals.ts';
import { mostTags } from '../../src/core/policies/tag-cap.ts';
import { Table } from '../../src/core/table/table.ts';
import type { DesiredTags } from '../../src/core/table/desired-tags.ts';
import { noTags, type TagSet, tagSet } from '../../src/core/model/tag-set.ts';
import { createRegisteredIpReader } from '../../src/panos/messages/registered-ip-reader.ts';
import { readUidResponse } from '../../src/panos/messages/response.ts';
import { neverTrips } from './removals/guard-limits.ts';
import { confirmBatch, nextBatch } from './table/messages.ts';

// V8 counts how often each block of src ran: bodies of loops, callbacks, branches. What native code does on its own is not
// in these counts: the scans are added below, how far they went; sorting without a comparator and copying are left out.
// Code that V8 optimizes or drops counts some blocks less often. Without, counts of two runs still differ by up to 2 %.
setFlagsFromString('--no-opt');
setFlagsFromString('--no-flush-bytecode');
const session = new Session();
session.connect();
after(() => session.disconnect());
session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

function blocksRun(): number {
  let blocks = 0;
  session.post('Profiler.takePreciseCoverage', (error, coverage) => {
    if (error !== null) throw error;
    for (const { url, functions } of coverage.result) {
      if (!/\/src\/.*\.ts$/u.test(url)) continue;
      for (const { ranges } of functions) for (const { count } of ranges) blocks += count;
    }
  });
  return blocks;
}

let scanned = 0;
const scans = [
  [Array.prototype, 'includes'],
  [Array.prototype, 'indexOf'],
  [Array.prototype, 'lastIndexOf'],
  [String.prototype, 'includes'],
  [String.prototype, 'indexOf'],
] as const;

/** Steps of src, and elements or characters that its native scans could have looked at or did. */
function stepsOf(work: () => void): number {
  const undo = scans.map(([prototype, name]) => {
    const native: (...args: never) => number | boolean = prototype[name];
    Reflect.set(prototype, name, function (this: ArrayLike<unknown>, ...args: [unknown, number?]) {
      const found = Reflect.apply(native, this, args);
      const [, from = 0] = args;
      scanned += typeof found === 'number' && found >= from ? found - from : this.length;
      return found;
    });
    return () => Reflect.set(prototype, name, native);
  });
  blocksRun();
  scanned = 0;
  try {
    work();
  } finally {
    for (const back of undo) back();
  }
  return blocksRun() + scanned;
}

const sizes = [500, 1000, 2000, 4000];
/** n log n from 500 to 1,000 is an exponent of 1.15; one scan for each element is one of 2. */
const mostExponent = 1.25;

/** @param prepare makes the input, uncounted, and returns the work. */
function law(name: string, prepare: (n: number) => () => void): void {
  test(`law of work: ${name}`, (t) => {
    const counts = sizes.map((n) => stepsOf(prepare(n)));
    const exponents = counts.slice(1).map((count, i) => Math.log2(count / (counts[i] ?? 0)));
    const told = `${counts.join(', ')} steps: ${exponents.map((exponent) => exponent.toFixed(2)).join(', ')}`;
    t.diagnostic(told);
    assert.ok((counts[0] ?? 0) > 0, 'nothing is counted');
    for (const exponent of exponents) assert.ok(exponent <= mostExponent, told);
  });
}

const limits = { entries: 500_000, bytes: 1e9 };
const address = '10.0.0.1';
const addressesOf = (n: number): string[] => Array.from({ length: n }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
const tagsOf = (n: number, start = 't'): TagSet =>
  tagSet(Array.from({ length: n }, (_, i) => `k8s.${start}${i}`));
const labelsOf = (n: number, value: string): Labels =>
  new Map(Array.from({ length: n }, (_, i) => [`key${i}`, i === 0 ? value : 'v']));

const firewall: Firewall = {
  name: 'f',
  labels: new Map(),
  tagPrefix: 'k8s.',
  namespaceSelector: [],
  addressCIDRs: undefined,
};

const policy = (i: number): Policy => ({
  id: `a/p${i}`,
  name: `p${i}`,
  namespace: 'a',
  firewalls: { names: ['f'] },
  namespaceSelector: undefined,
  podSelector: [],
  tags: [{ kind: 'labelKeys', keys: ['*'] }],
});

const textPolicy = (i: number, text: string): Policy => ({
  ...policy(i),
  tags: [{ kind: 'template', template: [{ kind: 'text', text: `${text}${i}` }] }],
});

const pod = (labels: Labels): Claimant => ({
  uid: 'u',
  namespace: 'a',
  name: 'pod-1',
  kind: 'Pod',
  fields: { node: 'n', serviceAccount: 'default' },
  labels,
  addresses: [address],
  ineligible: undefined,
  terminating: false,
  since: 1,
});

/** A table that was read and is empty. */
function tableOf(desired: DesiredTags): Table {
  const table = new Table(desired, () => undefined, neverTrips);
  readInto(table, new Map());
  return table;
}

function readInto(table: Table, owned: ReadonlyMap<string, TagSet>): void {
  table.beginRead();
  table.endRead({ owned, others: new Map(), agreed: true }, 1);
}

/** Desired and a table that follows it, with so many policies. */
function cluster(policies: number, tagsPerAddress?: number) {
  let follow: Table | undefined;
  const desired = new Desired({
    addressChanged: (_, change) => follow?.note(change, 1),
    policyChanged: () => {},
  });
  desired.setFirewall(firewall);
  desired.setNamespace({ name: 'a', labels: new Map() });
  for (let i = 0; i < policies; i += 1) desired.setPolicy(policy(i));
  const table = tableOf({
    tagsOf: (at) => desired.tagsOf('f', at),
    addresses: () => desired.addressesOf('f'),
    limits: {
      deserved: (at) => desired.tagsOf('f', at),
      tagsPerAddress,
      ranksAt: (at) => desired.ranksAt('f', at),
    },
  });
  follow = table;
  return (labels: Labels): void => {
    desired.setClaimant(pod(labels));
    const batch = nextBatch(table, limits, 2);
    assert.ok(batch !== undefined, 'nothing is sent');
    confirmBatch(batch, [], 3);
  };
}

for (const limit of [undefined, 32]) {
  law(`a Pod with n labels, one of them flipped${limit === undefined ? '' : ', under a tag limit'}`, (n) => {
    const settle = cluster(1, limit);
    return () => {
      settle(labelsOf(n, 'v'));
      settle(labelsOf(n, 'w'));
    };
  });
}

law('n policies that take all labels of one Pod with n labels', (n) => {
  const settle = cluster(n);
  return () => {
    settle(labelsOf(n, 'v'));
    settle(labelsOf(n, 'w'));
  };
});

for (const change of ['come', 'are edited', 'go'] as const) {
  law(`n policies that ${change} together, and all select one Pod`, (n) => {
    const changed: AddressChange[] = [];
    const desired = new Desired({
      addressChanged: (_, one) => changed.push(one),
      policyChanged: () => {},
    });
    desired.setFirewall(firewall);
    desired.setNamespace({ name: 'a', labels: new Map() });
    desired.setClaimant(pod(labelsOf(1, 'v')));
    const together = (step: (one: Policy) => void, template: string) => {
      desired.defer();
      for (let i = 0; i < n; i += 1) step(textPolicy(i, template));
      desired.settle();
    };
    if (change !== 'come') together((one) => desired.setPolicy(one), 'old');
    changed.length = 0;
    return () => {
      together((one) => (change === 'go' ? desired.deletePolicy(one.id) : desired.setPolicy(one)), 'new');
      assert.equal(desired.tagsOf('f', address).length, change === 'go' ? 0 : mostTags);
      assert.ok(changed.length <= mostTags, `told ${changed.length} times`);
    };
  });
}

const refusal = (entries: readonly string[]): string =>
  `<response status="error"><msg><line><uid-response><payload><register>${entries.join('')}</register></payload></uid-response></line></msg></response>`;

law('a refusal of n tags of one address, by name', (n) => {
  const tags = tagsOf(n);
  const text = refusal(tags.map((tag) => `<entry ip="${address}" message="tag ${tag} is too long"/>`));
  return () => {
    const rejected = readUidResponse(text, { register: [{ ip: address, tags }], unregister: [] });
    assert.equal(new Set(rejected.map(({ tag }) => tag)).size, n);
  };
});

law('a refusal of n addresses', (n) => {
  const register = addressesOf(n).map((ip, i) => ({ ip, tags: [`k8s.t${i}`] }));
  const text = refusal(
    register.map(({ ip, tags }) => `<entry ip="${ip}" message="tag ${tags.join('')} is too long"/>`),
  );
  return () => {
    assert.equal(readUidResponse(text, { register, unregister: [] }).length, n);
  };
});

const page = (entries: readonly (readonly [string, TagSet])[]): string =>
  `<response status="success"><result>${entries
    .map(
      ([ip, tags]) =>
        `<entry ip="${ip}" from_agent="0" persistent="1"><tag>${tags.map((tag) => `<member>${tag}</member>`).join('')}</tag></entry>`,
    )
    .join('')}<count>${entries.length}</count></result></response>`;

law('a page of n addresses', (n) => {
  const text = page(addressesOf(n).map((ip, i) => [ip, [`k8s.t${i}`]]));
  return () => {
    assert.equal(createRegisteredIpReader()(text).length, n);
  };
});

law('a page with n tags at one address', (n) => {
  const text = page([[address, tagsOf(n)]]);
  return () => {
    assert.equal(createRegisteredIpReader()(text)[0]?.tags.length, n);
  };
});

/** Desired tags that no policy makes, more than Desired gives one address. */
const fixed = (wanted: ReadonlyMap<string, TagSet>): DesiredTags => ({
  tagsOf: (at) => wanted.get(at) ?? noTags,
  addresses: () => wanted.keys(),
});

law('a table in which a read finds n tags at one address, half of them unknown', (n) => {
  const table = tableOf(fixed(new Map([[address, tagsOf(n)]])));
  const found = tagSet([...tagsOf(n / 2), ...tagsOf(n / 2, 'old')]);
  return () => {
    readInto(table, new Map([[address, found]]));
    const [item] = nextBatch(table, limits, 2) ?? [];
    assert.deepEqual([item?.register.length, item?.unregister.length], [n / 2, n / 2]);
  };
});

law('a table in which a read finds n addresses', (n) => {
  const ips = addressesOf(n);
  const table = tableOf(fixed(new Map(ips.map((ip) => [ip, tagsOf(1)]))));
  return () => {
    readInto(table, new Map(ips.map((ip) => [ip, tagsOf(1, 'old')])));
    assert.equal(nextBatch(table, limits, 2)?.length, n);
  };
});

/** The table after the device refused all that it was sent. */
function refuseAll(table: Table, pairs: number): void {
  const batch = nextBatch(table, limits, 2) ?? [];
  const refusedPairs = batch.flatMap(({ address: at, register }) =>
    register.map((tag): RefusedPair => ({ address: at, section: 'register', tag, message: 'no' })),
  );
  assert.equal(refusedPairs.length, pairs);
  confirmBatch(batch, refusedPairs, 3);
  assert.equal(nextBatch(table, limits, 4), undefined);
}

law('confirm with n refused pairs at one address', (n) => {
  const table = tableOf(fixed(new Map([[address, tagsOf(n)]])));
  return () => refuseAll(table, n);
});

law('confirm with n refused pairs at n addresses', (n) => {
  const table = tableOf(fixed(new Map(addressesOf(n).map((ip, i) => [ip, [`k8s.t${i}`]]))));
  return () => refuseAll(table, n);
});
