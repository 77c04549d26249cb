// The recorded shapes of replies: fixtures/<command>.<what>.<source of the shape>.xml, from vendor pages and clients.
import { readFileSync } from 'node:fs';
import { PanosError, type PanosReason } from '../../src/panos/errors/errors.ts';

export function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.xml`, import.meta.url), 'utf8');
}

/** What a failure comes down to; fails for everything that is no PanosError. */
export function failureOf(run: () => unknown): {
  reason: PanosReason;
  retry: string;
  applied: string;
  message: string;
} {
  try {
    run();
  } catch (error) {
    if (!(error instanceof PanosError)) throw error;
    const { reason, retry, applied, message } = error;
    return { reason, retry, applied, message };
  }
  throw new Error('nothing failed');
}
