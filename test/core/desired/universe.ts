// A universe small enough that addresses, labels and names collide all the time: what the laws of Desired run over.

import * as fc from 'fast-check';
import type { Desired } from '../../../src/core/desired/desired.ts';
import type { Claimant } from '../../../src/core/model/claimant.ts';
import type {
  Firewall,
  Labels,
  NamespaceRecord,
  Network,
  Policy,
  Selector,
  TagSource,
  TemplatePart,
} from '../../../src/core/model/model.ts';
import { parseNetwork } from '../../../src/core/syntax/network.ts';

export type Change =
  | { readonly kind: 'setPod'; readonly pod: Claimant }
  | { readonly kind: 'deletePod'; readonly uid: string; readonly origin: 'watch' | 'list' }
  | { readonly kind: 'setNamespace'; readonly namespace: NamespaceRecord }
  | { readonly kind: 'deleteNamespace'; readonly name: string }
  | { readonly kind: 'setPolicy'; readonly policy: Policy }
  | { readonly kind: 'deletePolicy'; readonly id: string }
  | { readonly kind: 'setFirewall'; readonly firewall: Firewall }
  | { readonly kind: 'deleteFirewall'; readonly name: string }
  | { readonly kind: 'podsSynced' };

/** What the cluster holds after a row of changes: the last value of each input. */
export type World = {
  readonly pods: Map<string, Claimant>;
  readonly namespaces: Map<string, NamespaceRecord>;
  readonly policies: Map<string, Policy>;
  readonly firewalls: Map<string, Firewall>;
};

export const addresses = ['10.0.0.1', '10.0.0.2', 'fd00::1', 'fd00::2', '127.0.0.1'];
/** Networks by their text, for the oracle: what a firewall knows is their parsed form. */
export const networks: ReadonlyMap<string, Network> = new Map(
  ['10.0.0.0/8', '10.0.0.2/32', 'fd00::/127', '::/0', '0.0.0.0/0'].map((text) => {
    const parsed = parseNetwork(text);
    if (!parsed.ok) throw new Error(`${text} ${parsed.problem}`);
    return [text, parsed.network];
  }),
);
export const namespaces = ['a', 'b', 'c'];
const podNumbers = [0, 1, 2, 3, 4, 5];
const policyIds = ['a/p', 'a/q', 'b/p', '/p', '/q'];
const firewallNames = ['f', 'g'];

const labels = (record: Record<string, string>): Labels => new Map(Object.entries(record));

// The decoder interns label sets, so equal ones are one instance here too.
const podLabels: readonly Labels[] = [
  labels({}),
  labels({ app: 'web' }),
  labels({ app: 'web', tier: 'gold' }),
  labels({ app: 'api', tier: '' }),
  labels({ app: "it's", tier: 'gold' }),
  labels({ app: '_x', tier: 'ns_y' }),
];
const namespaceLabels: readonly Labels[] = [labels({}), labels({ env: 'prod' }), labels({ env: 'dev' })];
const firewallLabels: readonly Labels[] = [labels({}), labels({ site: 'north' })];

/** Plain objects, as the parsers make them: fast-check likes to leave the prototype out. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

function selector(
  choices: readonly (readonly [key: string, values: readonly string[]])[],
): fc.Arbitrary<Selector> {
  const requirement = fc.constantFrom(...choices).chain(([key, values]) =>
    fc.oneof(
      record({
        key: fc.constant(key),
        operator: fc.constantFrom('In' as const, 'NotIn' as const),
        values: fc.subarray([...values], { minLength: 1 }).map((some) => new Set(some)),
      }),
      record({
        key: fc.constant(key),
        operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
        values: fc.constant(new Set<string>()),
      }),
    ),
  );
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: fc.array(requirement, { minLength: 1, maxLength: 2 }) },
  );
}

const podSelector = selector([
  ['app', ['web', 'api']],
  ['tier', ['gold', '']],
]);
const namespaceSelector = selector([['env', ['prod', 'dev']]]);

const part: fc.Arbitrary<TemplatePart> = fc.oneof(
  fc.constantFrom('t.', 'u', 'ns_z').map((text) => ({ kind: 'text' as const, text })),
  fc
    .constantFrom('namespace' as const, 'pod' as const, 'node' as const, 'serviceAccount' as const)
    .map((field) => ({ kind: 'field' as const, field })),
  fc.constantFrom('app', 'tier').map((key) => ({ kind: 'label' as const, key })),
  fc.constant({ kind: 'namespaceLabel' as const, key: 'env' }),
);

const tagSource: fc.Arbitrary<TagSource> = fc.oneof(
  {
    weight: 3,
    arbitrary: record({
      kind: fc.constant('template' as const),
      template: fc.array(part, { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: record({
      kind: fc.constant('labelKeys' as const),
      keys: fc.subarray(['app', 'ti*', '*', 'absent'], { minLength: 1 }),
    }),
  },
);

const podFields = {
  labels: fc.constantFrom(...podLabels),
  addresses: fc.oneof(
    { weight: 4, arbitrary: fc.subarray(addresses, { minLength: 1, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.constant([]) },
  ),
  fields: record({
    node: fc.constantFrom('', 'n1', 'n2'),
    serviceAccount: fc.constantFrom('default', 'admin'),
  }),
  ineligible: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.constant('HostNetwork' as const)),
  terminating: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
  since: fc.integer({ min: 1, max: 3 }),
};

const pod: fc.Arbitrary<Claimant> = record({
  number: fc.constantFrom(...podNumbers),
  ...podFields,
}).map(({ number, ...rest }) => ({
  kind: 'Pod' as const,
  uid: `u${number}`,
  name: `pod-${number}`,
  namespace: namespaces[number % namespaces.length] ?? 'a',
  ...rest,
}));

/** One field of a Pod changes, or none: then the Pod is as it was last, which may have been deleted since. */
const amendment = fc.oneof(
  fc.constant({}),
  ...Object.entries(podFields).map(([field, values]) =>
    (values as fc.Arbitrary<unknown>).map((value) => ({ [field]: value })),
  ),
);

const namespace: fc.Arbitrary<NamespaceRecord> = record({
  name: fc.constantFrom(...namespaces),
  labels: fc.constantFrom(...namespaceLabels),
});

const policy: fc.Arbitrary<Policy> = record({
  id: fc.constantFrom(...policyIds),
  firewalls: fc.oneof(
    record({ names: fc.subarray([...firewallNames, 'absent'], { minLength: 1 }) }),
    record({ selector: selector([['site', ['north', 'south']]]) }),
  ),
  namespaceSelector,
  podSelector,
  tags: fc.array(tagSource, { minLength: 1, maxLength: 3 }),
}).map((drawn) => {
  const [namespace = '', name = ''] = drawn.id.split('/');
  return namespace === ''
    ? { ...drawn, name, namespace: undefined }
    : { ...drawn, name, namespace, namespaceSelector: undefined };
});

const firewall: fc.Arbitrary<Firewall> = record({
  name: fc.constantFrom(...firewallNames),
  labels: fc.constantFrom(...firewallLabels),
  tagPrefix: fc.constantFrom('k8s.', 'lab.x.'),
  namespaceSelector,
  addressCIDRs: fc.oneof(fc.constant(undefined), fc.subarray([...networks.values()], { minLength: 1 })),
});

type Amend = { readonly kind: 'amendPod'; readonly uid: string; readonly fields: Partial<Claimant> };

const uid = fc.constantFrom(...podNumbers).map((number) => `u${number}`);

const change: fc.Arbitrary<Change | Amend> = fc.oneof(
  { weight: 8, arbitrary: record({ kind: fc.constant('setPod' as const), pod }) },
  {
    weight: 8,
    arbitrary: record({ kind: fc.constant('amendPod' as const), uid, fields: amendment }),
  },
  {
    weight: 3,
    arbitrary: record({
      kind: fc.constant('deletePod' as const),
      uid,
      origin: fc.constantFrom('watch' as const, 'list' as const),
    }),
  },
  { weight: 3, arbitrary: record({ kind: fc.constant('setNamespace' as const), namespace }) },
  {
    weight: 1,
    arbitrary: record({
      kind: fc.constant('deleteNamespace' as const),
      name: fc.constantFrom(...namespaces),
    }),
  },
  { weight: 5, arbitrary: record({ kind: fc.constant('setPolicy' as const), policy }) },
  {
    weight: 1,
    arbitrary: record({ kind: fc.constant('deletePolicy' as const), id: fc.constantFrom(...policyIds) }),
  },
  { weight: 3, arbitrary: record({ kind: fc.constant('setFirewall' as const), firewall }) },
  {
    weight: 1,
    arbitrary: record({
      kind: fc.constant('deleteFirewall' as const),
      name: fc.constantFrom(...firewallNames),
    }),
  },
);

/** A populated universe first, so that most changes meet something, then changes of every kind. */
export const history: fc.Arbitrary<Change[]> = fc
  .tuple(
    fc.array(record({ kind: fc.constant('setNamespace' as const), namespace }), { maxLength: 3 }),
    fc.array(record({ kind: fc.constant('setFirewall' as const), firewall }), { maxLength: 2 }),
    fc.array(record({ kind: fc.constant('setPolicy' as const), policy }), { maxLength: 3 }),
    fc.array(change, { maxLength: 10, size: 'max' }),
    fc.subarray([{ kind: 'podsSynced' as const }]),
    fc.array(change, { maxLength: 40, size: 'max' }),
  )
  .map((parts) => amended(parts.flat()));

/** Writes out amendments as the records that they come to. */
function amended(changes: readonly (Change | Amend)[]): Change[] {
  const last = new Map<string, Claimant>();
  return changes.flatMap((change) => {
    if (change.kind === 'setPod') last.set(change.pod.uid, change.pod);
    if (change.kind !== 'amendPod') return change;
    const before = last.get(change.uid);
    if (before === undefined) return [];
    const pod = { ...before, ...change.fields };
    last.set(pod.uid, pod);
    return { kind: 'setPod' as const, pod };
  });
}

export function emptyWorld(): World {
  return { pods: new Map(), namespaces: new Map(), policies: new Map(), firewalls: new Map() };
}

export function applyToWorld(world: World, change: Change): void {
  switch (change.kind) {
    case 'setPod':
      world.pods.set(change.pod.uid, change.pod);
      break;
    case 'deletePod':
      world.pods.delete(change.uid);
      break;
    case 'setNamespace':
      world.namespaces.set(change.namespace.name, change.namespace);
      break;
    case 'deleteNamespace':
      world.namespaces.delete(change.name);
      break;
    case 'setPolicy':
      world.policies.set(change.policy.id, change.policy);
      break;
    case 'deletePolicy':
      world.policies.delete(change.id);
      break;
    case 'setFirewall':
      world.firewalls.set(change.firewall.name, change.firewall);
      break;
    case 'deleteFirewall':
      world.firewalls.delete(change.name);
      break;
    case 'podsSynced':
      break;
  }
}

export function carryOut(desired: Desired, change: Change): void {
  switch (change.kind) {
    case 'setPod':
      return desired.setClaimant(change.pod);
    case 'deletePod':
      return desired.deleteClaimant(change.uid, change.origin);
    case 'setNamespace':
      return desired.setNamespace(change.namespace);
    case 'deleteNamespace':
      return desired.deleteNamespace(change.name);
    case 'setPolicy':
      return desired.setPolicy(change.policy);
    case 'deletePolicy':
      return desired.deletePolicy(change.id);
    case 'setFirewall':
      return desired.setFirewall(change.firewall);
    case 'deleteFirewall':
      return desired.deleteFirewall(change.name);
    case 'podsSynced':
      return desired.claimantsSynced();
  }
}
