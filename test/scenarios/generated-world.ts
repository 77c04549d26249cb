// Vocabulary of generated manifests: namespaces, Pods and the words in which fields of text find each other.
import * as fc from 'fast-check';
import { generatedManifest, type Vocabulary } from '../resources/generated-manifests.ts';
import type { Manifest } from '../resources/manifests.ts';
import type { NewPod } from '../harness/pods.ts';

export const namespaces: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [
    `ns-${i}`,
    { env: i % 2 === 0 ? 'prod' : 'dev', zone: `z${i % 3}`, index: String(i) },
  ]),
);

const podsEach = 30;

/** Named so that a policy can select one of them: few have many tags. */
export const pods: readonly NewPod[] = Object.keys(namespaces).flatMap((namespace, n) =>
  Array.from({ length: podsEach }, (_, i) => ({
    namespace,
    name: `p-${i}`,
    node: `node-${i % 4}`,
    labels: {
      id: `p-${i}`,
      app: i % 2 === 0 ? 'web' : 'db',
      'example.com/cost': i % 3 === 0 ? 'low' : '',
      group: ['ns_ns-1.web', 'ns_x', 'plain', 'not'][i % 4] ?? '',
    },
    ips: i % 5 === 0 ? [`10.${n}.0.${i}`, `fd00:${n}::${i}`] : [`10.${n}.${i % 7 === 0 ? 1 : 0}.${i}`],
  })),
);

const label = fc.constantFrom('id', 'app', 'example.com/cost', 'group', 'env', 'zone', 'index', 'site');
const value = fc.oneof(
  fc.integer({ min: 0, max: podsEach - 1 }).map((i) => `p-${i}`),
  fc.constantFrom('web', 'db', 'low', '', 'prod', 'dev', 'z0', 'plain', 'x'.repeat(63)),
);
const values = (minLength: number) => fc.array(value, { minLength, maxLength: 3 });
const requirement = fc.oneof(
  fc.record({ key: label, operator: fc.constantFrom('In', 'NotIn'), values: values(1) }),
  fc.record({ key: label, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);
const onePod = fc.integer({ min: 0, max: podsEach - 1 }).map((i) => ({ matchLabels: { id: `p-${i}` } }));
const somePods = fc.record({
  matchLabels: fc.integer({ min: 0, max: podsEach - 1 }).map((i) => ({ id: `p-${i}` })),
  matchExpressions: fc.array(requirement, { minLength: 1, maxLength: 2 }),
});
const everything = fc.constant({});

const words: Vocabulary = {
  // Nobody listens there, and no name is looked up.
  endpoint: fc.constantFrom('https://127.0.0.1:9', 'https://[::1]:9'),
  peerEndpoint: fc.constantFrom('https://127.0.0.1:9', 'https://127.0.0.2:9'),
  proxyUrl: fc.constantFrom('http://127.0.0.1:9', 'https://[::1]:9'),
  tagPrefix: fc.constantFrom('gen.', 'gen.a.', 'other_1.x-2.'),
  name: fc.constantFrom('edge-a', 'none'),
  serverName: fc.constantFrom('fw-a.example.net', 'FW'),
  'tables[]': fc.oneof(
    fc.record({ vsys: fc.constantFrom('vsys1', 'vsys2', 'vsys3') }),
    fc.record({ deviceGroup: fc.constantFrom('edge', 'lab'), vsys: fc.constantFrom('vsys1', 'vsys2') }),
    fc.record({ serial: fc.constantFrom('0001', '0002'), vsys: fc.constantFrom('vsys1', 'vsys2') }),
  ),
  'addressCIDRs[]': fc.constantFrom('10.0.0.0/8', '10.1.0.0/24', 'fd00::/16', '::/0', '127.0.0.0/8'),
  'firewallNames[]': fc.constantFrom('edge-a', 'edge-a', 'edge-b', 'absent'),
  podSelector: fc.oneof({ weight: 12, arbitrary: onePod }, { weight: 4, arbitrary: somePods }),
  namespaceSelector: fc.oneof(
    { weight: 1, arbitrary: everything },
    { weight: 6, arbitrary: fc.nat(9).map((i) => ({ matchLabels: { index: String(i) } })) },
    { weight: 1, arbitrary: fc.record({ matchExpressions: fc.array(requirement, { maxLength: 2 }) }) },
  ),
  'matchExpressions[]': requirement,
  key: label,
  'values[]': value,
  template: fc.constantFrom(
    'web',
    'on.{{ node }}',
    '{{ pod }}/{{ namespace }}',
    'as {{ serviceAccount }}',
    "{{ labels['example.com/cost'] }}",
    'g.{{ labels.group }}',
    '{{ labels.group }}',
    "in.{{ namespaceLabels['zone'] }}",
    "{{ namespaceLabels['absent'] }}",
    '</uid-message>&lt;<![CDATA[x]]>&#38;',
    '(a) or (b) and not c',
    'größe 😀 \u{10FFFD}',
    '*',
    `long.${'y'.repeat(200)}`,
  ),
  'labelKeys[]': fc.constantFrom('app', 'group', 'example.com/*', 'id', 'absent', 'i*', '*'),
};

/** The same for the same seed; half of them are spoilt in some place. */
export function generatedManifests(count: number, seed: number): Manifest[] {
  const either = fc.oneof(generatedManifest(words, false), generatedManifest(words, true));
  const homes = Object.keys(namespaces);
  return fc.sample(either, { numRuns: count, seed }).map((manifest, i) => {
    const namespace = manifest.kind === 'PanTagPolicy' ? { namespace: homes[i % homes.length] ?? '' } : {};
    return { ...manifest, metadata: { name: `g-${i}`, ...namespace } };
  });
}
