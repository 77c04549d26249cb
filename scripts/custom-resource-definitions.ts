// The CustomResourceDefinitions, made from the zod schemas.

import { z } from 'zod';
import {
  category,
  clusterPanTagPolicies,
  definitionName,
  group,
  panFirewalls,
  panTagPolicies,
  type ResourceNames,
  schemaRevision,
  schemaRevisionAnnotation,
  version,
} from '../src/kubernetes/resources/api.ts';
import { panFirewallSpec } from '../src/kubernetes/resources/pan-firewall.ts';
import { panFirewallStatus } from '../src/kubernetes/resources/pan-firewall-status.ts';
import {
  clusterPanTagPolicySpec,
  panTagPolicySpec,
  tagPolicyStatus,
} from '../src/kubernetes/resources/tag-policy.ts';

type Column = {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Shown by kubectl get -o wide only. */
  readonly priority?: 1;
};

type Definition = {
  readonly names: ResourceNames;
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly columns: readonly Column[];
};

const ready: Column[] = [
  {
    name: 'Ready',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].status',
    description: 'Whether the firewalls hold what is wanted.',
  },
  {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'The cause, in one word.',
  },
];

const age: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was created.',
};

const policyColumns: Column[] = [
  ...ready,
  {
    name: 'Pods',
    type: 'integer',
    jsonPath: '.status.pods',
    description: 'Selected Pods that hold an address.',
  },
  {
    name: 'Addresses',
    type: 'integer',
    jsonPath: '.status.addresses',
    description: 'Addresses that every firewall has confirmed.',
  },
  age,
  {
    name: 'Tags',
    type: 'integer',
    jsonPath: '.status.columns.tags',
    description: 'Distinct tags in use.',
    priority: 1,
  },
  {
    name: 'Firewalls',
    type: 'string',
    jsonPath: '.status.columns.firewalls',
    description: 'The firewalls that get the tags.',
    priority: 1,
  },
];

const firewallColumns: Column[] = [
  ...ready,
  {
    name: 'Addresses',
    type: 'integer',
    jsonPath: '.status.owned',
    description: 'Addresses with tags of this cluster.',
  },
  {
    name: 'Pending',
    type: 'integer',
    jsonPath: '.status.pending',
    description: 'Addresses not confirmed yet.',
  },
  { name: 'Endpoint', type: 'string', jsonPath: '.spec.endpoint', description: 'The management address.' },
  age,
  { name: 'Model', type: 'string', jsonPath: '.status.device.model', description: 'The model.', priority: 1 },
  {
    name: 'Version',
    type: 'string',
    jsonPath: '.status.device.swVersion',
    description: 'PAN-OS.',
    priority: 1,
  },
  {
    name: 'Prefix',
    type: 'string',
    jsonPath: '.spec.tagPrefix',
    description: 'The tag prefix.',
    priority: 1,
  },
];

const definitions: readonly Definition[] = [
  {
    names: panFirewalls,
    description:
      'One management endpoint that takes IP-to-tag registrations for Pods. Whoever may write one decides which ' +
      'namespaces reach the firewall: an administrator.',
    spec: panFirewallSpec,
    status: panFirewallStatus,
    columns: firewallColumns,
  },
  {
    names: panTagPolicies,
    description:
      'Gives the addresses of Pods in its own namespace tags on firewalls. Every tag begins with ' +
      '<tagPrefix>ns_<namespace>., so no namespace can put Pods into the groups of another.',
    spec: panTagPolicySpec,
    status: tagPolicyStatus,
    columns: policyColumns,
  },
  {
    names: clusterPanTagPolicies,
    description:
      'Gives the addresses of Pods in many namespaces tags on firewalls. Pod labels and the names of ServiceAccounts ' +
      'are chosen by whoever may edit the namespace: a tag that grants something should rest on namespaceSelector or ' +
      'namespaceLabels, and on serviceAccount only together with one of them.',
    spec: clusterPanTagPolicySpec,
    status: tagPolicyStatus,
    columns: policyColumns,
  },
];

/** All of them, as JSON that the API server takes. */
export function customResourceDefinitions() {
  return definitions.map((definition) => ({
    names: definition.names,
    crd: customResourceDefinition(definition),
  }));
}

function customResourceDefinition(definition: Definition) {
  const { names, columns } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: definitionName(names),
      annotations: { [schemaRevisionAnnotation]: String(schemaRevision) },
    },
    spec: {
      group,
      names: {
        kind: names.kind,
        listKind: `${names.kind}List`,
        plural: names.plural,
        singular: names.singular,
        shortNames: [names.shortName],
        categories: [category],
      },
      scope: names.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: columns.map((column) => ({ ...column })),
          subresources: { status: {} },
          schema: { openAPIV3Schema: rootSchema(definition) },
        },
      ],
    },
  };
}

function rootSchema({ description, spec, status }: Definition) {
  return {
    description,
    type: 'object',
    required: ['spec'],
    properties: {
      // The API server has its own descriptions of these three.
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structuralSchema(spec),
      status: structuralSchema(status),
    },
  };
}

/** zod's OpenAPI schema without the bounds that it writes for every integer that has none. */
function structuralSchema(schema: z.ZodType): unknown {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'throw',
    override: ({ jsonSchema }) => {
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  // A copy as plain data: zod's result carries what is not part of the schema.
  return JSON.parse(JSON.stringify(json));
}
