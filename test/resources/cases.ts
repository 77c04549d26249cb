// Manifests, good and bad, on which zod and the API server must agree.

import { apiVersion } from '../../src/kubernetes/resources/api.ts';

type Spec = Record<string, unknown>;
export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec?: unknown;
};

/** `field` is where the fault is reported; `says` is in the message of both, where the rule is written by us. */
export type BadCase = { name: string; manifest: Manifest; field: string; says?: string };
export type GoodCase = { name: string; manifest: Manifest };

const firewallSpec: Spec = {
  endpoint: 'https://fw-a.example.net',
  tagPrefix: 'k8s-prod.',
  credentials: { secretRef: { name: 'edge-a' } },
  namespaceSelector: {},
};
const policySpec: Spec = { firewallNames: ['edge-a'], podSelector: {}, tags: [{ template: 'web' }] };
const clusterSpec: Spec = { ...policySpec, namespaceSelector: {} };

/** A value of undefined leaves the field out. */
export function firewall(change: Spec = {}): Manifest {
  return {
    apiVersion,
    kind: 'PanFirewall',
    metadata: { name: 'edge-a' },
    spec: { ...firewallSpec, ...change },
  };
}

export function policy(change: Spec = {}): Manifest {
  const metadata = { name: 'web', namespace: 'default' };
  return { apiVersion, kind: 'PanTagPolicy', metadata, spec: { ...policySpec, ...change } };
}

export function clusterPolicy(change: Spec = {}): Manifest {
  const metadata = { name: 'web' };
  return { apiVersion, kind: 'ClusterPanTagPolicy', metadata, spec: { ...clusterSpec, ...change } };
}

export function template(text: string): Manifest {
  return policy({ tags: [{ template: text }] });
}

const requirement = (change: Spec): Manifest =>
  policy({ podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists', ...change }] } });

const numbered = (count: number, one: (i: number) => unknown): unknown[] =>
  Array.from({ length: count }, (_, i) => one(i));
const labelled = (count: number): Spec =>
  Object.fromEntries(numbered(count, (i) => [`key-${i}`, 'x']) as [string, string][]);

const endpointSays = 'must be https://<host> or https://<host>:<port>';
const badEndpoints = [
  'http://fw-a.example.net',
  'HTTPS://fw-a.example.net',
  'fw-a.example.net',
  'https://',
  'https://:443',
  'https://fw-a.example.net/',
  'https://fw-a.example.net/api',
  'https://fw-a.example.net?key=1',
  'https://fw-a.example.net#x',
  'https://admin@fw-a.example.net',
  'https://admin:secret@fw-a.example.net',
  'https://fw-a.example.net:',
  'https://fw-a.example.net:0',
  'https://fw-a.example.net:65536',
  'https://fw-a..example.net',
  'https://-fw.example.net',
  'https://fw a',
  'https://fw-a.example.net\n',
  'https://10.0.0.256',
  'https://10.0.0',
  'https://010.0.0.1',
  'https://0x7f.1',
  'https://1.2.3.0x4:443',
  'https://2001:db8::1',
  'https://[2001:db8:::1]',
  'https://[fe80::1%25eth0]',
  'https://[12345::]',
  'https://[1:2:3:4:5:6:7:8:9]',
];
const goodEndpoints = [
  'https://fw-a.example.net',
  'https://fw-a.example.net:8443',
  'https://FW-A',
  'https://9300-fw',
  'https://fw.0a',
  'https://10.0.0.5',
  'https://255.255.255.255:65535',
  'https://[2001:db8::1]',
  'https://[::]:443',
  'https://[1:2:3:4:5:6:7:8]:1',
  'https://[1:2:3:4:5:6::8]',
  'https://[::1:2:3:4:5:6:7]',
];

const prefixSays = 'must be 1 to 4 words of letters, digits, _ and -, each ended by a dot';
const badPrefixes = [
  'k8s',
  '.',
  'k8s..',
  '.k8s.',
  'k8s prod.',
  'a.b.c.d.e.',
  'k8s-prod.x',
  'é.',
  'a/b.',
  'k8s.\n',
];
const goodPrefixes = ['k.', 'k8s-prod.', '_a.-b.C.4.', `${'x'.repeat(31)}.`];

const placeholderSays = 'placeholder';
const badPlaceholders = [
  '{{ nod }}',
  '{{ Node }}',
  '{{ labels }}',
  '{{ labels["app"] }}',
  '{{ labels.example.com/x }}',
  '{{ labels.-x }}',
  '{{ namespaceLabels.x }}',
  '{{ }}',
  'a{{ node',
  '{{ {{ node }} }}',
];
const badTemplates: [text: string, says: string][] = [
  ["it's", 'quote'],
  ['say "x"', 'quote'],
  ['a  b', 'two spaces'],
  ['{{ node }}  x', 'two spaces'],
  ['web ', 'end in a blank'],
  ['web\u00A0', 'end in a blank'],
  ['{{ node }} ', 'end in a blank'],
];
const otherBadTemplates = [
  '',
  ' ',
  'a{b',
  'a}b',
  '{{ node }}}',
  'a\tb',
  'a\u0085b',
  'a\uFFFFb',
  "{{ labels['-x'] }}",
  "{{ labels['a/b/c'] }}",
  "{{ labels['x'.y] }}",
  `{{ labels['${'x'.repeat(64)}'] }}`,
  `{{ labels.${'x'.repeat(64)} }}`,
  'x'.repeat(254),
];
const goodTemplates = [
  'web',
  ' a b',
  '_x',
  'ns_x',
  '{{node}}',
  '{{   pod   }}.{{ namespace }}/{{serviceAccount}}',
  "app.{{ labels['app.kubernetes.io/name'] }}",
  "{{ labels [ 'app' ] }}",
  '{{ labels.app }}',
  `{{ labels.${'x'.repeat(63)} }}`,
  "{{ namespaceLabels['example.com/Team'] }}",
  '<größe> & 😀',
  '😀'.repeat(253),
  'x'.repeat(253),
];

const keySays = 'must be a label key';
const badLabelKeys = [
  '',
  '-x',
  'a b',
  'a/b/c',
  'Example.com/x',
  '/x',
  '*x',
  'a**',
  '/*',
  'a/b/*',
  '-*',
  'x'.repeat(64),
];
const goodLabelKeys = [
  'tier',
  'example.com/*',
  '*',
  'app*',
  'example.com/Ti*',
  'A_b.c-9',
  `${'a'.repeat(253)}/x`,
];

export const goodCases: GoodCase[] = [
  { name: 'the smallest PanFirewall', manifest: firewall() },
  {
    name: 'a PanFirewall with every field',
    manifest: firewall({
      tls: { caSecretRef: { name: 'edge-a-ca' }, serverName: 'FW-a.example.net', insecureSkipVerify: false },
      tables: [{ vsys: 'vsys1' }, { vsys: 'vsys2' }],
      namespaceSelector: { matchLabels: { env: 'prod' } },
      resync: { fullIntervalSeconds: 10 },
    }),
  },
  { name: '64 tables', manifest: firewall({ tables: numbered(64, (i) => ({ vsys: `vsys${i + 1}` })) }) },
  { name: 'a resync of a day', manifest: firewall({ resync: { fullIntervalSeconds: 86400 } }) },
  {
    name: 'a numeric but not only numeric server name',
    manifest: firewall({ tls: { serverName: '9300-fw' } }),
  },
  ...goodEndpoints.map((endpoint) => ({ name: `endpoint ${endpoint}`, manifest: firewall({ endpoint }) })),
  ...goodPrefixes.map((tagPrefix) => ({ name: `tagPrefix ${tagPrefix}`, manifest: firewall({ tagPrefix }) })),
  { name: 'the smallest PanTagPolicy', manifest: policy() },
  { name: 'the smallest ClusterPanTagPolicy', manifest: clusterPolicy() },
  {
    name: 'a policy with a firewallSelector and all four operators',
    manifest: policy({
      firewallNames: undefined,
      firewallSelector: { matchLabels: { site: '' } },
      podSelector: {
        matchLabels: { app: 'web', 'example.com/tier': 'Gold_1' },
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['x', ''] },
          { key: 'b', operator: 'NotIn', values: ['y'] },
          { key: 'c', operator: 'Exists' },
          { key: 'd', operator: 'DoesNotExist', values: [] },
        ],
      },
    }),
  },
  {
    name: 'a selector of the longest key',
    manifest: policy({ podSelector: { matchLabels: { [`${'a'.repeat(253)}/x`]: 'x' } } }),
  },
  { name: 'a selector of 64 labels', manifest: policy({ podSelector: { matchLabels: labelled(64) } }) },
  { name: '64 firewalls', manifest: policy({ firewallNames: numbered(64, (i) => `fw-${i}`) }) },
  { name: '32 tags', manifest: policy({ tags: numbered(32, (i) => ({ template: `t${i}` })) }) },
  ...goodTemplates.map((text) => ({ name: `template ${text.slice(0, 60)}`, manifest: template(text) })),
  ...goodLabelKeys.map((key) => ({
    name: `labelKeys ${key.slice(0, 60)}`,
    manifest: policy({ tags: [{ labelKeys: [key] }] }),
  })),
  {
    name: 'a cluster template with ns and _ inside',
    manifest: clusterPolicy({ tags: [{ template: 'ns.a_b' }] }),
  },
];

const badFirewalls: BadCase[] = [
  { name: 'no spec', manifest: { ...firewall(), spec: undefined }, field: 'spec' },
  { name: 'no endpoint', manifest: firewall({ endpoint: undefined }), field: 'spec.endpoint' },
  { name: 'endpoint of another type', manifest: firewall({ endpoint: 7 }), field: 'spec.endpoint' },
  { name: 'empty endpoint', manifest: firewall({ endpoint: '' }), field: 'spec.endpoint' },
  {
    name: 'endless endpoint',
    manifest: firewall({ endpoint: `https://${'a.'.repeat(150)}a` }),
    field: 'spec.endpoint',
  },
  ...badEndpoints.map((endpoint) => ({
    name: `endpoint ${endpoint}`,
    manifest: firewall({ endpoint }),
    field: 'spec.endpoint',
    says: endpointSays,
  })),
  { name: 'no tagPrefix', manifest: firewall({ tagPrefix: undefined }), field: 'spec.tagPrefix' },
  { name: 'empty tagPrefix', manifest: firewall({ tagPrefix: '' }), field: 'spec.tagPrefix' },
  {
    name: 'tagPrefix of 33',
    manifest: firewall({ tagPrefix: `${'x'.repeat(32)}.` }),
    field: 'spec.tagPrefix',
  },
  ...badPrefixes.map((tagPrefix) => ({
    name: `tagPrefix ${tagPrefix}`,
    manifest: firewall({ tagPrefix }),
    field: 'spec.tagPrefix',
    says: prefixSays,
  })),
  { name: 'no credentials', manifest: firewall({ credentials: undefined }), field: 'spec.credentials' },
  { name: 'no secretRef', manifest: firewall({ credentials: {} }), field: 'spec.credentials.secretRef' },
  {
    name: 'secretRef without name',
    manifest: firewall({ credentials: { secretRef: {} } }),
    field: 'spec.credentials.secretRef.name',
  },
  {
    name: 'a Secret name with a slash',
    manifest: firewall({ credentials: { secretRef: { name: 'other/edge-a' } } }),
    field: 'spec.credentials.secretRef.name',
    says: 'must be the name of a Secret',
  },
  {
    name: 'a CA Secret name in capitals',
    manifest: firewall({ tls: { caSecretRef: { name: 'CA' } } }),
    field: 'spec.tls.caSecretRef.name',
    says: 'must be the name of a Secret',
  },
  ...['10.0.0.5', '2001:db8::1', 'fw-a.example.net:443', '*.example.net', '1.0x7f'].map((serverName) => ({
    name: `serverName ${serverName}`,
    manifest: firewall({ tls: { serverName } }),
    field: 'spec.tls.serverName',
    says: 'must be a host name such as',
  })),
  {
    name: 'a word for a truth',
    manifest: firewall({ tls: { insecureSkipVerify: 'no' } }),
    field: 'spec.tls.insecureSkipVerify',
  },
  { name: 'no tables in tables', manifest: firewall({ tables: [] }), field: 'spec.tables' },
  {
    name: '65 tables',
    manifest: firewall({ tables: numbered(65, (i) => ({ vsys: `vsys${i + 1}` })) }),
    field: 'spec.tables',
  },
  { name: 'a table without vsys', manifest: firewall({ tables: [{}] }), field: 'spec.tables[0].vsys' },
  ...['1', 'vsys', 'vsys0', 'VSYS1', 'vsys01', 'vsys1 '].map((vsys) => ({
    name: `vsys ${vsys}`,
    manifest: firewall({ tables: [{ vsys: 'vsys7' }, { vsys }] }),
    field: 'spec.tables[1].vsys',
    says: 'must be the name of a virtual system',
  })),
  {
    name: 'a table twice',
    manifest: firewall({ tables: [{ vsys: 'vsys1' }, { vsys: 'vsys2' }, { vsys: 'vsys1' }] }),
    field: 'spec.tables',
    says: 'must name each table once',
  },
  {
    name: 'no namespaceSelector',
    manifest: firewall({ namespaceSelector: undefined }),
    field: 'spec.namespaceSelector',
  },
  ...[9, 86401, 60.5, '60'].map((fullIntervalSeconds) => ({
    name: `a resync of ${JSON.stringify(fullIntervalSeconds)}`,
    manifest: firewall({ resync: { fullIntervalSeconds } }),
    field: 'spec.resync.fullIntervalSeconds',
  })),
];

const badPolicies: BadCase[] = [
  {
    name: 'no way to a firewall',
    manifest: policy({ firewallNames: undefined }),
    field: 'spec',
    says: 'set exactly one of firewallNames and firewallSelector',
  },
  {
    name: 'two ways to firewalls',
    manifest: clusterPolicy({ firewallSelector: {} }),
    field: 'spec',
    says: 'set exactly one of firewallNames and firewallSelector',
  },
  { name: 'an empty firewallNames', manifest: policy({ firewallNames: [] }), field: 'spec.firewallNames' },
  {
    name: '65 firewalls',
    manifest: policy({ firewallNames: numbered(65, (i) => `fw-${i}`) }),
    field: 'spec.firewallNames',
  },
  {
    name: 'a firewall twice',
    manifest: policy({ firewallNames: ['a', 'b', 'a'] }),
    field: 'spec.firewallNames',
    says: 'must name each PanFirewall once',
  },
  {
    name: 'a firewall that can have no such name',
    manifest: policy({ firewallNames: ['edge-a', 'Edge_B'] }),
    field: 'spec.firewallNames[1]',
    says: 'must be the name of a PanFirewall',
  },
  { name: 'no podSelector', manifest: policy({ podSelector: undefined }), field: 'spec.podSelector' },
  {
    name: 'a cluster policy without namespaceSelector',
    manifest: clusterPolicy({ namespaceSelector: undefined }),
    field: 'spec.namespaceSelector',
  },
  {
    name: 'a selector value with a space',
    manifest: policy({ podSelector: { matchLabels: { app: 'a b' } } }),
    field: 'spec.podSelector.matchLabels',
    says: 'a label value',
  },
  {
    name: 'a selector value of 64',
    manifest: policy({ podSelector: { matchLabels: { app: 'x'.repeat(64) } } }),
    field: 'spec.podSelector.matchLabels',
  },
  ...['-x', 'a/b/c', 'A.com/x', 'x'.repeat(64), `${'a'.repeat(254)}/x`].map((key) => ({
    name: `a selector key ${key.slice(0, 20)}`,
    manifest: clusterPolicy({ namespaceSelector: { matchLabels: { [key]: 'x' } } }),
    field: 'spec.namespaceSelector.matchLabels',
    says: 'label key',
  })),
  {
    name: 'a selector of 65 labels',
    manifest: policy({ podSelector: { matchLabels: labelled(65) } }),
    field: 'spec.podSelector.matchLabels',
  },
  {
    name: 'an expression without operator',
    manifest: requirement({ operator: undefined }),
    field: 'spec.podSelector.matchExpressions[0].operator',
  },
  {
    name: 'an unknown operator',
    manifest: requirement({ operator: 'exists' }),
    field: 'spec.podSelector.matchExpressions[0].operator',
  },
  {
    name: 'an expression key with a space',
    manifest: requirement({ key: 'a b' }),
    field: 'spec.podSelector.matchExpressions[0].key',
    says: 'a label key',
  },
  ...[{ operator: 'In' }, { operator: 'NotIn', values: [] }].map((change) => ({
    name: `${change.operator} without values`,
    manifest: requirement(change),
    field: 'spec.podSelector.matchExpressions[0]',
    says: 'must name at least one value',
  })),
  ...['Exists', 'DoesNotExist'].map((operator) => ({
    name: `${operator} with values`,
    manifest: requirement({ operator, values: ['x'] }),
    field: 'spec.podSelector.matchExpressions[0]',
    says: 'must be left out',
  })),
  {
    name: 'an expression value with a slash',
    manifest: requirement({ operator: 'In', values: ['x', 'a/b'] }),
    field: 'spec.podSelector.matchExpressions[0].values[1]',
    says: 'a label value',
  },
  {
    name: '129 values',
    manifest: requirement({ operator: 'In', values: numbered(129, (i) => `v${i}`) }),
    field: 'spec.podSelector.matchExpressions[0].values',
  },
  { name: 'no tags', manifest: policy({ tags: undefined }), field: 'spec.tags' },
  { name: 'empty tags', manifest: policy({ tags: [] }), field: 'spec.tags' },
  {
    name: '33 tags',
    manifest: policy({ tags: numbered(33, (i) => ({ template: `t${i}` })) }),
    field: 'spec.tags',
  },
  {
    name: 'a tag of nothing',
    manifest: policy({ tags: [{ template: 'a' }, {}] }),
    field: 'spec.tags[1]',
    says: 'set exactly one of template and labelKeys',
  },
  {
    name: 'a tag of both',
    manifest: clusterPolicy({ tags: [{ template: 'a', labelKeys: ['a'] }] }),
    field: 'spec.tags[0]',
    says: 'set exactly one of template and labelKeys',
  },
  {
    name: 'empty labelKeys',
    manifest: policy({ tags: [{ labelKeys: [] }] }),
    field: 'spec.tags[0].labelKeys',
  },
  {
    name: '33 labelKeys',
    manifest: policy({ tags: [{ labelKeys: numbered(33, (i) => `k${i}`) }] }),
    field: 'spec.tags[0].labelKeys',
  },
  ...badLabelKeys.map((key) => ({
    name: `labelKeys ${key}`,
    manifest: policy({ tags: [{ labelKeys: ['ok', key] }] }),
    field: 'spec.tags[0].labelKeys[1]',
    ...(key === '' ? {} : { says: keySays }),
  })),
  ...badPlaceholders.map((text) => ({
    name: `template ${text}`,
    manifest: template(text),
    field: 'spec.tags[0].template',
    says: placeholderSays,
  })),
  ...badTemplates.map(([text, says]) => ({
    name: `template ${text}`,
    manifest: template(text),
    field: 'spec.tags[0].template',
    says,
  })),
  ...otherBadTemplates.map((text) => ({
    name: `template ${JSON.stringify(text.slice(0, 60))}`,
    manifest: template(text),
    field: 'spec.tags[0].template',
  })),
  ...['ns_shop.web', '_owner.1', 'ns_{{ namespace }}', '_'].map((text) => ({
    name: `cluster template ${text}`,
    manifest: clusterPolicy({ tags: [{ template: text }] }),
    field: 'spec.tags[0].template',
    says: 'must not begin with ns_ or _',
  })),
  ...['ns_shop', 'ns_*'].map((key) => ({
    name: `cluster labelKeys ${key}`,
    manifest: clusterPolicy({ tags: [{ labelKeys: [key] }] }),
    field: 'spec.tags[0].labelKeys[0]',
    says: 'must not begin with ns_ or _',
  })),
];

export const badCases: BadCase[] = [...badFirewalls, ...badPolicies];
