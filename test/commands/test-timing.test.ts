// Other times than the product's are for clusters on this machine alone, and are told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTiming } from '../../src/commands/test-timing.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { productTiming, readTiming } from '../../src/core/model/timing.ts';
import type { Logger } from '../../src/runtime/logger.ts';

function warned(server: string, timing = readTiming('{"groupLookMs": 1000}')): string[] {
  const warnings: string[] = [];
  const log = { warn: (_: object, message: string) => warnings.push(message) } as unknown as Logger;
  checkTiming(timing, new URL(server), log);
  return warnings;
}

for (const server of ['https://127.0.0.1:6443', 'https://[::1]:6443', 'https://localhost:6443']) {
  test(`${server}: they are taken, with a warning`, () => {
    assert.deepEqual(warned(server), ['test timing in use']);
  });
}

for (const server of ['https://10.96.0.1', 'https://kubernetes.default.svc', 'https://127.example.com']) {
  test(`${server}: they are refused, and the product’s are not`, () => {
    assert.throws(() => warned(server), ConfigError);
    assert.throws(() => warned(server), /^ConfigError: PANTAG_TEST_TIMING is for tests .*; unset it$/);
    assert.deepEqual(warned(server, productTiming), []);
  });
}
