// Run in the simulator's container after each start: puts the CA that the simulator has made into its Secret, as ca.crt.
// Arguments: where the simulator tells it, the folder of the ServiceAccount's files, the Secret's path in the API.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const [source, folder, path] = process.argv.slice(1);
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;

async function certificateAuthority() {
  for (const until = Date.now() + 30_000; ; ) {
    try {
      return (await (await fetch(source)).json()).pem;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const body = JSON.stringify({ data: { 'ca.crt': Buffer.from(await certificateAuthority()).toString('base64') } });
const headers = {
  authorization: `Bearer ${readFileSync(`${folder}/token`, 'utf8').trim()}`,
  'content-type': 'application/merge-patch+json',
};
const options = { host, port, path, method: 'PATCH', headers, ca: readFileSync(`${folder}/ca.crt`), timeout: 10_000 };
const { promise, resolve, reject } = Promise.withResolvers();
const call = request(options, resolve).once('error', reject);
call.once('timeout', () => call.destroy(new Error(`no answer from ${host}:${port} within 10 s`))).end(body);
const answer = await promise;
const text = (await answer.toArray()).join('');
if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${text}`);
