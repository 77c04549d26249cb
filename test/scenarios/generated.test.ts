// Thousands of objects from the schemas, good and spoilt: the operator stays alive, exact and in time.
//
// GENERATED_MANIFESTS=10000 node --test test/scenarios/generated.test.ts plays it in full length.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseFirewall, parsePolicy } from '../../src/kubernetes/resources/parse.ts';
import { ApiFailure } from '../harness/api-client.ts';
import { inParallel } from '../harness/in-parallel.ts';
import { creationPath } from '../resources/api-server.ts';
import type { Manifest } from '../resources/manifests.ts';
import type { Owned } from './device.ts';
import { expectedTable } from './expectation.ts';
import { generatedManifests, namespaces, pods } from './generated-world.ts';
import { ask, longestOf, metricValue, stallBuckets } from './probes.ts';
import { openStage } from './stage.ts';
import { readWorld } from './world.ts';

const count = Number(process.env['GENERATED_MANIFESTS'] ?? 1500);
const seed = Number(process.env['SEED'] ?? 4);
const callsAtOnce = 32;
/** Generous: what is measured is printed. */
const inTimeMs = 60_000 + count * 10;

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;

const roomy = { limits: { tagsPerAddress: 10_000 } };
const unguarded = { removalGuard: { percent: 100, minimum: 100_000 } };
const foreignOn = ['10.1.0.1'];
const devices = {
  'edge-a': await stage.firewall({ name: 'edge-a', foreignOn, spec: unguarded, settings: roomy }),
  'edge-b': await stage.firewall({
    name: 'edge-b',
    foreignOn,
    settings: roomy,
    tagPrefix: 'other.cluster_2.',
    labels: { site: 'x' },
    namespaceSelector: { matchLabels: { env: 'prod' } },
    spec: { ...unguarded, addressCIDRs: ['10.0.0.0/13', 'fd00::/31'] },
  }),
};
await Promise.all(Object.entries(namespaces).map(([name, labels]) => cluster.createNamespace(name, labels)));
await cluster.createPods(pods);
const operator = await stage.startOperator();

/** '' when the API server took it; what it stored (it drops null and unknown fields) can then be read. */
async function write(manifest: Manifest): Promise<string> {
  try {
    const stored = await cluster.request('POST', creationPath(manifest), manifest);
    assert.ok(isGood(stored), JSON.stringify(stored));
    return '';
  } catch (error) {
    if (error instanceof ApiFailure && (error.code === 422 || error.code === 400)) return error.message;
    throw error;
  }
}

function isGood(object: { readonly kind?: string }): boolean {
  const raw: unknown = JSON.parse(JSON.stringify(object));
  return (object.kind === 'PanFirewall' ? parseFirewall(raw) : parsePolicy(raw)).ok;
}

/** Computed namespace by namespace: no address is claimed in two. */
async function expectedTables(): Promise<Readonly<Record<string, Owned>>> {
  const world = await readWorld(cluster);
  const firewalls = world.firewalls.filter(({ metadata }) => metadata.name in devices);
  const parts = world.namespaces.map((namespace) => {
    const { name } = namespace.metadata;
    const isHere = (home: string | undefined) => home === undefined || home === name;
    return {
      firewalls,
      namespaces: [namespace],
      pods: world.pods.filter(({ metadata }) => metadata.namespace === name),
      policies: world.policies.filter(({ metadata }) => isHere(metadata.namespace)),
    };
  });
  const tableOf = (name: string): Owned =>
    Object.assign({}, ...parts.map((part) => expectedTable(part, name)));
  return Object.fromEntries(Object.keys(devices).map((name) => [name, tableOf(name)]));
}

/** Resolves with how long it took, in ms, from now. */
async function tablesHold(tables: Readonly<Record<string, Owned>>, timeoutMs = inTimeMs): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    Object.entries(devices).map(([name, device]) => device.holds(tables[name] ?? {}, { timeoutMs })),
  );
  return Math.round(performance.now() - startedAt);
}

const manifests = generatedManifests(count, seed);

test(`${count} generated objects (seed ${seed}): zod agrees with the API server, and the tables are exact`, async (t) => {
  const startedAt = performance.now();
  const answers = await inParallel(manifests, write, callsAtOnce);
  const writtenMs = Math.round(performance.now() - startedAt);
  const refused = answers.filter((answer) => answer !== '');
  for (const [i, manifest] of manifests.entries()) {
    const answer = answers[i] ?? '';
    assert.ok(answer === '' || !isGood(manifest), JSON.stringify({ manifest, answer }));
  }
  const accepted = count - refused.length;
  assert.ok(accepted > count / 3 && refused.length > count / 10, `${accepted} accepted`);
  for (const answer of refused) assert.match(answer, /spec/, 'a refusal names the field');

  const expected = await expectedTables();
  const behindMs = await tablesHold(expected);
  const entries = Object.values(expected).flatMap((table) => Object.values(table));
  assert.ok(entries.flat().length > count / 4, 'they have something to say');
  t.diagnostic(
    `${accepted} accepted and ${refused.length} refused in ${writtenMs} ms; ` +
      `${entries.flat().length} pairs on ${entries.length} addresses ${behindMs} ms later`,
  );
});

test('a Pod is registered at once all the same, and the operator is alive and ready', async (t) => {
  const startedAt = performance.now();
  const pod = { namespace: 'ns-0', name: 'late', ips: ['10.0.9.1'] };
  await cluster.createPod({ ...pod, labels: { id: 'p-1', app: 'web' } });
  await tablesHold(await expectedTables(), 20_000);
  t.diagnostic(`registered within ${Math.round(performance.now() - startedAt)} ms, the computation included`);
  const { ok, text } = await ask(operator, '/readyz');
  assert.ok(ok, text);
  const metrics = (await ask(operator, '/metrics')).text;
  const stall = longestOf(stallBuckets(metrics));
  const memory = metricValue(metrics, 'process_resident_memory_bytes', {});
  t.diagnostic(`longest stall ${stall} s, resident memory ${Math.round((memory ?? 0) / 2 ** 20)} MiB`);
});

test('edits and deletions of a third of them are followed exactly', async (t) => {
  const world = await readWorld(cluster);
  const chosen = world.policies.filter((_, i) => i % 3 === 0);
  await inParallel(
    [...chosen.entries()],
    async ([i, { metadata }]) => {
      const kind = metadata.namespace === undefined ? 'ClusterPanTagPolicy' : 'PanTagPolicy';
      if (i % 2 === 0) return cluster.remove(kind, metadata);
      const podSelector = { matchLabels: { id: `p-${i % 30}` }, matchExpressions: null };
      await cluster.patch(kind, metadata, { spec: { podSelector, tags: [{ template: `edited.${i % 7}` }] } });
    },
    callsAtOnce,
  );
  const behindMs = await tablesHold(await expectedTables());
  t.diagnostic(`${chosen.length} edits and deletions, exact ${behindMs} ms later`);
});
