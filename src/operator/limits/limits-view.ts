// Limits of a table's device for its status: capacity, addresses left out, and nearly full.

import type { Finding } from '../../core/model/finding.ts';
import type { DeviceLimits } from '../../core/limits/device-limits.ts';
import type { LimitReason } from '../../core/limits/limit-tally.ts';
import { mostTags } from '../../core/policies/tag-cap.ts';
import type { TableView } from '../../core/status/table-health.ts';
import type { TableLimits } from './limited-device.ts';

/** Who reads: a tenant can change neither the firewall nor the policies of the cluster. */
type Reader = 'administrator' | 'tenant';

/** What makes room, as far as the reader can: the end of every message about a limit. */
const remedies: Readonly<Record<Reader, Readonly<Record<LimitReason, string>>>> = {
  administrator: {
    Capacity:
      'give the ClusterPanTagPolicies that matter most a higher spec.priority, register fewer addresses ' +
      '(spec.addressCIDRs, spec.namespaceSelector, policies), or take a larger device',
    TagLimit:
      'give fewer tags to a Pod, or give the ClusterPanTagPolicies that matter most a higher spec.priority',
  },
  tenant: {
    Capacity: "select fewer Pods, or ask the firewall's administrator for room",
    TagLimit: "give fewer tags to a Pod, or ask the firewall's administrator which other tags it has",
  },
};

export function limitsView({ limits, tally }: Pick<TableLimits, 'limits' | 'tally'>): TableView['limits'] {
  const notes = limits.warns ? [nearlyFull(limits)] : [];
  return {
    capacity: limits.capacity,
    used: limits.used,
    notes,
    exceeded: [exceeded('Capacity', limits, tally.example('Capacity'))]
      .concat(exceeded('TagLimit', limits, tally.example('TagLimit')))
      .filter((finding) => finding !== undefined),
  };
}

/** The finding that an address is out; undefined when none is. */
export function exceeded(
  reason: LimitReason,
  limits: DeviceLimits,
  example: string | undefined,
  reader: Reader = 'administrator',
): Finding | undefined {
  if (example === undefined) return undefined;
  const remedy = remedies[reader][reason];
  if (reason === 'Capacity') {
    const message = `${capacityOf(limits)}; not registered: ${example} and possibly others; ${remedy}`;
    return { reason: 'CapacityExceeded', message };
  }
  const most = Math.min(limits.tagsPerAddress ?? mostTags, mostTags);
  const message = `tag limit reached: ${most} tags per address, including other clients'; not fully registered: ${example} and possibly others; ${remedy}`;
  return { reason: 'TagLimitExceeded', message };
}

function capacityOf(limits: DeviceLimits): string {
  const { capacity, isRefused } = limits;
  return isRefused
    ? `capacity reached: the device refused more than ${capacity} addresses`
    : `capacity reached: ${capacity} addresses, including other clients' (from spec.limits.maxAddresses or the model)`;
}

function nearlyFull({ capacity }: DeviceLimits): string {
  return `the device holds more than 80 % of the ${capacity} addresses of its capacity`;
}
