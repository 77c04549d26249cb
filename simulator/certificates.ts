// Makes a certificate authority and a server certificate of it, in memory (RFC 5280).

import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import {
  bitString,
  booleanTrue,
  element,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  utcTime,
  utf8String,
} from './der.ts';

export type ServerCertificate = {
  /** PEM of the authority that clients should trust. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
};

type KeyPair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

type Subject = {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly issuer: string;
  readonly issuerKeys: KeyPair;
  readonly extensions: readonly Buffer[];
};

const alwaysNamed = ['localhost', '127.0.0.1', '::1'];
const caName = 'PAN-OS simulator CA';
const day = 86_400_000;
const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));

const makeKeys = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' });

const pem = (label: string, bytes: Buffer): string => {
  const lines = bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
};

const commonName = (name: string): Buffer =>
  sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(name))));

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

const keyId = (key: KeyObject): Buffer => createHash('sha1').update(spki(key)).digest();

const extension = (id: string, critical: boolean, value: Buffer): Buffer => {
  const parts = [objectIdentifier(id), ...(critical ? [booleanTrue] : []), octetString(value)];
  return sequence(...parts);
};

/** The 4 or 16 bytes of an address. */
const addressBytes = (address: string): Buffer => {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
};

const alternativeName = (name: string): Buffer =>
  isIP(name) ? element(0x87, addressBytes(name)) : element(0x82, Buffer.from(name, 'ascii'));

const makeCertificate = ({ name, publicKey, issuer, issuerKeys, extensions }: Subject): string => {
  const serial = Buffer.concat([Uint8Array.of(0x01), randomBytes(15)]);
  const validity = sequence(utcTime(new Date(Date.now() - day)), utcTime(new Date(Date.now() + 365 * day)));
  const content = sequence(
    element(0xa0, integer(Uint8Array.of(2))),
    integer(serial),
    ecdsaWithSha256,
    commonName(issuer),
    validity,
    commonName(name),
    spki(publicKey),
    element(0xa3, sequence(...extensions)),
  );
  const signature = bitString(sign('sha256', content, issuerKeys.privateKey));
  return pem('CERTIFICATE', sequence(content, ecdsaWithSha256, signature));
};

const caExtensions = ({ publicKey }: KeyPair): Buffer[] => [
  extension('2.5.29.19', true, sequence(booleanTrue)), // basicConstraints: a CA
  extension('2.5.29.15', true, bitString(Uint8Array.of(0x06), 1)), // keyUsage: keyCertSign, cRLSign
  extension('2.5.29.14', false, octetString(keyId(publicKey))), // subjectKeyIdentifier
];

const serverExtensions = (ca: KeyPair, names: readonly string[]): Buffer[] => [
  extension('2.5.29.19', true, sequence()),
  extension('2.5.29.15', true, bitString(Uint8Array.of(0x80), 7)), // digitalSignature
  extension('2.5.29.37', false, sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))), // serverAuth
  extension('2.5.29.35', false, sequence(element(0x80, keyId(ca.publicKey)))), // authorityKeyIdentifier
  extension('2.5.29.17', false, sequence(...names.map(alternativeName))), // subjectAltName
];

/** A new authority and server certificate, valid for a year, for loopback and `names` (hosts and addresses). */
export const makeCertificates = (names: readonly string[] = []): ServerCertificate => {
  const [ca, server] = [makeKeys(), makeKeys()];
  const signed = { issuer: caName, issuerKeys: ca };
  return {
    ca: makeCertificate({ ...signed, name: caName, publicKey: ca.publicKey, extensions: caExtensions(ca) }),
    cert: makeCertificate({
      ...signed,
      name: 'PAN-OS simulator',
      publicKey: server.publicKey,
      extensions: serverExtensions(ca, [...new Set([...alwaysNamed, ...names])]),
    }),
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
};
