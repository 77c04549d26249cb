// Certificates as a test wants them: weak, expired, of an issuing CA, for whatever names (RFC 5280).
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
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
} from '../../simulator/der.ts';

type KeyPair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

/** A certificate in PEM with its private key; or that of an authority. */
export type Issued = {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
  readonly keys: KeyPair;
};

export type Wanted = {
  readonly name: string;
  /** Default: itself. */
  readonly issuer?: Issued;
  readonly isAuthority?: boolean;
  /** Host names and IPv4 addresses. Default: none, and no extension for them. */
  readonly alternatives?: readonly string[];
  /** Days from now. Default: -1 to 365. */
  readonly days?: readonly [number, number];
  /** Default: P-256. */
  readonly rsaBits?: number;
  /** Default: sha256. */
  readonly digest?: 'sha1' | 'sha256';
};

const day = 86_400_000;

const algorithms = {
  ec: { sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2' },
  rsa: { sha1: '1.2.840.113549.1.1.5', sha256: '1.2.840.113549.1.1.11' },
} as const;

export function issue(wanted: Wanted): Issued {
  const { name, issuer, days = [-1, 365], digest = 'sha256', rsaBits } = wanted;
  const keys =
    rsaBits === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: rsaBits });
  const signer = issuer?.keys ?? keys;
  const kind = signer.privateKey.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec';
  const id = objectIdentifier(algorithms[kind][digest]);
  const algorithm = kind === 'rsa' ? sequence(id, element(0x05)) : sequence(id);
  const [from, to] = days.map((count) => utcTime(new Date(Date.now() + count * day)));
  const content = sequence(
    element(0xa0, integer(Uint8Array.of(2))),
    integer(Buffer.concat([Uint8Array.of(1), randomBytes(15)])),
    algorithm,
    commonName(issuer?.name ?? name),
    sequence(from ?? Buffer.of(), to ?? Buffer.of()),
    commonName(name),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(...extensions(wanted))),
  );
  const signature = bitString(sign(digest, content, signer.privateKey));
  return {
    name,
    cert: pem(sequence(content, algorithm, signature)),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    keys,
  };
}

function extensions({ isAuthority = false, alternatives = [] }: Wanted): Buffer[] {
  const basic = isAuthority ? sequence(booleanTrue) : sequence();
  const names = alternatives.map((name) =>
    isIPv4(name)
      ? element(0x87, Buffer.from(name.split('.').map(Number)))
      : element(0x82, Buffer.from(name, 'ascii')),
  );
  return [
    extension('2.5.29.19', basic),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names))]),
  ];
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectIdentifier(id), octetString(value));
}

function commonName(name: string): Buffer {
  return sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(name))));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
