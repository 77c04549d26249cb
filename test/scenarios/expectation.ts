// Computes from the API's own objects what the contract says that a cluster comes to, without a line of the operator's.
import { createHash } from 'node:crypto';
import { BlockList } from 'node:net';
import type { KubernetesObject } from '../harness/api-client.ts';
import type { Owned } from './device.ts';
import type { Firewall, Labels, LabelSelector, Pod, Policy, World } from './world.ts';

export type ExpectedStatus = {
  readonly pods: number;
  readonly addresses: number;
  readonly skipped: readonly { readonly reason: string; readonly count: number; readonly example: string }[];
  readonly tags: readonly string[];
  readonly registered: Readonly<Record<string, number>>;
  /** Of Ready, when everything has been confirmed. */
  readonly reason: 'InSync' | 'NoPods' | 'NotAdmitted';
};

/** The tags on one firewall, without its prefix where they are not shortened. */
export function expectedTable(world: World, firewallName: string): Owned {
  const firewall = world.firewalls.find(({ metadata }) => metadata.name === firewallName);
  const table: Record<string, string[]> = {};
  for (const address of new Set(world.pods.flatMap(addressesOf))) {
    const holder = holderOf(world, address);
    if (firewall === undefined || holder === undefined || !takes(firewall, address)) continue;
    const tags = world.policies.flatMap((policy) => tagsOn(world, policy, holder, firewall));
    const { tagPrefix } = firewall.spec;
    if (tags.length > 0) table[address] = [...new Set(tags)].map((tag) => tag.slice(tagPrefix.length));
  }
  return table;
}

export function expectedStatus(world: World, policy: Policy): ExpectedStatus {
  const selected = world.pods.filter((pod) => isAlive(pod) && selects(world, policy, pod));
  const skipped = new Map<string, string[]>();
  const registered: Record<string, number> = {};
  for (const name of targetsOf(world, policy)) registered[name] = 0;
  const tags = new Set<string>();
  let pods = 0;
  const holding: Pod[] = [];
  for (const pod of selected) {
    const addresses = addressesOf(pod);
    const held = addresses.filter((address) => holderOf(world, address) === pod);
    for (const reason of reasons(world, policy, pod, held)) {
      const { namespace = '', name } = pod.metadata;
      const shown = policy.metadata.namespace === undefined ? `${namespace}/${name}` : name;
      skipped.set(reason, [...(skipped.get(reason) ?? []), shown]);
    }
    if (held.length === 0) continue;
    pods += 1;
    holding.push(pod);
    for (const firewall of world.firewalls) {
      const own = tagsOn(world, policy, pod, firewall);
      const taken = held.filter((address) => takes(firewall, address)).length;
      if (own.length === 0 || taken === 0) continue;
      for (const tag of own) tags.add(tag);
      const { name } = firewall.metadata;
      registered[name] = (registered[name] ?? 0) + taken;
    }
  }
  return {
    pods,
    addresses: Math.min(...Object.values(registered)),
    skipped: [...skipped.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([reason, names]) => ({ reason, count: names.length, example: names.sort()[0] ?? '' })),
    tags: [...tags].sort(),
    registered,
    reason: readyReason(isAdmitted(world, policy, holding), pods + skipped.size),
  };
}

function readyReason(admitted: boolean, selected: number): ExpectedStatus['reason'] {
  if (!admitted) return 'NotAdmitted';
  return selected === 0 ? 'NoPods' : 'InSync';
}

/** By every firewall that it is for; of a cluster-wide policy one of its Pods by one of them. */
function isAdmitted(world: World, policy: Policy, pods: readonly Pod[]): boolean {
  const home = world.namespaces.find(({ metadata }) => metadata.name === policy.metadata.namespace);
  const names = targetsOf(world, policy);
  const targets = world.firewalls.filter(({ metadata }) => names.includes(metadata.name));
  const isTaken = (pod: Pod) =>
    targets.some(({ spec }) => matches(spec.namespaceSelector, namespaceOf(world, pod).metadata.labels));
  if (home === undefined) return targets.length === 0 || pods.length === 0 || pods.some(isTaken);
  return targets.every(({ spec }) => matches(spec.namespaceSelector, home.metadata.labels));
}

function reasons(world: World, policy: Policy, pod: Pod, held: readonly string[]): string[] {
  if (pod.spec.hostNetwork === true) return ['HostNetwork'];
  const all = addressesOf(pod);
  if (all.length === 0) return ['NoAddress'];
  const { missing, illegal } = suffixesOf(world, policy, pod);
  return [
    ...(held.length < all.length ? ['AddressTaken'] : []),
    ...(held.some((address) => isOutside(world, policy, pod, address)) ? ['OutsideCIDR'] : []),
    ...(held.length > 0 && missing ? ['MissingValue'] : []),
    ...(held.length > 0 && illegal ? ['IllegalTag'] : []),
  ];
}

/** Of a firewall that the policy is for, and that admits the Pod's namespace. */
function isOutside(world: World, policy: Policy, pod: Pod, address: string): boolean {
  const { labels } = namespaceOf(world, pod).metadata;
  const names = targetsOf(world, policy);
  const targets = world.firewalls.filter(({ metadata }) => names.includes(metadata.name));
  return targets.some((one) => matches(one.spec.namespaceSelector, labels) && !takes(one, address));
}

const familyOf = (address: string) => (address.includes(':') ? 'ipv6' : 'ipv4');
const neverRegistered = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '192.0.2.0/24',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/127',
  'fe80::/10',
  'ff00::/8',
];

function takes({ spec }: Firewall, address: string): boolean {
  const isIn = (networks: readonly string[]): boolean => {
    const list = new BlockList();
    for (const network of networks.filter((one) => familyOf(one) === familyOf(address))) {
      const [net = '', length] = network.split('/');
      list.addSubnet(net, Number(length), familyOf(net));
    }
    return list.check(address, familyOf(address));
  };
  return !isIn(neverRegistered) && (spec.addressCIDRs === undefined || isIn(spec.addressCIDRs));
}

const isAlive = ({ status }: Pod): boolean => status.phase !== 'Succeeded' && status.phase !== 'Failed';

function addressesOf(pod: Pod): readonly string[] {
  // The WHATWG URL parser writes IPv6 as RFC 5952 wants it.
  const plain = (ip: string): string =>
    ip.includes(':') ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip;
  return [...new Set((pod.status.podIPs ?? []).map(({ ip }) => plain(ip)))];
}

function holderOf({ pods }: World, address: string): Pod | undefined {
  const claims = pods.filter(
    (pod) => isAlive(pod) && pod.spec.hostNetwork !== true && addressesOf(pod).includes(address),
  );
  const draining = ({ metadata }: Pod): number => (metadata.deletionTimestamp === undefined ? 0 : 1);
  const networkUp = ({ status }: Pod): number =>
    Date.parse(
      status.conditions?.find(({ type }) => type === 'PodReadyToStartContainers')?.lastTransitionTime ??
        status.startTime ??
        '',
    );
  const uid = ({ metadata }: Pod): string => metadata.uid ?? '';
  return claims.sort(
    (a, b) => draining(a) - draining(b) || networkUp(b) - networkUp(a) || (uid(a) < uid(b) ? 1 : -1),
  )[0];
}

function tagsOn(world: World, policy: Policy, pod: Pod, { metadata, spec }: Firewall): string[] {
  const namespace = namespaceOf(world, pod);
  if (!targetsOf(world, policy).includes(metadata.name)) return [];
  if (!matches(spec.namespaceSelector, namespace.metadata.labels)) return [];
  if (!selects(world, policy, pod)) return [];
  return suffixesOf(world, policy, pod).legal.map((suffix) => shortened(spec.tagPrefix + suffix));
}

/** Existing firewalls only. */
function targetsOf({ firewalls }: World, { spec }: Policy): string[] {
  const { firewallNames, firewallSelector } = spec;
  const isTarget = ({ metadata }: Firewall): boolean =>
    firewallNames?.includes(metadata.name) ?? matches(firewallSelector ?? {}, metadata.labels);
  return firewalls.filter(isTarget).map(({ metadata }) => metadata.name);
}

function selects(world: World, { metadata, spec }: Policy, pod: Pod): boolean {
  const here =
    metadata.namespace === undefined
      ? matches(spec.namespaceSelector ?? {}, namespaceOf(world, pod).metadata.labels)
      : metadata.namespace === pod.metadata.namespace;
  return here && matches(spec.podSelector, pod.metadata.labels);
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements */
function matches({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels = {}): boolean {
  const fits = matchExpressions.map(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    const listed = value !== undefined && values.includes(value);
    return operator === 'In' ? listed : !listed;
  });
  return fits.every(Boolean) && Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}

function suffixesOf(world: World, { metadata, spec }: Policy, pod: Pod) {
  const texts = spec.tags.flatMap(({ template, labelKeys = [] }) =>
    template === undefined ? labelTexts(labelKeys, pod) : [render(template, world, pod)],
  );
  const rendered = texts.filter((text) => text !== undefined);
  const isReserved = (text: string): boolean =>
    metadata.namespace === undefined && (text.startsWith('ns_') || text.startsWith('_'));
  const scope = metadata.namespace === undefined ? '' : `ns_${metadata.namespace}.`;
  return {
    legal: [...new Set(rendered.filter((text) => !isReserved(text)))].map((text) => scope + text),
    illegal: rendered.some(isReserved),
    missing: rendered.length < texts.length,
  };
}

function labelTexts(keys: readonly string[], { metadata }: Pod): string[] {
  const named = (label: string): boolean =>
    keys.some((key) => (key.endsWith('*') ? label.startsWith(key.slice(0, -1)) : label === key));
  return Object.entries(metadata.labels ?? {})
    .filter(([label, value]) => value !== '' && named(label))
    .map(([label, value]) => `${label}.${value}`);
}

function render(template: string, world: World, pod: Pod): string | undefined {
  const { metadata, spec } = pod;
  const fields: Record<string, string | undefined> = {
    namespace: metadata.namespace,
    pod: metadata.name,
    node: spec.nodeName,
    serviceAccount: spec.serviceAccountName,
  };
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    fields[`labels['${key}']`] = value;
    fields[`labels.${key}`] = value;
  }
  for (const [key, value] of Object.entries(namespaceOf(world, pod).metadata.labels ?? {})) {
    fields[`namespaceLabels['${key}']`] = value;
  }
  let hole = false;
  const text = template.replaceAll(/\{\{ *(.*?) *\}\}/g, (_, name: string) => {
    const value = fields[name] ?? '';
    hole ||= value === '';
    return value;
  });
  return hole ? undefined : text;
}

function shortened(tag: string): string {
  if (tag.length <= 127) return tag;
  return `${tag.slice(0, 118)}_${createHash('sha256').update(tag).digest('hex').slice(0, 8)}`;
}

function namespaceOf({ namespaces }: World, pod: Pod): KubernetesObject {
  const namespace = namespaces.find(({ metadata }) => metadata.name === pod.metadata.namespace);
  if (namespace === undefined) throw new Error(`no namespace ${pod.metadata.namespace}`);
  return namespace;
}
