// Advice of a policy that selects nothing: what it asks for beside what there is, bounded whatever tenants write.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desired } from '../../../src/core/desired/desired.ts';
import type { Claimant } from '../../../src/core/model/claimant.ts';
import type { Labels, Policy } from '../../../src/core/model/model.ts';
import { parseSelector, type LabelSelector } from '../../../src/core/syntax/selector.ts';

function selector(spec: LabelSelector) {
  const parsed = parseSelector(spec);
  assert.ok(parsed.ok);
  return parsed.selector;
}
const app = (value: string) => ({ matchLabels: { app: value } });

function policy(podSelector: LabelSelector, namespaceSelector?: LabelSelector): Policy {
  const ofCluster = namespaceSelector !== undefined;
  return {
    id: ofCluster ? '/web' : 'shop/web',
    name: 'web',
    namespace: ofCluster ? undefined : 'shop',
    firewalls: { names: ['edge'] },
    namespaceSelector: namespaceSelector && selector(namespaceSelector),
    podSelector: selector(podSelector),
    tags: [],
  };
}

let count = 0;
function pod(labels: Labels | Readonly<Record<string, string>>, namespace = 'shop'): Claimant {
  count += 1;
  return {
    uid: `u${count}`,
    namespace,
    name: `p${count}`,
    kind: 'Pod',
    fields: { node: 'n', serviceAccount: 'default' },
    labels: labels instanceof Map ? (labels as Labels) : new Map(Object.entries(labels)),
    addresses: [`10.0.${count >> 8}.${count & 255}`],
    ineligible: undefined,
    terminating: false,
    since: 0,
  };
}

function cluster(...pods: readonly Claimant[]) {
  const desired = new Desired({ addressChanged: () => undefined, policyChanged: () => undefined });
  desired.setNamespace({ name: 'shop', labels: new Map([['env', 'prod']]) });
  desired.setNamespace({ name: 'lab', labels: new Map([['env', 'test']]) });
  for (const one of pods) desired.setClaimant(one);
  const why = (wanted: Policy) => {
    desired.setPolicy(wanted);
    return desired.whyNothing(wanted.id);
  };
  return { desired, why };
}

const fix = 'Correct the selector, or label the Pods';

test('a value that no Pod has is told beside those that there are, the smallest', () => {
  const { why } = cluster(...['web', 'api', 'db', 'cache'].map((value) => pod({ app: value })));
  assert.equal(
    why(policy(app('wbe'))),
    'no Pod is selected: spec.podSelector asks for app=wbe; the Pods in namespace shop have app=api, app=cache, ' +
      `app=db, …. ${fix}`,
  );
});

test('a key that no Pod has is told beside the keys that there are', () => {
  const { why } = cluster(pod({ run: 'web', tier: 'gold' }), pod({ app: 'web' }, 'lab'));
  assert.equal(
    why(policy(app('web'))),
    'no Pod is selected: spec.podSelector asks for app=web; the Pods in namespace shop have no label app, but the ' +
      `labels run, tier. ${fix}`,
  );
});

test('expressions are told as kubectl takes them, the first three', () => {
  const { why } = cluster(pod({ app: 'api' }));
  const matchExpressions = [
    { key: 'app', operator: 'In', values: ['web', 'shop'] },
    { key: 'app', operator: 'NotIn', values: ['api'] },
    { key: 'tier', operator: 'Exists' },
    { key: 'old', operator: 'DoesNotExist' },
  ];
  assert.match(
    why(policy({ matchExpressions })),
    /asks for app in \(shop, web\),app notin \(api\),tier,…; the Pods in namespace shop have app=api, no label tier, no label old\. /,
  );
  const [, , , none] = matchExpressions;
  assert.match(
    why(policy({ matchExpressions: none ? [none] : [] })),
    /asks for !old; .* have no label old, but the labels app/,
  );
});

test('where there is no Pod at all, that is what there is to say', () => {
  const { desired, why } = cluster();
  const nobody = 'no Pod is selected: there is none in namespace shop yet';
  assert.equal(why(policy(app('web'))), nobody);
  assert.equal(why(policy({})), nobody);
  const one = pod({ app: 'api' });
  desired.setClaimant(one);
  assert.match(why(policy(app('web'))), /have app=api/);
  desired.deleteClaimant(one.uid, 'watch');
  assert.equal(desired.whyNothing('shop/web'), nobody);
  assert.equal(desired.whyNothing('shop/other'), '');
});

test('of a ClusterPanTagPolicy, namespaces come before Pods', () => {
  const { why } = cluster(pod({ app: 'api' }), pod({ app: 'db' }, 'lab'));
  assert.equal(
    why(policy(app('web'), { matchLabels: { env: 'stage' } })),
    'no Pod is selected: spec.namespaceSelector asks for env=stage, and no namespace matches it; the namespaces have ' +
      'env=prod, env=test. Correct the selector, or label the namespaces',
  );
  assert.match(
    why(policy(app('web'), {})),
    /asks for app=web; the Pods in the namespaces that spec.namespaceSelector selects have app=api, app=db\. /,
  );
  assert.match(why(policy(app('web'), { matchLabels: { env: 'test' } })), / have app=db\. /);
});

test('the sentence is short and costs little, whatever labels tenants write', () => {
  let read = 0;
  class Counted extends Map<string, string> {
    override *[Symbol.iterator]() {
      for (const entry of super[Symbol.iterator]()) {
        read += 1;
        yield entry;
      }
      return undefined;
    }
  }
  const many = (i: number) =>
    new Counted(
      Array.from({ length: 2000 }, (_, j) => [`key-${(i + j) % 3000}`, `${'v'.repeat(60)}${i % 100}`]),
    );
  const { desired, why } = cluster(...Array.from({ length: 1000 }, (_, i) => pod(many(i))));
  read = 0;
  const text = why(policy({ matchLabels: { 'key-0': 'x', 'key-1': 'x', 'key-2': 'x', 'key-3': 'x' } }));
  const before = read;
  assert.ok(text.length < 1500, String(text.length));
  for (let i = 0; i < 100; i += 1) desired.whyNothing('shop/web');
  assert.equal(read, before, 'sampled once until Pods change');
});
