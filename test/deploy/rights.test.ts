// Rights of the operator in a cluster: no more than is listed here. The chart's rules are generated from this file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { neededRights, spelled } from '../../src/operator/check/needed-rights.ts';

const root = join(import.meta.dirname, '../..');

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
};

type Manifest = { readonly kind: string; readonly rules?: readonly Rule[] };

/** kind -> its rights, as `<verb> <resource>.<group>[/<name>]`, sorted. */
function rightsOf(file: string): Record<string, readonly string[]> {
  const documents = parseAllDocuments(readFileSync(join(root, file), 'utf8')).map(
    (document) => document.toJS() as Manifest,
  );
  const granting = documents.flatMap(({ kind, rules }) => (rules === undefined ? [] : [{ kind, rules }]));
  return Object.fromEntries(granting.map(({ kind, rules }) => [kind, rules.flatMap(spell).sort()]));
}

function spell({ apiGroups, resources, resourceNames = [''], verbs }: Rule): string[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        resourceNames.map((name) => {
          const full = group === '' ? resource : `${resource}.${group}`;
          return `${verb} ${full}${name === '' ? '' : `/${name}`}`;
        }),
      ),
    ),
  );
}

test('the operator has these rights and no others', () => {
  assert.deepEqual(rightsOf('deploy/rbac.yaml'), {
    ClusterRole: [
      'create events.events.k8s.io',
      'get customresourcedefinitions.apiextensions.k8s.io/clusterpantagpolicies.pantag.io',
      'get customresourcedefinitions.apiextensions.k8s.io/panfirewalls.pantag.io',
      'get customresourcedefinitions.apiextensions.k8s.io/pantagpolicies.pantag.io',
      'get namespaces/kube-system',
      'list clusterpantagpolicies.pantag.io',
      'list namespaces',
      'list panfirewalls.pantag.io',
      'list pantagpolicies.pantag.io',
      'list pods',
      'patch clusterpantagpolicies/status.pantag.io',
      'patch panfirewalls.pantag.io',
      'patch panfirewalls/status.pantag.io',
      'patch pantagpolicies/status.pantag.io',
      'watch clusterpantagpolicies.pantag.io',
      'watch namespaces',
      'watch panfirewalls.pantag.io',
      'watch pantagpolicies.pantag.io',
      'watch pods',
    ],
    Role: [
      'create leases.coordination.k8s.io',
      'get leases.coordination.k8s.io/pan-tag-operator',
      'list secrets',
      'update leases.coordination.k8s.io/pan-tag-operator',
      'watch leases.coordination.k8s.io/pan-tag-operator',
      'watch secrets',
    ],
  });
});

test('the command check asks for these rights and no others', () => {
  const { ClusterRole, Role } = rightsOf('deploy/rbac.yaml');
  const asked = (ownNamespace: boolean) =>
    neededRights
      .filter((right) => right.ownNamespace === ownNamespace)
      .map(spelled)
      .sort();
  assert.deepEqual({ ClusterRole: asked(false), Role: asked(true) }, { ClusterRole, Role });
});
