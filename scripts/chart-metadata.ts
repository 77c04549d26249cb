// Chart.yaml: what package.json says of the program, and what Artifact Hub shows of it.

import { stringify } from 'yaml';
import { customResourceDefinitions } from './custom-resource-definitions.ts';

/** Of package.json. */
export type ProgramMetadata = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly keywords: readonly string[];
  /** Where the repository is: the one place that says so. */
  readonly homepage: string;
};

/** The documents of a version, where the repository is. */
export function documentsUrl({ homepage, version }: ProgramMetadata): string {
  return `${homepage}/blob/v${version}/docs`;
}

/** The text of Chart.yaml, but for its head. */
export function chartMetadata(program: ProgramMetadata): string {
  const { name, version, description, keywords, homepage } = program;
  const metadata = {
    apiVersion: 'v2',
    name,
    description,
    type: 'application',
    version,
    appVersion: version,
    // Whose API server reads networks in validation rules.
    kubeVersion: '>=1.31.0-0',
    keywords,
    home: homepage,
    sources: [homepage],
    icon: `${homepage}/raw/v${version}/helm/${name}/icon.svg`,
    maintainers: [
      { name: `The ${name} maintainers`, url: `${homepage}/blob/v${version}/.github/MAINTAINERS.md` },
    ],
    annotations: artifactHub(program),
  };
  return stringify(metadata, { lineWidth: 0 });
}

function artifactHub(program: ProgramMetadata): Record<string, string> {
  const docs = documentsUrl(program);
  const links = [
    { name: 'On the firewall and on Panorama', url: `${docs}/panos.md` },
    { name: 'Documentation', url: `${docs}/README.md` },
    { name: 'Support', url: `${program.homepage}/issues` },
  ];
  return {
    'artifacthub.io/category': 'security',
    'artifacthub.io/license': program.license,
    'artifacthub.io/operator': 'true',
    'artifacthub.io/operatorCapabilities': 'seamless upgrades',
    'artifacthub.io/prerelease': String(program.version.startsWith('0.')),
    'artifacthub.io/crds': stringify(definitions(), { lineWidth: 0 }),
    'artifacthub.io/crdsExamples': stringify(examples, { lineWidth: 0 }),
    'artifacthub.io/links': stringify(links),
  };
}

type Version = {
  readonly name: string;
  readonly schema: { readonly openAPIV3Schema: { readonly description: string } };
};

function definitions(): readonly object[] {
  return customResourceDefinitions().flatMap(({ crd: { metadata, spec } }) =>
    (spec.versions as readonly Version[]).map(({ name: version, schema }) => ({
      kind: spec.names.kind,
      version,
      name: metadata.name,
      displayName: spec.names.kind,
      description: schema.openAPIV3Schema.description,
    })),
  );
}

const examples = [
  {
    apiVersion: 'pantag.io/v1alpha1',
    kind: 'PanFirewall',
    metadata: { name: 'edge-a' },
    spec: {
      endpoint: 'https://fw-a.example.net',
      tagPrefix: 'k8s-prod.',
      credentials: { secretRef: { name: 'edge-a' } },
      tls: { caSecretRef: { name: 'edge-a' } },
      namespaceSelector: {},
      addressCIDRs: ['10.20.0.0/16'],
      deletionPolicy: 'Retain',
      mode: 'Observe',
    },
  },
  {
    apiVersion: 'pantag.io/v1alpha1',
    kind: 'PanTagPolicy',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      firewallNames: ['edge-a'],
      podSelector: { matchLabels: { app: 'web' } },
      tags: [{ template: 'web' }],
    },
  },
];
