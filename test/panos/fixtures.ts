// The recorded shapes of replies: fixtures/<command>.<what>.<source of the shape>.xml, from vendor pages and clients.
import { DeviceError } from '../../src/core/model/device-error.ts';
import type { ConditionReason } from '../../src/core/model/model.ts';
import { readFileSync } from 'node:fs';

export function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.xml`, import.meta.url), 'utf8');
}

/** What a failure comes down to; fails for everything that is no DeviceError. */
export function failureOf(run: () => unknown): {
  reason: ConditionReason;
  retry: string;
  applied: string;
  message: string;
} {
  try {
    run();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const { reason, retry, applied, message } = error;
    return { reason, retry, applied, message };
  }
  throw new Error('nothing failed');
}
