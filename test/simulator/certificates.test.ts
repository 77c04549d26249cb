// The certificates by which clients can verify the device.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { makeCertificates } from '../../simulator/certificates.ts';
import { objectIdentifier, octetString, utcTime } from '../../simulator/der.ts';

test('the server certificate is signed by the authority and names loopback and what was asked for', () => {
  const made = makeCertificates(['fw.example', '192.0.2.7', '2001:db8:1::7']);
  const [ca, server] = [new X509Certificate(made.ca), new X509Certificate(made.cert)];
  assert.equal(ca.ca, true);
  assert.equal(server.ca, false);
  assert.ok(ca.verify(ca.publicKey) && server.verify(ca.publicKey) && server.checkIssued(ca));
  for (const ip of ['127.0.0.1', '::1', '192.0.2.7', '2001:db8:1::7']) assert.equal(server.checkIP(ip), ip);
  for (const name of ['localhost', 'fw.example']) assert.equal(server.checkHost(name), name);
  assert.equal(server.checkHost('other.example'), undefined);
  assert.equal(server.checkIP('192.0.2.8'), undefined);
});

test('the certificates are valid now and for months', () => {
  const { validFromDate, validToDate } = new X509Certificate(makeCertificates().cert);
  assert.ok(validFromDate.getTime() < Date.now());
  assert.ok(validToDate.getTime() > Date.now() + 200 * 86_400_000);
});

test('each authority has its own key', () => {
  const [a, b] = [makeCertificates(), makeCertificates()];
  assert.equal(new X509Certificate(a.cert).verify(new X509Certificate(b.ca).publicKey), false);
});

test('DER has short and long lengths, identifiers in base 128 and times of two-digit years', () => {
  assert.equal(octetString(Buffer.alloc(127)).subarray(0, 2).toString('hex'), '047f');
  assert.equal(octetString(Buffer.alloc(128)).subarray(0, 3).toString('hex'), '048180');
  assert.equal(octetString(Buffer.alloc(300)).subarray(0, 4).toString('hex'), '0482012c');
  assert.equal(objectIdentifier('1.2.840.10045.4.3.2').toString('hex'), '06082a8648ce3d040302');
  assert.equal(utcTime(new Date('2026-11-21T09:08:07.5Z')).toString('latin1'), '\u0017\r261121090807Z');
});
