// The amended evaluator against a plain computation: whatever changes, and whenever a Pod is looked at, both tell the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { NamespaceEvaluator, type ResolvedPolicy } from '../../../src/core/policies/namespace-evaluator.ts';
import type { Claimant } from '../../../src/core/model/claimant.ts';
import type { Firewall, Labels, NamespaceRecord, Policy } from '../../../src/core/model/model.ts';

const labels = (record: Record<string, string>): Labels => new Map(Object.entries(record));
const labelSets = [
  labels({}),
  labels({ app: 'web' }),
  labels({ app: 'web', tier: 'gold' }),
  labels({ app: 'api', tier: 'gold' }),
];
const namespace: NamespaceRecord = { name: 'shop', labels: labels({ env: 'prod' }) };

const pod = (set: Labels, name = 'p'): Claimant => ({
  uid: `u-${name}`,
  namespace: 'shop',
  name,
  kind: 'Pod',
  fields: { node: 'n1', serviceAccount: 'default' },
  labels: set,
  addresses: ['10.0.0.1'],
  ineligible: undefined,
  terminating: false,
  since: 1,
});

const firewall = (name: string, env: string): Firewall => ({
  name,
  labels: labels({}),
  tagPrefix: `${name}.`,
  namespaceSelector: [{ key: 'env', operator: 'In', values: new Set([env]) }],
  addressCIDRs: undefined,
});
const open = firewall('open', 'prod');
const shut = firewall('shut', 'dev');
/** Lists that policies share, as Rules makes them. */
const targetLists: readonly (readonly Firewall[])[] = [[], [open], [shut], [open, shut]];

const requirement = fc.record({
  key: fc.constantFrom('app', 'tier'),
  operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
  values: fc.constant(new Set<string>()),
});
const targeted: fc.Arbitrary<ResolvedPolicy> = fc
  .record({
    id: fc.constantFrom('shop/a', 'shop/b', '/c', '/d'),
    podSelector: fc.array(requirement, { maxLength: 2 }),
    env: fc.constantFrom('prod', 'dev'),
    text: fc.constantFrom('x', 'y'),
    namesThePod: fc.boolean(),
    firewalls: fc.constantFrom(...targetLists),
  })
  .map(({ id, podSelector, env, text, namesThePod, firewalls }) => {
    const policy: Policy = {
      id,
      name: id.slice(-1),
      namespace: id.startsWith('/') ? undefined : 'shop',
      firewalls: { names: [] },
      namespaceSelector: id.startsWith('/')
        ? [{ key: 'env', operator: 'In', values: new Set([env]) }]
        : undefined,
      podSelector,
      tags: [
        {
          kind: 'template',
          template: [
            { kind: 'text', text },
            ...(namesThePod ? [{ kind: 'field' as const, field: 'pod' as const }] : []),
          ],
        },
      ],
    };
    return { policy, firewalls };
  });

type Step = { readonly change: ResolvedPolicy; readonly gone: boolean; readonly looks: readonly number[] };
const step: fc.Arbitrary<Step> = fc.record({
  change: targeted,
  gone: fc.boolean(),
  looks: fc.subarray([0, 1, 2, 3]),
});

/** What one Pod is granted, in an order of its own. */
function told(evaluator: NamespaceEvaluator, set: Labels) {
  return evaluator
    .evaluate(pod(set))
    .grants.map(({ policy, reach, tags }) => [policy, reach.firewalls.map(({ name }) => name), tags] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** The same, policy by policy. */
function plainly(policies: Iterable<ResolvedPolicy>, set: Labels) {
  const selecting = [...policies].filter(
    ({ policy: { namespaceSelector, podSelector } }) =>
      (namespaceSelector ?? []).every(({ values }) => values.has('prod')) &&
      podSelector.every(({ key, operator }) => set.has(key) === (operator === 'Exists')),
  );
  return selecting
    .map(({ policy: { id, namespace: home, tags }, firewalls }) => {
      const [source] = tags;
      const parts = source?.kind === 'template' ? source.template : [];
      const text = parts.map((part) => (part.kind === 'text' ? part.text : 'p')).join('');
      const admitting = firewalls.includes(open) ? ['open'] : [];
      return [id, admitting, admitting.map(() => [`open.${home === undefined ? '' : 'ns_shop.'}${text}`])];
    })
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

test('law: amended change by change, it tells what a plain computation does', () => {
  // Long enough that what it remembers of changes overflows more than once.
  const story = fc.array(step, { minLength: 1, maxLength: 700, size: 'max' });
  fc.assert(
    fc.property(story, (steps) => {
      const evaluator = new NamespaceEvaluator(namespace, []);
      const policies = new Map<string, ResolvedPolicy>();
      for (const { change, gone, looks } of steps) {
        const { id } = change.policy;
        if (gone) policies.delete(id);
        else policies.set(id, change);
        evaluator.change(id, gone ? undefined : change);
        for (const i of looks) {
          const set = labelSets[i] ?? labels({});
          assert.deepEqual(told(evaluator, set), plainly(policies.values(), set));
        }
      }
      const fresh = new NamespaceEvaluator(namespace, policies.values());
      for (const set of labelSets) assert.deepEqual(told(fresh, set), told(evaluator, set));
    }),
    { numRuns: 60 },
  );
});

test('a label set that no changed policy selects keeps its very evaluation, shared by all of its Pods', () => {
  const [, web = labels({}), gold = labels({})] = labelSets;
  const policy = (key: string): ResolvedPolicy => ({
    firewalls: [open],
    policy: {
      id: `shop/${key}`,
      name: key,
      namespace: 'shop',
      firewalls: { names: ['open'] },
      namespaceSelector: undefined,
      podSelector: [{ key, operator: 'Exists', values: new Set() }],
      tags: [{ kind: 'template', template: [{ kind: 'text', text: key }] }],
    },
  });
  const evaluator = new NamespaceEvaluator(namespace, [policy('app')]);
  const before = { web: evaluator.evaluate(pod(web)), gold: evaluator.evaluate(pod(gold)) };
  assert.equal(evaluator.evaluate(pod(web, 'other')), before.web);
  evaluator.change('shop/tier', policy('tier'));
  assert.equal(evaluator.evaluate(pod(web)), before.web);
  assert.notEqual(evaluator.evaluate(pod(gold)), before.gold);
  const amended = evaluator.evaluate(pod(gold));
  evaluator.change('shop/tier', undefined);
  assert.equal(evaluator.evaluate(pod(web)), before.web);
  assert.notEqual(evaluator.evaluate(pod(gold)), amended);
  assert.equal(evaluator.evaluate(pod(gold)).grants.length, 1);
  for (const { firewalls, prefixes } of before.web.grants.map(({ reach }) => reach)) {
    assert.deepEqual([firewalls, prefixes], [[open], ['open.']]);
  }
});
