// Keys, certificates, tokens and kubeconfigs of a node.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderKubeconfig } from '../control-plane/access.ts';
import { issue } from '../harness/pki.ts';
import { identities, network, type Identity, type NodeLayout } from './layout.ts';

const secret = { mode: 0o600 };

/** Writes them below layout.keys, and a kubeconfig of each identity. */
export async function writeCredentials({ keys, adminToken, kubeconfig }: NodeLayout): Promise<void> {
  const authority = issue({ name: 'node-ca', isAuthority: true });
  const server = issue({
    name: 'kube-apiserver',
    issuer: authority,
    alternatives: [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      '127.0.0.1',
      network.node,
      network.apiServerService,
    ],
  });
  const accounts = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const caData = authority.cert;
  await writeFile(join(keys, 'ca.crt'), caData);
  await writeFile(join(keys, 'apiserver.crt'), server.cert + caData);
  await writeFile(join(keys, 'apiserver.key'), server.key, secret);
  await writeFile(join(keys, 'accounts.key'), accounts.privateKey, secret);
  await writeFile(join(keys, 'accounts.pub'), accounts.publicKey);

  const url = `https://${network.node}:${network.apiServerPort}`;
  const rows: string[] = [];
  for (const identity of Object.keys(identities) as Identity[]) {
    const { user, groups } = identities[identity];
    const token = randomBytes(24).toString('hex');
    rows.push(`${token},${user},${user},"${groups}"\n`);
    if (identity === 'admin') await writeFile(adminToken, token, secret);
    await writeFile(kubeconfig(identity), renderKubeconfig({ url, caData, adminToken: token }), secret);
  }
  await writeFile(join(keys, 'tokens.csv'), rows.join(''), secret);
}
