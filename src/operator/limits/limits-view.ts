// Limits of a table's device for its status: capacity, addresses left out, and nearly full.

import type { Finding } from '../../core/model/finding.ts';
import type { DeviceLimits } from '../../core/limits/device-limits.ts';
import type { LimitReason } from '../../core/limits/limit-tally.ts';
import { mostTags } from '../../core/policies/tag-cap.ts';
import type { TableView } from '../../core/status/table-health.ts';
import type { TableLimits } from './limited-device.ts';

/** What makes room, as far as administrators can: the end of every message about a limit. */
const remedy: Readonly<Record<LimitReason, string>> = {
  Capacity:
    'give the ClusterPanTagPolicies that matter most a higher spec.priority, register fewer addresses ' +
    '(spec.addressCIDRs, spec.namespaceSelector, policies), or take a larger device',
  TagLimit:
    'give fewer tags to a Pod, or give the ClusterPanTagPolicies that matter most a higher spec.priority',
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
): Finding | undefined {
  if (example === undefined) return undefined;
  if (reason === 'Capacity') {
    const message = `${capacityOf(limits)}; not registered: ${example} and possibly others; ${remedy.Capacity}`;
    return { reason: 'CapacityExceeded', message };
  }
  const most = Math.min(limits.tagsPerAddress ?? mostTags, mostTags);
  const message = `tag limit reached: ${most} tags per address, including other clients'; not fully registered: ${example} and possibly others; ${remedy.TagLimit}`;
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
