// The desired state from scratch, as slowly and plainly as the contract can be read: the oracle of desired.test.ts.

import type { Claimant } from '../../../src/core/model/claimant.ts';
import type { Labels, Policy, Selector, TagSource } from '../../../src/core/model/model.ts';
import { BlockList } from 'node:net';
import { addresses, namespaces, networks, type World } from './universe.ts';

export type NaiveTally = {
  readonly pods: number;
  readonly admitted: number;
  readonly addressesOn: Readonly<Record<string, number>>;
  readonly skipped: readonly { reason: string; count: number; example: string }[];
  readonly tags: readonly string[];
};

export type NaiveState = {
  /** firewall -> address -> tags, addresses without tags left out. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly targets: Readonly<Record<string, readonly string[]>>;
  readonly tallies: Readonly<Record<string, NaiveTally>>;
  /** `<firewall> <address>` -> the policies behind its tags, sorted. */
  readonly behind: Readonly<Record<string, readonly string[]>>;
  /** namespace -> the firewalls that admit it, sorted. */
  readonly admittedBy: Readonly<Record<string, readonly string[]>>;
};

export function naiveHolder(world: World, address: string): Claimant | undefined {
  const claimants = [...world.pods.values()].filter(
    (pod) => pod.ineligible === undefined && pod.addresses.includes(address),
  );
  claimants.sort((a, b) => {
    if (a.terminating !== b.terminating) return a.terminating ? 1 : -1;
    if (a.since !== b.since) return b.since - a.since;
    return a.uid < b.uid ? 1 : -1;
  });
  return claimants[0];
}

export function naiveState(world: World): NaiveState {
  const firewalls = [...world.firewalls.keys()].sort();
  const policies = [...world.policies.values()];
  return {
    tables: Object.fromEntries(firewalls.map((name) => [name, table(world, name)])),
    targets: Object.fromEntries(policies.map((policy) => [policy.id, targets(world, policy)])),
    tallies: Object.fromEntries(policies.map((policy) => [policy.id, tally(world, policy)])),
    behind: Object.fromEntries(
      firewalls.flatMap((name) =>
        addresses.map((address) => [`${name} ${address}`, behind(world, name, address)] as const),
      ),
    ),
    admittedBy: Object.fromEntries(
      namespaces.map((namespace) => [namespace, firewalls.filter((name) => admits(world, name, namespace))]),
    ),
  };
}

function admits(world: World, firewall: string, namespace: string): boolean {
  const selector = world.firewalls.get(firewall)?.namespaceSelector;
  const labels = world.namespaces.get(namespace)?.labels;
  return selector !== undefined && labels !== undefined && selects(selector, labels);
}

function table(world: World, firewall: string): Record<string, string[]> {
  const entries: Record<string, string[]> = {};
  for (const address of addresses) {
    const pod = naiveHolder(world, address);
    const tags = new Set<string>();
    for (const policy of world.policies.values()) {
      if (pod === undefined || !takes(world, firewall, address)) continue;
      for (const tag of tagsOn(world, policy, pod, firewall)) tags.add(tag);
    }
    if (tags.size > 0) entries[address] = [...tags].sort();
  }
  return entries;
}

function behind(world: World, firewall: string, address: string): string[] {
  const pod = naiveHolder(world, address);
  if (pod === undefined || !takes(world, firewall, address)) return [];
  return [...world.policies.values()]
    .filter((policy) => tagsOn(world, policy, pod, firewall).length > 0)
    .map((policy) => policy.id)
    .sort();
}

/** By Node's own reading of networks. */
function takes(world: World, name: string, address: string): boolean {
  const { addressCIDRs } = world.firewalls.get(name) ?? {};
  if (address.startsWith('127.')) return false;
  if (addressCIDRs === undefined) return true;
  const list = new BlockList();
  for (const [text, network] of networks) {
    const [net = '', length] = text.split('/');
    const family = familyOf(net);
    if (family === familyOf(address) && addressCIDRs.includes(network))
      list.addSubnet(net, Number(length), family);
  }
  return list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/** The tags that this policy gives a Pod that holds an address, on one firewall. */
function tagsOn(world: World, policy: Policy, pod: Claimant, name: string): string[] {
  const firewall = world.firewalls.get(name);
  if (firewall === undefined || !admits(world, name, pod.namespace)) return [];
  if (!targets(world, policy).includes(name)) return [];
  if (!selected(world, policy, pod)) return [];
  return [...suffixes(world, policy, pod).legal].map((suffix) => firewall.tagPrefix + suffix);
}

function targets(world: World, policy: Policy): string[] {
  const { firewalls } = policy;
  return [...world.firewalls.values()]
    .filter((firewall) =>
      'names' in firewalls
        ? firewalls.names.includes(firewall.name)
        : selects(firewalls.selector, firewall.labels),
    )
    .map((firewall) => firewall.name)
    .sort();
}

function selected(world: World, policy: Policy, pod: Claimant): boolean {
  const namespace = world.namespaces.get(pod.namespace);
  if (namespace === undefined) return false;
  const here =
    policy.namespace === undefined
      ? selects(policy.namespaceSelector ?? [], namespace.labels)
      : policy.namespace === pod.namespace;
  return here && selects(policy.podSelector, pod.labels);
}

function selects(selector: Selector, labels: Labels): boolean {
  return selector.every(({ key, operator, values }) => {
    if (operator === 'Exists') return labels.has(key);
    if (operator === 'DoesNotExist') return !labels.has(key);
    const listed = labels.has(key) && values.has(labels.get(key) ?? '');
    return operator === 'In' ? listed : !listed;
  });
}

function suffixes(world: World, policy: Policy, pod: Claimant) {
  const legal = new Set<string>();
  let missing = false;
  let illegal = false;
  for (const source of policy.tags) {
    for (const text of texts(world, source, pod)) {
      if (text === undefined) missing = true;
      else if (text.includes("'")) illegal = true;
      else if (policy.namespace !== undefined) legal.add(`ns_${policy.namespace}.${text}`);
      else if (text.startsWith('_') || text.startsWith('ns_')) illegal = true;
      else legal.add(text);
    }
  }
  return { legal, missing, illegal };
}

function texts(world: World, source: TagSource, pod: Claimant): (string | undefined)[] {
  if (source.kind === 'labelKeys') {
    return [...pod.labels]
      .filter(([name, value]) => value !== '' && source.keys.some((key) => names(key, name)))
      .map(([name, value]) => `${name}.${value}`);
  }
  const values = source.template.map((part) => {
    if (part.kind === 'text') return part.text;
    if (part.kind === 'label') return pod.labels.get(part.key);
    if (part.kind === 'namespaceLabel') return world.namespaces.get(pod.namespace)?.labels.get(part.key);
    return { namespace: pod.namespace, pod: pod.name, ...pod.fields }[part.field];
  });
  return [values.some((value) => value === undefined || value === '') ? undefined : values.join('')];
}

function names(key: string, label: string): boolean {
  return key.endsWith('*') ? label.startsWith(key.slice(0, -1)) : label === key;
}

function tally(world: World, policy: Policy): NaiveTally {
  const skips: { reason: string; name: string }[] = [];
  const tags = new Set<string>();
  const addressesOn: Record<string, number> = {};
  let pods = 0;
  let admitted = 0;
  for (const pod of world.pods.values()) {
    if (!selected(world, policy, pod)) continue;
    const skip = (reason: string) =>
      skips.push({
        reason,
        name: policy.namespace === undefined ? `${pod.namespace}/${pod.name}` : pod.name,
      });
    const holds = pod.addresses.filter((address) => naiveHolder(world, address)?.uid === pod.uid);
    const held = holds.length;
    const takers = targets(world, policy).filter((name) => admits(world, name, pod.namespace));
    const { missing, illegal } = suffixes(world, policy, pod);
    if (pod.ineligible === 'HostNetwork') skip('HostNetwork');
    else if (pod.addresses.length === 0) skip('NoAddress');
    else if (held < pod.addresses.length) skip('AddressTaken');
    if (held === 0) continue;
    pods += 1;
    if (takers.length > 0) admitted += 1;
    if (holds.some((address) => takers.some((name) => !takes(world, name, address)))) skip('OutsideCIDR');
    if (missing) skip('MissingValue');
    if (illegal) skip('IllegalTag');
    for (const name of targets(world, policy)) {
      const here = tagsOn(world, policy, pod, name);
      const there = holds.filter((address) => takes(world, name, address)).length;
      if (here.length === 0 || there === 0) continue;
      for (const tag of here) tags.add(tag);
      addressesOn[name] = (addressesOn[name] ?? 0) + there;
    }
  }
  return { pods, admitted, addressesOn, skipped: summary(skips), tags: [...tags].sort() };
}

function summary(skips: readonly { reason: string; name: string }[]): NaiveTally['skipped'] {
  return [...new Set(skips.map(({ reason }) => reason))].sort().map((reason) => {
    const names = skips.filter((skip) => skip.reason === reason).map(({ name }) => name);
    return { reason, count: names.length, example: names.sort()[0] ?? '' };
  });
}
