// Failures without an answer of the device: sockets, certificates, HTTP statuses.
import type { ConditionReason } from '../../../src/core/model/model.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors } from 'undici';
import { CertificateError } from '../../../src/net/certificate-error.ts';
import { httpStatusError, isReset, transportError } from '../../../src/panos/http/transport-errors.ts';

const codes: readonly (readonly [string, ConditionReason, 'backoff' | 'slow', RegExp])[] = [
  ['ECONNREFUSED', 'DeviceUnavailable', 'backoff', /refuses connections/],
  ['EHOSTUNREACH', 'DeviceUnavailable', 'backoff', /cannot be reached/],
  ['UND_ERR_CONNECT_TIMEOUT', 'DeviceUnavailable', 'backoff', /connection in time/],
  ['ECONNRESET', 'DeviceUnavailable', 'backoff', /was cut/],
  ['UND_ERR_SOCKET', 'DeviceUnavailable', 'backoff', /was cut/],
  ['TIME_LIMIT', 'DeviceUnavailable', 'backoff', /did not answer in time/],
  ['ENETUNREACH', 'DeviceUnavailable', 'backoff', /no route/],
  ['ETIMEDOUT', 'DeviceUnavailable', 'backoff', /in time/],
  ['EPERM', 'DeviceUnavailable', 'backoff', /NetworkPolicy/],
  ['EADDRNOTAVAIL', 'DeviceUnavailable', 'backoff', /IP family/],
  ['EMFILE', 'DeviceUnavailable', 'backoff', /limit of open files/],
  ['ERR_TLS_DH_PARAM_SIZE', 'DeviceUnavailable', 'backoff', /handshake.*OpenSSL says: x/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'DeviceUnavailable', 'backoff', /handshake/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'UntrustedCertificate', 'slow', /tls\.caSecretRef/],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UntrustedCertificate', 'slow', /tls\.caSecretRef/],
  ['CERT_HAS_EXPIRED', 'UntrustedCertificate', 'slow', /expired/],
  ['UNSPECIFIED', 'UntrustedCertificate', 'slow', /OpenSSL says: x/],
  ['', 'UntrustedCertificate', 'slow', /OpenSSL says: x$/],
  ['ERR_TLS_CERT_ALTNAME_FORMAT', 'UntrustedCertificate', 'slow', /cannot be read\. Reissue the certificate/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'UntrustedCertificate', 'slow', /tls\.serverName/],
];

for (const [code, reason, retry, message] of codes) {
  test(`the code ${code} means ${reason}`, () => {
    const cause = Object.assign(new Error('x'), { code });
    const met = reason === 'UntrustedCertificate' ? new CertificateError(cause) : cause;
    const error = transportError(met, { intent: 'update', sent: false });
    assert.deepEqual([error.reason, error.retry, error.applied, error.code], [reason, retry, 'no', code]);
    assert.match(error.message, message);
    assert.equal(error.cause, cause);
    assert.equal(
      transportError(new Error('x', { cause: met }), { intent: 'update', sent: true }).applied,
      'unknown',
    );
    assert.equal(transportError(met, { intent: 'read', sent: true }).applied, 'no');
  });
}

test('an answer that is no HTTP, or too large, is InvalidResponse and keeps nothing of the bytes', () => {
  const strange = [
    Object.assign(new errors.HTTPParserError('Expected HTTP/'), { data: 'bytes of the answer' }),
    new errors.ResponseExceededMaxSizeError(),
    new errors.HeadersOverflowError(),
  ];
  for (const cause of strange) {
    const error = transportError(cause, { intent: 'update', sent: true });
    assert.deepEqual([error.reason, error.retry, error.applied], ['InvalidResponse', 'backoff', 'unknown']);
    assert.equal(error.cause, undefined);
  }
});

test('an error without a code is a device out of reach', () => {
  for (const error of [new Error('x'), 'x', undefined, null]) {
    assert.equal(transportError(error, { intent: 'read', sent: false }).reason, 'DeviceUnavailable');
  }
});

test('only an end of the connection counts as a reset', () => {
  assert.equal(isReset(Object.assign(new Error('x'), { code: 'EPIPE' })), true);
  assert.equal(isReset(Object.assign(new Error('x'), { code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' })), true);
  assert.equal(isReset(Object.assign(new Error('x'), { code: 'ECONNREFUSED' })), false);
});

const statuses: readonly (readonly [number, ConditionReason, 'backoff' | 'slow'])[] = [
  [302, 'InvalidResponse', 'slow'],
  [400, 'InvalidResponse', 'slow'],
  [401, 'AuthenticationFailed', 'slow'],
  [403, 'AuthenticationFailed', 'slow'],
  [404, 'InvalidResponse', 'slow'],
  [408, 'DeviceUnavailable', 'backoff'],
  [429, 'DeviceUnavailable', 'backoff'],
  [500, 'DeviceUnavailable', 'backoff'],
  [503, 'DeviceUnavailable', 'backoff'],
];

for (const [status, reason, retry] of statuses) {
  test(`HTTP ${status} without an XML API refusal means ${reason}`, () => {
    const error = httpStatusError(status, 'update');
    assert.deepEqual([error.reason, error.retry, error.applied], [reason, retry, 'unknown']);
    assert.match(error.message, new RegExp(`HTTP ${status}`));
    assert.equal(httpStatusError(status, 'read').applied, 'no');
  });
}
