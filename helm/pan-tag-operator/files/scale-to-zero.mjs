// Run by the uninstall hook before "purge": an operator that still ran would register everything again.
// Scales the Deployment to 0 and waits until none of its Pods is left. Node trusts the cluster's CA by NODE_EXTRA_CA_CERTS.
import { readFileSync } from 'node:fs';

const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, NAMESPACE, DEPLOYMENT, SELECTOR, TOKEN_FILE } = process.env;
const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;

async function call(path, init = {}) {
  const authorization = `Bearer ${readFileSync(TOKEN_FILE, 'utf8').trim()}`;
  const headers = { authorization, 'content-type': 'application/merge-patch+json' };
  const answer = await fetch(server + path, { ...init, headers, signal: AbortSignal.timeout(10_000) });
  if (answer.ok) return answer.json();
  throw new Error(`${path.split('?')[0]}: ${answer.status} ${await answer.text()}`);
}

const deployment = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${DEPLOYMENT}/scale`;
await call(deployment, { method: 'PATCH', body: JSON.stringify({ spec: { replicas: 0 } }) });
process.stdout.write(`${DEPLOYMENT} is scaled to 0\n`);
const pods = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=${encodeURIComponent(SELECTOR)}`;
for (let left = -1; left !== 0; ) {
  const { items } = await call(pods);
  if (items.length !== left) process.stdout.write(`${items.length} Pods of it are left\n`);
  left = items.length;
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, 1000));
}
