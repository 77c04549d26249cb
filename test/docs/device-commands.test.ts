// The commands of docs/panos.md and docs/tasks/clean.md for the XML API, pasted against the simulator: what is named is cleaned, nothing else.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { startSimulator } from '../../simulator/simulator.ts';
import { blocksOf } from './pasting/blocks.ts';

const blocks = ['docs/panos.md', 'docs/tasks/clean.md'].flatMap(blocksOf);
const device = await startSimulator();
const directory = await mkdtemp(join(tmpdir(), 'pantag-device-commands-'));
after(async () => {
  await device.close();
  await rm(directory, { recursive: true, force: true });
});
await writeFile(join(directory, 'ca.crt'), device.caPem);

/** What the block with these words prints. */
async function paste(words: string): Promise<string> {
  const found = blocks.filter(({ language, text }) => language === 'sh' && text.includes(words));
  assert.equal(found.length, 1, words);
  const script = found[0]?.text.replaceAll('https://fw-a.example.net', device.endpoint) ?? '';
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: directory,
  });
  return stdout;
}

test('a key is generated from a password in a file, and lets in', async () => {
  await writeFile(join(directory, 'password.txt'), device.password);
  const [, key = ''] = /<key>(.+)<\/key>/.exec(await paste('type=keygen')) ?? [];
  assert.notEqual(key, '');
  await writeFile(join(directory, 'header.txt'), `X-PAN-KEY: ${key}`);
});

const tablesNow = () =>
  Object.entries(device.tables()['vsys1'] ?? {})
    .map(([ip, { tags }]) => `${ip} ${tags.join(' ')}`)
    .toSorted();

test('cleaning by hand takes off each pair of the prefix, over several pages, and leaves other tags', async () => {
  const web = Array.from({ length: 1200 }, (_, i) => `10.20.${i >> 8}.${i & 255}`);
  device.plant({
    add: [
      ...web.map((ip) => ({ ip, tags: ['k8s-prod.ns_shop.web', 'k8s-prod.ns_shop.tier.gold'] })),
      { ip: '10.30.1.7', tags: ['k8s-prod.ns_shop.web', 'vpn'] },
      { ip: '10.30.4.2', tags: ['vpn', 'k8s-production'] },
      { ip: '192.0.2.1', tags: ['k8s-prod._owner.0f3a9c2e41d8', 'k8s-test._owner.aaaaaaaaaaaa'] },
    ],
  });
  await paste('start-point');
  await paste('cmd@unregister.xml');
  const left = ['10.30.1.7 vpn', '10.30.4.2 vpn k8s-production', '192.0.2.1 k8s-test._owner.aaaaaaaaaaaa'];
  assert.deepEqual(tablesNow(), left);
  await paste('cmd@unregister.xml');
  assert.deepEqual(tablesNow(), left, 'what is gone already is no failure');
  await writeFile(join(directory, 'header.txt'), 'X-PAN-KEY: none');
  for (const words of ['cmd@unregister.xml', 'start-point'])
    await assert.rejects(
      paste(words),
      ({ code, stdout }: { code: number; stdout: string }) => code === 1 && /Invalid Credential/.test(stdout),
    );
});
