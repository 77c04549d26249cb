// Each single right of the chart, taken away: the operator names what it lacks. So none is granted without need.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { creationPath } from '../chart/discovery.ts';
import { openHelm, type Rendered } from '../chart/helm.ts';
import { waitFor } from '../harness/wait-for.ts';
import { buildImage } from './image.ts';
import { ask } from './probes.ts';
import { openStage } from './stage.ts';

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
};
type Role = Rendered & { readonly rules: readonly Rule[] };
type Right = { readonly resource: string; readonly name: string | undefined; readonly verb: string };

// As on API servers that do not have WatchList on: there, listing is needed from the first moment on.
const stage = await openStage({ extraArgs: ['--feature-gates=WatchList=false'] });
const image = await buildImage();
const helm = await openHelm();
after(async () => {
  await stage.close();
  await image[Symbol.asyncDispose]();
  await helm[Symbol.asyncDispose]();
});
const { cluster, plane } = stage;

const objects = await helm.render({ rbac: { aggregate: false } });
const rights: readonly Right[] = objects
  .filter((object) => object.kind === 'ClusterRole' || object.kind === 'Role')
  .flatMap((role) => (role as Role).rules)
  .flatMap(({ resources, resourceNames, verbs }) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) => (resourceNames ?? [undefined]).map((name) => ({ resource, name, verb }))),
    ),
  );

function without(rule: Rule, right: Right): readonly Rule[] {
  const { resources, resourceNames, verbs } = rule;
  const holds =
    resources.includes(right.resource) &&
    verbs.includes(right.verb) &&
    (right.name === undefined ? resourceNames === undefined : resourceNames?.includes(right.name));
  if (holds !== true) return [rule];
  const kept: Rule[] = [
    { ...rule, resources: resources.filter((one) => one !== right.resource) },
    { ...rule, resources: [right.resource], verbs: verbs.filter((one) => one !== right.verb) },
  ];
  if (right.name !== undefined) {
    const resourceNamesLeft = resourceNames?.filter((one) => one !== right.name) ?? [];
    kept.push({ ...rule, resources: [right.resource], resourceNames: resourceNamesLeft });
  }
  return kept.filter(
    (one) => one.resources.length > 0 && one.verbs.length > 0 && one.resourceNames?.length !== 0,
  );
}

/** The object as it would be in that namespace; of cluster scope, under a name of its own. */
function movedTo(namespace: string, object: Rendered): Rendered {
  const text = JSON.stringify(object);
  const copy = JSON.parse(
    text.replaceAll('"namespace":"pan-tag-operator"', `"namespace":"${namespace}"`),
  ) as Rendered;
  if (copy.metadata.namespace !== undefined) return copy;
  const name = `${namespace}-operator`;
  const renamed = { ...copy, metadata: { ...copy.metadata, name } };
  return 'roleRef' in copy ? { ...renamed, roleRef: { ...(copy['roleRef'] as object), name } } : renamed;
}

/** The chart's ServiceAccount and roles in a namespace of their own, without the right; returns its token. */
async function grantAllBut(right: Right, namespace: string): Promise<string> {
  await cluster.createNamespace(namespace);
  const moved = objects
    .filter(({ kind }) => /Role|^ServiceAccount$/.test(kind))
    .map((object) => {
      const copy = movedTo(namespace, object);
      return 'rules' in copy
        ? { ...copy, rules: (copy as Role).rules.flatMap((rule) => without(rule, right)) }
        : copy;
    });
  for (const object of moved) await cluster.request('POST', await creationPath(cluster, object), object);
  return cluster.serviceAccountToken(namespace, 'pan-tag-operator');
}

// Something of everything, so that every right is used: a firewall that is asked for a full read, and policies.
const fw = await stage.firewall({ name: 'edge', foreignOn: [] });
await cluster.createNamespace('shop');
await cluster.createPod({ namespace: 'shop', name: 'web-1', ips: ['10.1.0.1'] });
const tags = [{ template: 'web' }];
await stage.policy({ namespace: 'shop', name: 'web' }, { firewallNames: ['edge'], tags });
await stage.policy({ name: 'all' }, { firewallNames: ['edge'], namespaceSelector: {}, tags });

let nudges = 0;

/**
 * What makes an operator use its rarer rights: a request by annotation, news of a firewall, told over and over, and new
 * generations, whose statuses are to be written anew (those of before may be as another operator left them).
 */
async function nudge(namespace: string): Promise<void> {
  nudges += 1;
  const edited = { spec: { tags: [{ template: `web-${nudges % 2}` }] } };
  await cluster.patch('PanTagPolicy', { namespace: 'shop', name: 'web' }, edited);
  await cluster.patch('ClusterPanTagPolicy', { name: 'all' }, edited);
  const spec = { purgeTimeoutSeconds: 300 + nudges };
  await cluster.patch('PanFirewall', { name: 'edge' }, { spec });
  const annotations = { 'pantag.io/approve-removals': `none-${nudges}` };
  await cluster.patch('PanFirewall', { name: 'edge' }, { metadata: { annotations } });
  await cluster.patch(
    'Secret',
    { namespace, name: 'edge' },
    { stringData: { apiKey: nudges % 2 === 0 ? fw.secret.apiKey : `bad-${nudges}` } },
  );
}

/** What makes every operator write all statuses: another might have written what this one would. */
async function edit(): Promise<void> {
  nudges += 1;
  const spec = { tags: [{ template: `web-${nudges}` }] };
  await cluster.patch('PanTagPolicy', { namespace: 'shop', name: 'web' }, { spec });
  await cluster.patch('ClusterPanTagPolicy', { name: 'all' }, { spec });
  const resync = { fullIntervalSeconds: 900 + (nudges % 100) };
  await cluster.patch('PanFirewall', { name: 'edge' }, { spec: { resync } });
}

describe('an operator', { concurrency: 4 }, () => {
  for (const [index, right] of rights.entries()) {
    const { verb, resource, name } = right;
    test(`that may not ${verb} ${resource}${name === undefined ? '' : ` ${name}`} says so`, async () => {
      const namespace = `rights-${index}`;
      const token = await grantAllBut(right, namespace);
      await cluster.createSecret({ namespace, name: 'edge' }, { ...fw.secret, 'ca.crt': fw.simulator.caPem });
      await using operator = await stage.enlist(token, (logFile) =>
        image.start({
          args: ['run', `--namespace=${namespace}`, '--log-level=debug'],
          token,
          plane,
          logFile,
        }),
      );
      const rare = resource === 'events' || verb === 'patch';
      const says = async (): Promise<true> => {
        if (rare) await nudge(namespace);
        if (resource.endsWith('/status')) await edit();
        const { text } = await ask(operator, '/readyz');
        const lines = [text, ...operator.logs().map((line) => JSON.stringify(line))];
        const complaints = lines.filter(
          (line) => /forbidden/i.test(line) && line.includes(resource.split('/')[0] ?? resource),
        );
        assert.ok(
          complaints.some((line) => new RegExp(`cannot ${verb} resource`).test(line)),
          complaints.at(-1) ?? 'no complaint',
        );
        return true;
      };
      await waitFor(says, { what: 'a complaint', timeoutMs: 60_000, intervalMs: 500 });
    });
  }
});
