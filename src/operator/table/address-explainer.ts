// Logs at level debug why an address is not as it should be: at most one a minute.

import type { TableFacts } from '../../core/table/table-facts.ts';
import type { Logger } from '../../runtime/logger.ts';
import { pause } from '../../runtime/wake.ts';

type ExplainerParts = {
  readonly table: TableFacts;
  /** What the cluster's side knows of the address. Absent: it is not told. */
  readonly explainDesired?: ((address: string) => unknown) | undefined;
  /** What keeps the whole table from being written: right to write, outage. */
  readonly rights: () => Readonly<Record<string, unknown>>;
  readonly log: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
};

type Stuck = { readonly address: string; readonly state: 'pending' | 'refused' | 'waiting' | 'held' };

const lookEveryMs = 2_000;
const tellEveryMs = 60_000;
/** A change that is confirmed sooner needs no explanation. */
const patienceMs = 5_000;
/** So many pending addresses are looked at, in the order of sending. */
const fewPending = 20;

/** Looks until the signal. Not at all unless level debug is on. */
export async function explainStuckAddresses(parts: ExplainerParts, signal: AbortSignal): Promise<void> {
  if (!parts.log.isLevelEnabled('debug')) return;
  const look = addressExplainer(parts);
  while (!signal.aborted) {
    await pause(lookEveryMs, signal).catch(() => {});
    if (!signal.aborted) look();
  }
}

/** One look: it tells of an address that it did not tell of last, where there is one. Never throws. */
export function addressExplainer(parts: ExplainerParts): () => void {
  const { table, explainDesired, rights, log, now } = parts;
  const told = new Set<string>();
  let dueAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (!log.isLevelEnabled('debug') || !table.known || now() < dueAt) return;
    try {
      const stuck = stuckAddresses(table, now());
      const fresh = stuck.find(({ address }) => !told.has(address));
      const one = fresh ?? stuck[0];
      if (one === undefined) return;
      if (fresh === undefined) told.clear();
      told.add(one.address);
      dueAt = now() + tellEveryMs;
      const { address, ...known } = table.explain(one.address, now());
      const fields = { ...one, ...rights(), table: known, desired: explainDesired?.(address) };
      log.debug(fields, 'address explained');
    } catch (error) {
      // Whoever looks for a fault must not make one.
      dueAt = now() + tellEveryMs;
      log.debug({ err: error }, 'address not explained');
    }
  };
}

/** One of each state. */
function stuckAddresses(table: TableFacts, now: number): readonly Stuck[] {
  const [refused] = table.refusals.addresses();
  const [held] = table.held[0]?.addresses() ?? [];
  const found = {
    pending: longPending(table, now),
    refused,
    waiting: table.waitingExample?.address,
    held,
  };
  const states = ['pending', 'refused', 'waiting', 'held'] as const;
  return states.flatMap((state) => {
    const address = found[state];
    return address === undefined ? [] : [{ address, state }];
  });
}

function longPending(table: TableFacts, now: number): string | undefined {
  if (now - (table.oldestPendingAt ?? now) < patienceMs) return undefined;
  let looked = 0;
  for (const address of table.pendingAddresses()) {
    if ((table.explain(address, now).pendingMs ?? 0) >= patienceMs) return address;
    if (++looked === fewPending) return undefined;
  }
  return undefined;
}
