// The ways in which a device fails, and how a scenario lets it fail and looks at what came of it.
import assert from 'node:assert/strict';
import type { FaultSpec } from '../../simulator/simulator.ts';
import { waitFor } from '../harness/wait-for.ts';
import type { Device } from './device.ts';

export const faults: Readonly<Record<string, FaultSpec>> = {
  'hangs until its connections are cut': { fault: 'hang' },
  'hangs after it did as it was told': { fault: 'hang', applies: true },
  'resets before it does anything': { fault: 'reset' },
  'resets after it did as it was told': { fault: 'reset', applies: true },
  'answers 503': { fault: 'http-status', status: 503 },
  'answers 503 after it did as it was told': { fault: 'http-status', status: 503, applies: true },
  'answers garbage': { fault: 'garbage', applies: false },
  'answers garbage after it did as it was told': { fault: 'garbage' },
  'answers with a login page': { fault: 'html', applies: false },
  'answers without a body': { fault: 'empty' },
  'answers half of its XML': { fault: 'truncate' },
  'is cut off amid its answer': { fault: 'truncate', cutConnection: true },
  'answers under another root': { fault: 'wrong-root' },
  'answers an internal error': { fault: 'error', code: 11 },
};

/**
 * The device fails so at each kind of call; resolves when it has. Hanging calls are cut off. Messages fail twice, because
 * one that meets a reset on a connection that was idle before is sent again at once.
 */
export async function fail({ simulator }: Device, fault: FaultSpec): Promise<void> {
  const strikes = { info: 1, read: 1, message: 2 } as const;
  const ends = Object.entries(strikes).map(async ([on, count]) => {
    const id = simulator.inject({ ...fault, on, count } as FaultSpec);
    for (let strike = 1; strike <= count; strike++) {
      const struck = () => simulator.faults().some((one) => one.id === id && one.effects >= strike);
      await waitFor(struck, { what: `${fault.fault} to strike at ${on}`, timeoutMs: 20_000, intervalMs: 10 });
      // Cuts all connections; what is registered as persistent survives, as on a device.
      if (fault.fault === 'hang') simulator.reboot();
    }
  });
  await Promise.all(ends);
}

/** Nothing was unregistered before the table had been read in full: count, pages, count. */
export function assertReadBeforeRemoval({ simulator }: Device): void {
  const log = simulator.log();
  const first = log.findIndex(({ unregister }) => unregister.length > 0);
  const before = log.slice(0, first);
  const lastFailed = before.findLastIndex(({ kind, fault }) => kind === 'read' && fault !== null);
  const reads = before.slice(lastFailed + 1).filter(({ kind }) => kind === 'read');
  assert.ok(first > 0 && reads.length >= 3, `${reads.length} good reads before the first removal`);
}
