// A real API server and zod give the same verdict on the same manifests; what is stored is what the operator reads.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as fc from 'fast-check';
import {
  clusterPanTagPolicies,
  collectionPath,
  definitionPath,
  objectPath,
  panFirewalls,
  panTagPolicies,
  readDefinition,
  resources,
  schemaRevision,
} from '../../src/kubernetes/resources/api.ts';
import { parseFirewall, parsePolicy } from '../../src/kubernetes/resources/parse.ts';
import { mergePatch } from '../harness/api-client.ts';
import { type ApiServer, creationPath, startApiServer } from './api-server.ts';
import { badCases, goodCases } from './cases.ts';
import { clusterPolicy, firewall, type Manifest, policy, template } from './manifests.ts';
import { demands } from './rules.ts';
import { firewallStatus, policyStatus } from './samples.ts';

let server: ApiServer;

before(async () => {
  server = await startApiServer();
});

after(() => server?.stop());

function zodRefuses(manifest: Manifest): boolean {
  const raw: unknown = JSON.parse(JSON.stringify(manifest));
  return !(manifest.kind === 'PanFirewall' ? parseFirewall(raw) : parsePolicy(raw)).ok;
}

test('the CRDs are established, structural, and of this revision', async () => {
  for (const resource of resources) {
    const crd = await server.request('GET', definitionPath(resource));
    const { conditions } = crd.status as { conditions: { type: string; status: string }[] };
    const found = conditions.map(({ type, status }) => `${type}=${status}`).sort();
    assert.deepEqual(found, ['Established=True', 'NamesAccepted=True']);
    assert.equal(readDefinition(crd).revision, schemaRevision);
  }
});

test('every good manifest is accepted', async () => {
  const answers = await Promise.all(
    goodCases.map(async ({ name, manifest }) => [name, await server.refusal(manifest)]),
  );
  assert.deepEqual(
    answers.filter(([, why]) => why !== ''),
    [],
  );
});

test('every bad manifest is refused in words that name the field and the fix', async () => {
  const answers = await Promise.all(
    badCases.map(async (one) => ({
      ...one,
      message: await server.refusal(one.manifest),
    })),
  );
  const wrong = answers.filter(
    ({ field, says = '', message }) => !(message.includes(field) && message.includes(says)),
  );
  assert.deepEqual(wrong, []);
  const rules = new Set([...demands().values()].flat());
  const silent = [...rules].filter((rule) => !answers.some(({ message }) => message.includes(rule)));
  assert.deepEqual(
    silent,
    ['is immutable: create another PanFirewall instead'],
    'rules that refuse none of them',
  );
});

test('law: generated specs get the same verdict from the API server and from zod', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '{{ node }}',
      "{{ labels['a/b'] }}",
      '{{labels.a}}',
      '{{ nod }}',
      '{{',
      '}}',
      ' ',
      '  ',
      "'",
    ),
    fc.constantFrom(
      'a',
      'Z',
      '0',
      '.',
      '-',
      '_',
      '/',
      '*',
      ':',
      '[',
      ']',
      '😀',
      '\u00A0',
      '\uFEFF',
      '\u0085',
      'ns_',
    ),
    fc.constantFrom('example.com/', 'vsys', '10.0.0.1', '256', '0x', '::', '443', 'fw-a'),
  );
  const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
  const network = fc
    .tuple(
      fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.constantFrom('10.0.0.0', 'fd00::', '::', '::ffff:10.0.0.0', 'fe80::%1'),
      ),
      fc.constantFrom('', '/', '/0', '/8', '/08', '/31', '/32', '/33', '/127', '/128', '/129', '/1/1', '/ 8'),
    )
    .map((halves) => halves.join(''));
  const manifest: fc.Arbitrary<Manifest> = fc.oneof(
    { weight: 3, arbitrary: text.map(template) },
    text.map((one) => clusterPolicy({ tags: [{ template: one }, { labelKeys: [one] }] })),
    text.map((one) => policy({ tags: [{ labelKeys: [one] }] })),
    text.map((one) => policy({ podSelector: { matchLabels: { [one]: 'x' } } })),
    text.map((one) => policy({ podSelector: { matchLabels: { x: one } } })),
    text.map((one) =>
      policy({ podSelector: { matchExpressions: [{ key: one, operator: 'In', values: [one] }] } }),
    ),
    text.map((one) => policy({ firewallNames: [one] })),
    text.map((one) => firewall({ endpoint: `https://${one}` })),
    text.map((one) => firewall({ tagPrefix: `${one}.` })),
    text.map((one) => firewall({ tls: { serverName: one } })),
    text.map((one) => firewall({ tables: [{ vsys: one }] })),
    network.map((one) => firewall({ addressCIDRs: [one] })),
  );
  const seen = { accepted: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(manifest, async (one) => {
      const refused = (await server.refusal(one)) !== '';
      seen[refused ? 'refused' : 'accepted'] += 1;
      assert.equal(zodRefuses(one), refused);
    }),
    { numRuns: 700 },
  );
  assert.ok(seen.accepted > 50 && seen.refused > 50, JSON.stringify(seen));
});

test('defaults are in the stored object, and the operator reads them', async () => {
  await server.withStored(firewall(), async (stored) => {
    const { tls, resync } = stored.spec as { tls: unknown; resync: unknown };
    assert.deepEqual(tls, { insecureSkipVerify: false });
    assert.deepEqual(resync, { fullIntervalSeconds: 900, markerIntervalSeconds: 30 });
    assert.deepEqual(parseFirewall(stored), parseFirewall({ ...firewall(), metadata: stored.metadata }));
  });
});

test('tagPrefix cannot be changed, the rest can', async () => {
  await server.withStored(firewall(), async () => {
    const path = objectPath(panFirewalls, 'edge-a');
    const change = (spec: object): Promise<unknown> =>
      server.request('PATCH', path, { spec }, { contentType: mergePatch });
    await assert.rejects(change({ tagPrefix: 'other.' }), /spec\.tagPrefix: .*is immutable/);
    await change({
      tagPrefix: 'k8s-prod.',
      endpoint: 'https://fw-b.example.net',
      tables: [{ vsys: 'vsys3' }],
    });
    await change({ tables: null });
  });
});

test('a field that the schema does not know is named to a strict client and dropped for another', async () => {
  const misspelt = policy({ podSelektor: {} });
  const strict = server.request('POST', `${creationPath(misspelt)}?fieldValidation=Strict`, misspelt);
  await assert.rejects(strict, /unknown field "spec\.podSelektor"/);
  await server.withStored(misspelt, async (stored) => {
    assert.equal(Object.hasOwn(stored.spec as object, 'podSelektor'), false);
    assert.equal(parsePolicy(stored).ok, true);
  });
});

test('a null is as good as nothing: the operator never sees it', async () => {
  await server.withStored(
    policy({ firewallSelector: null, tags: [{ template: 'a', labelKeys: null }] }),
    async (stored) => {
      assert.equal(parsePolicy(stored).ok, true);
    },
  );
});

test('what core writes as status is stored whole, and read back', async () => {
  const write = async (path: string, status: object): Promise<unknown> => {
    const options = { contentType: mergePatch };
    return server.request('PATCH', path, { status, spec: { tagPrefix: 'ignored.' } }, options);
  };
  await server.withStored(firewall(), async () => {
    const stored = await write(`${objectPath(panFirewalls, 'edge-a')}/status`, firewallStatus);
    assert.deepEqual(parseFirewall(stored).status, firewallStatus);
    assert.equal(parseFirewall(stored).meta.generation, 1);
  });
  await server.withStored(policy(), async () => {
    const stored = await write(`${objectPath(panTagPolicies, 'web', 'default')}/status`, policyStatus);
    assert.deepEqual(parsePolicy(stored).status, policyStatus);
  });
  await server.withStored(clusterPolicy(), async () => {
    const stored = await write(`${objectPath(clusterPanTagPolicies, 'web')}/status`, policyStatus);
    assert.deepEqual(parsePolicy(stored).status, policyStatus);
  });
});

test('a list carries the kind of each object, from which the operator tells policies apart', async () => {
  await server.withStored(policy(), async () => {
    const { items } = await server.request<{ items: unknown[] }>('GET', collectionPath(panTagPolicies));
    const parsed = items.map(parsePolicy);
    assert.ok(parsed.length > 0 && parsed.every((one) => one.ok));
  });
});

test('kubectl get shows the columns of the contract', async () => {
  await server.withStored(firewall(), async () => {
    const path = `${objectPath(panFirewalls, 'edge-a')}/status`;
    await server.request('PATCH', path, { status: firewallStatus }, { contentType: mergePatch });
    const { narrow, wide } = await server.printed(objectPath(panFirewalls, 'edge-a'));
    const { Age: age, ...others } = narrow;
    assert.match(String(age), /^\d+s$/);
    assert.deepEqual(Object.entries(others), [
      ['Name', 'edge-a'],
      ['Ready', 'True'],
      ['Reason', 'InSync'],
      ['Addresses', 1240],
      ['Pending', 3],
      ['Endpoint', 'https://fw-a.example.net'],
    ]);
    assert.deepEqual(wide, { Model: 'PA-VM', Version: '11.1.4', Prefix: 'k8s-prod.' });
  });
  await server.withStored(policy(), async () => {
    const path = `${objectPath(panTagPolicies, 'web', 'default')}/status`;
    await server.request('PATCH', path, { status: policyStatus }, { contentType: mergePatch });
    const { narrow, wide } = await server.printed(objectPath(panTagPolicies, 'web', 'default'));
    const { Age: _, ...others } = narrow;
    assert.deepEqual(others, { Name: 'web', Ready: 'True', Reason: 'InSync', Pods: 12, Addresses: 11 });
    assert.deepEqual(wide, { Tags: 70, Firewalls: 'edge-a,edge-b' });
  });
});
