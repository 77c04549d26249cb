// The commands of docs/panos.md that go to a device's XML API, pasted against the simulator: a key is made, and what is named is cleaned, nothing else.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { startSimulator } from '../../simulator/simulator.ts';
import { blocksOf } from './pasting/blocks.ts';

const blocks = blocksOf('docs/panos.md');
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

test('cleaning by hand takes off the pairs that are named, and leaves other tags of the same address', async () => {
  device.plant({
    add: [
      { ip: '10.20.1.7', tags: ['k8s-prod.ns_shop.web', 'vpn'] },
      { ip: '10.20.4.2', tags: ['vpn'] },
      { ip: '192.0.2.1', tags: ['k8s-prod._owner.0f3a9c2e41d8'] },
    ],
  });
  const [message] = blocks.filter(({ language }) => language === 'xml');
  await writeFile(join(directory, 'unregister.xml'), message?.text ?? assert.fail('no message in the page'));
  const printed = await paste('cmd@unregister.xml');
  assert.match(printed, /<entry ip="10\.20\.1\.7"[^]*<response status="success"/);
  const left = Object.entries(device.tables()['vsys1'] ?? {}).map(([ip, { tags }]) => [ip, tags]);
  assert.deepEqual(left, [
    ['10.20.1.7', ['vpn']],
    ['10.20.4.2', ['vpn']],
  ]);
});
