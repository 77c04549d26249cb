// Rights that the operator needs, as it asks the API server for them. deploy/rbac.yaml grants these and no others.

import { leaseName } from '../../kubernetes/leases/lease.ts';
import { definitionName, group, resources } from '../../kubernetes/resources/api.ts';

export type NeededRight = {
  readonly verb: string;
  /** API group; '' is the core's. */
  readonly group: string;
  /** With its subresource: `panfirewalls/status`. */
  readonly resource: string;
  /** Of one object alone. */
  readonly name?: string;
  /** Only within the operator's own namespace. */
  readonly ownNamespace: boolean;
};

type Rule = Pick<NeededRight, 'group' | 'resource' | 'ownNamespace'> & {
  readonly verbs: readonly string[];
  readonly names?: readonly string[];
};

const watched = ['list', 'watch'];
const cluster = { ownNamespace: false } as const;
const own = { ownNamespace: true } as const;
const leases = { ...own, group: 'coordination.k8s.io', resource: 'leases' } as const;

const rules: readonly Rule[] = [
  { ...cluster, group: '', resource: 'pods', verbs: watched },
  { ...cluster, group: '', resource: 'namespaces', verbs: watched },
  { ...cluster, group: '', resource: 'namespaces', names: ['kube-system'], verbs: ['get'] },
  ...resources.flatMap(({ plural }): Rule[] => [
    { ...cluster, group, resource: plural, verbs: watched },
    { ...cluster, group, resource: `${plural}/status`, verbs: ['patch'] },
  ]),
  { ...cluster, group, resource: 'panfirewalls', verbs: ['patch'] },
  { ...cluster, group: 'events.k8s.io', resource: 'events', verbs: ['create'] },
  {
    ...cluster,
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    names: resources.map(definitionName),
    verbs: ['get'],
  },
  { ...own, group: '', resource: 'secrets', verbs: watched },
  { ...leases, verbs: ['create'] },
  { ...leases, names: [leaseName], verbs: ['get', 'update', 'watch'] },
];

export const neededRights: readonly NeededRight[] = rules.flatMap(({ verbs, names, ...rule }) =>
  verbs.flatMap((verb) =>
    names === undefined ? [{ verb, ...rule }] : names.map((name) => ({ verb, name, ...rule })),
  ),
);

/** For people: `list secrets`, `get namespaces/kube-system`, `patch panfirewalls/status.pantag.io`. */
export function spelled({ verb, group, resource, name }: NeededRight): string {
  const full = group === '' ? resource : `${resource}.${group}`;
  return name === undefined ? `${verb} ${full}` : `${verb} ${full}/${name}`;
}
