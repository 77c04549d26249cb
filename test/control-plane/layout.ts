// The directory of one local control plane: keys, tokens, data, logs.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export type Layout = {
  /** Below the system's temporary directory; everything but a given dataDirectory is in it. */
  readonly directory: string;
  readonly dataDirectory: string;
  readonly certDirectory: string;
  /** The certificate that kube-apiserver makes for itself, followed by the CA that signed it. */
  readonly caFile: string;
  readonly tokenFile: string;
  readonly signingKeyFile: string;
  readonly verifyingKeyFile: string;
  /** Where the one-process control plane writes its address. */
  readonly addressFile: string;
  readonly logFile: string;
  readonly adminToken: string;
};

export async function makeLayout(dataDirectory: string | undefined): Promise<Layout> {
  const directory = await mkdtemp(join(tmpdir(), 'pantag-control-plane-'));
  const certDirectory = join(directory, 'certs');
  const layout: Layout = {
    directory,
    dataDirectory: dataDirectory === undefined ? join(directory, 'data') : resolve(dataDirectory),
    certDirectory,
    caFile: join(certDirectory, 'apiserver.crt'),
    tokenFile: join(directory, 'tokens.csv'),
    signingKeyFile: join(directory, 'service-accounts.key'),
    verifyingKeyFile: join(directory, 'service-accounts.pub'),
    addressFile: join(directory, 'address'),
    logFile: join(directory, 'control-plane.log'),
    adminToken: randomBytes(24).toString('hex'),
  };
  const keys = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const secret = { mode: 0o600 };
  await writeFile(layout.signingKeyFile, keys.privateKey, secret);
  await writeFile(layout.verifyingKeyFile, keys.publicKey);
  await writeFile(layout.tokenFile, `${layout.adminToken},admin,admin,"system:masters"\n`, secret);
  return layout;
}

/** The end of the log; '' when nothing has been written. */
export async function readLogTail(layout: Layout, lines = 25): Promise<string> {
  const text = await readFile(layout.logFile, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
