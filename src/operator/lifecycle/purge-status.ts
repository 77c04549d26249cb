// Statuses after the command purge: no policy stays Ready on a firewall that was purged.

import type { Finding } from '../../core/model/finding.ts';
import { conditionsFor } from '../../core/status/conditions.ts';
import type { ParsedFirewall, ParsedPolicy } from '../../kubernetes/resources/parse.ts';

export type PurgeResult = { readonly clean: boolean; readonly told: string };

const anew = 'a restarted operator registers everything again';

/** How to go on where tags may be left; the command can be pasted. */
export function wayOn(firewall: string): string {
  return (
    'fix the cause and run the purge (or helm uninstall) again, ' +
    `or give up the tags on the device: kubectl delete panfw ${firewall}`
  );
}

function findingOf(firewall: string, { clean, told }: PurgeResult): Finding {
  const message = clean
    ? `the command purge removed all of our tags from its tables; ${anew}; to prevent that: kubectl delete panfw ${firewall}`
    : `${told}; ${anew}; ${wayOn(firewall)}`;
  return { reason: 'Purging', message };
}

/** Counts that are not known to be 0 stay as they were last known. undefined: there is no status to correct. */
export function purgedFirewallStatus(
  { meta, status }: ParsedFirewall,
  result: PurgeResult,
  now: string,
): object | undefined {
  if (status === undefined) return undefined;
  const finding = findingOf(meta.name, result);
  const conditions = conditionsFor({
    finding,
    generation: meta.generation,
    previous: status.conditions ?? [],
    now,
  });
  const tables = (status.tables ?? []).map((table) => ({
    ...table,
    state: finding.reason,
    ...(result.clean ? { owned: 0, pending: 0, held: undefined } : {}),
    message: finding.message,
  }));
  const counts = result.clean ? { owned: 0, pending: 0 } : {};
  return { ...status, conditions, ...counts, tables };
}

/** Of a policy with a firewall that was purged. undefined: it has none, or no status. */
export function purgedPolicyStatus(
  { meta, status }: ParsedPolicy,
  results: ReadonlyMap<string, PurgeResult>,
  now: string,
): object | undefined {
  const firewalls = status?.firewalls ?? [];
  const purged = firewalls.find(({ name }) => results.has(name));
  const result = purged && results.get(purged.name);
  if (status === undefined || purged === undefined || result === undefined) return undefined;
  const { reason, message } = findingOf(purged.name, result);
  return {
    ...status,
    conditions: conditionsFor({
      finding: { reason, message: `${purged.name}: ${message}` },
      generation: meta.generation,
      previous: status.conditions ?? [],
      now,
    }),
    addresses: 0,
    firewalls: firewalls.map((one) => {
      const own = results.get(one.name);
      if (own === undefined) return one;
      const counts = own.clean ? { registered: 0, pending: 0, failed: 0, examples: [] } : {};
      return { ...one, state: reason, ...counts, message: findingOf(one.name, own).message };
    }),
  };
}
