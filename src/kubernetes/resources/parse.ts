// Parses stored objects into core's Policy and Firewall, or one sentence of problems.
//
// Unknown fields are ignored: the API server has pruned those that its CRD does not know, and a newer CRD may know
// more than this program. A status that cannot be read is undefined, never a reason to refuse the object; what an earlier
// release wrote otherwise is left out of it.

import type { TableEntry } from '../../core/device/device-groups.ts';
import type { Firewall, Policy, Selector, TagSource } from '../../core/model/model.ts';
import { networkOf } from '../../core/syntax/network.ts';
import { type LabelSelector, parseSelector } from '../../core/syntax/selector.ts';
import { parseTemplate } from '../../core/syntax/template.ts';
import { clusterPanTagPolicies, panTagPolicies } from './api.ts';
import { type ObjectMeta, readObject, readSpec } from './object.ts';
import {
  type PanFirewallEnding,
  type PanFirewallSpec,
  panFirewallEnding,
  panFirewallSpec,
} from './pan-firewall.ts';
import { type PanFirewallStatus, panFirewallStatus } from './pan-firewall-status.ts';
import {
  type ClusterPanTagPolicySpec,
  clusterPanTagPolicySpec,
  type PanTagPolicySpec,
  panTagPolicySpec,
  type TagPolicyStatus,
  tagPolicyStatus,
} from './tag-policy.ts';

/** What else the spec of a PanFirewall says: how to reach it, and how its tables are kept. */
export type FirewallSettings = Omit<PanFirewallSpec, keyof Firewall | 'tables'> & {
  /** undefined = the endpoint's own table. */
  readonly tables: readonly TableEntry[] | undefined;
};

/** A spec that this program cannot act on: condition reason InvalidSpec, with `problems` as its message. */
type Invalid<Status> = {
  readonly ok: false;
  readonly problems: string;
  readonly meta: ObjectMeta;
  readonly status: Status | undefined;
};

export type ParsedFirewall = { readonly ending: PanFirewallEnding } & (
  | Invalid<PanFirewallStatus>
  | {
      readonly ok: true;
      readonly firewall: Firewall;
      readonly settings: FirewallSettings;
      readonly meta: ObjectMeta;
      readonly status: PanFirewallStatus | undefined;
    }
);

export type ParsedPolicy =
  | Invalid<TagPolicyStatus>
  | {
      readonly ok: true;
      readonly policy: Policy;
      readonly meta: ObjectMeta;
      readonly status: TagPolicyStatus | undefined;
    };

/** @param raw a PanFirewall as the API server serves it. */
export function parseFirewall(raw: unknown): ParsedFirewall {
  const { meta, spec, status: rawStatus } = readObject(raw);
  const status = readStatus(rawStatus);
  const ending = panFirewallEnding.parse(spec);
  const read = readSpec(panFirewallSpec, spec);
  if (!read.ok) return { ok: false, problems: read.problems, meta, status, ending };
  const { tagPrefix, namespaceSelector, addressCIDRs, tables, ...others } = read.value;
  const firewall = {
    name: meta.name,
    labels: meta.labels,
    tagPrefix,
    namespaceSelector: selectorOf(namespaceSelector),
    addressCIDRs: addressCIDRs?.map(networkOf),
  };
  const settings = {
    ...others,
    tables: tables?.map(({ serial, deviceGroup, vsys }) => ({ serial, deviceGroup, vsys })),
  };
  return { ok: true, firewall, settings, meta, status, ending };
}

/** Each field of a table that cannot be read is as good as absent. */
function readStatus(raw: unknown): PanFirewallStatus | undefined {
  const whole = panFirewallStatus.safeParse(raw);
  if (whole.success) return whole.data;
  const left: unknown = structuredClone(raw);
  for (const { path } of whole.error.issues)
    if (path[0] === 'tables' && path.length > 2) drop(left, path.slice(0, 3));
  return panFirewallStatus.safeParse(left).data;
}

function drop(from: unknown, path: readonly PropertyKey[]): void {
  const parent = path.slice(0, -1).reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), from);
  const last = path.at(-1);
  if (last !== undefined && isRecord(parent)) delete parent[last];
}

function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}

/** @param raw a PanTagPolicy or ClusterPanTagPolicy as the API server serves it; its kind decides. */
export function parsePolicy(raw: unknown): ParsedPolicy {
  const { kind, meta, spec, status: rawStatus } = readObject(raw);
  const status = tagPolicyStatus.safeParse(rawStatus).data;
  if (kind !== panTagPolicies.kind && kind !== clusterPanTagPolicies.kind) {
    return {
      ok: false,
      problems: `kind: must be ${panTagPolicies.kind} or ${clusterPanTagPolicies.kind}`,
      meta,
      status,
    };
  }
  const read =
    kind === panTagPolicies.kind ? readSpec(panTagPolicySpec, spec) : readSpec(clusterPanTagPolicySpec, spec);
  if (!read.ok) return { ok: false, problems: read.problems, meta, status };
  return { ok: true, policy: policyOf(meta, read.value), meta, status };
}

function policyOf(meta: ObjectMeta, spec: PanTagPolicySpec | ClusterPanTagPolicySpec): Policy {
  return {
    id: `${meta.namespace ?? ''}/${meta.name}`,
    name: meta.name,
    namespace: meta.namespace,
    firewalls:
      spec.firewallSelector === undefined
        ? { names: spec.firewallNames ?? [] }
        : { selector: selectorOf(spec.firewallSelector) },
    namespaceSelector: 'namespaceSelector' in spec ? selectorOf(spec.namespaceSelector) : undefined,
    podSelector: selectorOf(spec.podSelector),
    priority: 'priority' in spec ? spec.priority : undefined,
    tags: spec.tags.map(tagSourceOf),
  };
}

function tagSourceOf({ template, labelKeys }: PanTagPolicySpec['tags'][number]): TagSource {
  if (template === undefined) return { kind: 'labelKeys', keys: labelKeys ?? [] };
  const parsed = parseTemplate(template);
  if (!parsed.ok) throw new TypeError(`the schema let an invalid template pass: ${parsed.problem}`);
  return { kind: 'template', template: parsed.template };
}

function selectorOf(spec: LabelSelector): Selector {
  const parsed = parseSelector(spec);
  if (!parsed.ok)
    throw new TypeError(`the schema let an invalid selector pass: ${parsed.problems[0]?.message}`);
  return parsed.selector;
}
