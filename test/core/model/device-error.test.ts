// One error for every failure of a device: a copy with some facts changed keeps all others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceError } from '../../../src/core/model/device-error.ts';

const facts = {
  retry: 'slow',
  applied: 'unknown',
  code: '999',
  said: 'max registered-ip reached (1000)',
  answered: true,
  limit: { kind: 'addresses', isCertain: true, figure: 1000 },
  refusesPass: true,
  someAway: true,
  cause: new Error('below'),
} as const;

/** All that can be read of an error. */
function read(error: DeviceError): Readonly<Record<string, unknown>> {
  const { reason, problem, message, retry, applied, code, said, cause } = error;
  const { refused, answered, limit, refusesPass, someAway } = error;
  const flags = { refused, answered, limit, refusesPass, someAway };
  return { reason, problem, message, retry, applied, code, said, cause, ...flags };
}

test('the message is the problem and the words of the device', () => {
  const error = new DeviceError('RegistrationRejected', 'the device refuses it', facts);
  assert.equal(error.message, 'the device refuses it. It said: max registered-ip reached (1000)');
  assert.equal(error.with({ said: undefined }).message, 'the device refuses it');
  assert.equal(error.with({ problem: 'fw-a: no' }).message, `fw-a: no. It said: ${facts.said}`);
});

test('a copy keeps every fact that is not changed', () => {
  const error = new DeviceError('RegistrationRejected', 'the device refuses it', facts);
  assert.deepEqual(read(error.with({})), read(error));
  const changes = [
    { reason: 'DeviceUnavailable' },
    { retry: 'backoff' },
    { applied: 'no' },
    { code: '' },
    { refused: false },
    { answered: false },
    { limit: undefined },
    { refusesPass: false },
    { someAway: false },
    { cause: undefined },
  ] as const;
  for (const change of changes) assert.deepEqual(read(error.with(change)), { ...read(error), ...change });
});

test('what is not given follows from the rest: words are a refusal, bad credentials are not hurried', () => {
  const plain = new DeviceError('DeviceUnavailable', 'silence', { retry: 'backoff', applied: 'no' });
  const { refused, answered, refusesPass, someAway, code, said, limit } = plain;
  assert.deepEqual([refused, answered, refusesPass, someAway, code], [false, false, false, false, '']);
  assert.deepEqual([said, limit], [undefined, undefined]);
  assert.equal(plain.with({ said: 'no' }).refused, true);
  assert.equal(plain.with({ reason: 'AuthenticationFailed' }).refusesPass, true);
});
