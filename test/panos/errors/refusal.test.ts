// Refusals: every documented code and every text that carries meaning, by reason, retry and effect.
import { DeviceError } from '../../../src/core/model/device-error.ts';
import type { ConditionReason } from '../../../src/core/model/model.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readResult } from '../../../src/panos/messages/envelope.ts';
import { isBenign } from '../../../src/panos/errors/benign.ts';
import { refusal } from '../../../src/panos/errors/refusal.ts';
import { readUidResponse } from '../../../src/panos/messages/response.ts';
import { failureOf, fixture } from '../fixtures.ts';

type Row = readonly [
  code: string,
  reason: ConditionReason,
  retry: 'backoff' | 'slow',
  applied: 'no' | 'unknown',
];

// "PAN-OS XML API Error Codes". 19 and 20 are codes of success.
const updates: readonly Row[] = [
  ['400', 'RegistrationRejected', 'slow', 'unknown'],
  ['403', 'AuthenticationFailed', 'slow', 'no'],
  ['1', 'InvalidResponse', 'slow', 'no'],
  ['2', 'DeviceUnavailable', 'backoff', 'unknown'],
  ['3', 'DeviceUnavailable', 'backoff', 'unknown'],
  ['4', 'DeviceUnavailable', 'backoff', 'unknown'],
  ['5', 'DeviceUnavailable', 'backoff', 'unknown'],
  ['6', 'RegistrationRejected', 'slow', 'unknown'],
  ['7', 'RegistrationRejected', 'slow', 'unknown'],
  ['8', 'RegistrationRejected', 'slow', 'unknown'],
  ['10', 'RegistrationRejected', 'slow', 'unknown'],
  ['11', 'DeviceUnavailable', 'backoff', 'unknown'],
  ['12', 'RegistrationRejected', 'slow', 'unknown'],
  ['13', 'RegistrationRejected', 'slow', 'unknown'],
  ['14', 'DeviceUnavailable', 'backoff', 'unknown'],
  ['15', 'DeviceUnavailable', 'slow', 'no'],
  ['16', 'AuthenticationFailed', 'slow', 'no'],
  ['17', 'RegistrationRejected', 'slow', 'unknown'],
  ['18', 'RegistrationRejected', 'slow', 'unknown'],
  ['21', 'DeviceUnavailable', 'backoff', 'unknown'],
  ['22', 'AuthenticationFailed', 'backoff', 'no'],
  ['', 'RegistrationRejected', 'slow', 'unknown'],
  ['999', 'RegistrationRejected', 'slow', 'unknown'],
];

for (const [code, reason, retry, applied] of updates) {
  test(`code ${code || 'none'} to a message means ${reason}`, () => {
    const reply = `<response status="error"${code && ` code="${code}"`}><msg><line>some words</line></msg></response>`;
    const failure = failureOf(() => readUidResponse(reply, { register: [], unregister: [] }));
    assert.deepEqual({ ...failure, message: '' }, { reason, retry, applied, message: '' });
    assert.match(failure.message, /It said: some words$/);
    assert.equal(failure.message.includes(`(code ${code})`), code !== '');
  });

  test(`code ${code || 'none'} to a read has no effect and is never a registration's fault`, () => {
    const read = failureOf(() => readResult(`<response status="error" code="${code}"/>`));
    const wanted = reason === 'RegistrationRejected' ? 'InvalidResponse' : reason;
    assert.deepEqual({ ...read, message: '' }, { reason: wanted, retry, applied: 'no', message: '' });
    assert.match(read.message, /It said: nothing$/);
  });
}

test('a code of success beside an error, and of an error beside success, is no answer', () => {
  for (const code of ['19', '20']) {
    assert.equal(
      failureOf(() => readResult(`<response status="error" code="${code}"/>`)).reason,
      'InvalidResponse',
    );
    assert.deepEqual(readResult(`<response status="success" code="${code}"><result/></response>`), {});
  }
  const contradiction = failureOf(() =>
    readResult('<response status="success" code="7"><result/></response>'),
  );
  assert.equal(contradiction.reason, 'InvalidResponse');
});

const texts: readonly (readonly [string, ConditionReason, 'backoff' | 'slow', RegExp])[] = [
  ['keygen.invalid-credential.panos-10.2-blog', 'AuthenticationFailed', 'slow', /Secret/],
  ['keygen.invalid-credentials.pan-os-python', 'AuthenticationFailed', 'slow', /Secret/],
  [
    'op.role-not-authorized.pan-os-clients',
    'RoleNotAuthorized',
    'slow',
    /allow User-ID Agent and Operational Requests/,
  ],
  ['op.unauth-code-16.pan-os-clients', 'AuthenticationFailed', 'slow', /It said: Unauthorized request$/],
  ['op.session-timed-out-code-22.pan-os-python', 'AuthenticationFailed', 'backoff', /ended the session/],
  [
    'op.missing-parameter-code-400.api-guide-9.1',
    'InvalidResponse',
    'slow',
    /Parameter "format" is required/,
  ],
  ['op.cdata-line-code-17.pango', 'InvalidResponse', 'slow', /It said: show -> object is <unexpected>$/],
  ['op.nested-lines.pan-python', 'InvalidResponse', 'slow', /It said: first part second part$/],
];

for (const [name, reason, retry, message] of texts) {
  test(`the reply ${name} means ${reason}`, () => {
    const failure = failureOf(() => readResult(fixture(name)));
    assert.equal(failure.reason, reason);
    assert.equal(failure.retry, retry);
    assert.match(failure.message, message);
  });
}

test('a text decides over a code that it contradicts', () => {
  const reasonOf = (code: string, text: string) => refusal({ code, text, intent: 'update' }).reason;
  assert.equal(reasonOf('17', 'Type [user-id] not authorized for user role.'), 'RoleNotAuthorized');
  assert.equal(reasonOf('', 'INVALID CREDENTIALS'), 'AuthenticationFailed');
  assert.equal(reasonOf('', 'Session timed out, log in again'), 'AuthenticationFailed');
  // Not the session's end, which begins the sentence; but "timed out" is "not now" wherever it stands.
  assert.equal(reasonOf('12', 'The session timed out'), 'DeviceUnavailable');
});

test('only the exact texts, each in its own section, mean that a pair is as asked', () => {
  const about = (tag: string, address = '10.0.0.1') => ({ address, tag });
  assert.equal(isBenign('register', 'tag a b already exists, ignore', about('a b')), true);
  assert.equal(isBenign('unregister', 'tag a does not exist, ignore unreg', about('a')), true);
  const six = about('a', '2001:db8::1');
  assert.equal(isBenign('unregister', 'ip 2001:db8::1 does not exist, ignore unreg', six), true);
  assert.equal(isBenign('unregister', 'ip 2001:DB8:0::1/128 does not exist, ignore unreg', six), true);
  for (const [section, text] of [
    ['unregister', 'tag a already exists, ignore'],
    ['register', 'tag a does not exist, ignore unreg'],
    ['register', 'tag a already exists, ignored'],
    ['register', 'tag a already exists'],
    ['register', 'error: tag a already exists, ignore'],
    ['unregister', 'user bob does not exist, ignore unreg'],
    ['register', 'Failed to register'],
    ['register', 'tag b already exists, ignore'],
    ['unregister', 'ip 10.0.0.2 does not exist, ignore unreg'],
    ['register', 'ip 10.0.0.1 does not exist, ignore unreg'],
  ] as const) {
    assert.equal(isBenign(section, text, about('a')), false, text);
  }
});

test('the words of a device can be changed without losing the rest of an error', () => {
  const error = refusal({ code: '403', text: 'Invalid Credential for hunter2', intent: 'read' });
  const changed = error.with({ said: error.said?.replace('hunter2', '***') });
  assert.ok(changed instanceof DeviceError);
  assert.match(changed.message, /It said: Invalid Credential for \*\*\*$/);
  assert.deepEqual(
    [changed.reason, changed.retry, changed.applied, changed.code],
    ['AuthenticationFailed', 'slow', 'no', '403'],
  );
});
