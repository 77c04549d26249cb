// The simulator as the chart runs it to try things out: bundled, under Node's permission model, with the chart's Secret.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Agent, request } from 'undici';
import { bundle, simulator } from '../../scripts/bundle.ts';
import { startLeashed } from '../harness/leashed-process.ts';
import { waitFor } from '../harness/wait-for.ts';
import { only, openHelm } from './helm.ts';

const directory = await mkdtemp(join(tmpdir(), 'pantag-try-'));
const helm = await openHelm();
after(async () => {
  await helm[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

type Deployment = {
  readonly template: {
    readonly spec: {
      readonly containers: readonly {
        readonly command: readonly string[];
        readonly args: readonly string[];
      }[];
    };
  };
};

test('it takes the credentials that the chart has made, at the name that the notes tell', async () => {
  const objects = await helm.render({ simulator: { enabled: true } });
  const name = 'pan-tag-operator-simulator';
  const { command, args } =
    (only(objects, 'Deployment', name)['spec'] as Deployment).template.spec.containers[0] ?? assert.fail();
  const { username, password } = only(objects, 'Secret', name)['stringData'] as Record<string, string>;
  await mkdir(join(directory, 'tmp'));
  for (const [file, content] of await bundle(simulator, 'test'))
    await writeFile(join(directory, file), content);
  // The folder itself lies below /tmp.
  const here = (text: string): string =>
    text
      .replace('/tmp/', `${directory}/tmp/`)
      .replace(/^\/app\//, `${directory}/`)
      .replace(/^(--(?:control-)?port)=\d+$/, '$1=0');
  const process = await startLeashed({
    command: globalThis.process.execPath,
    args: [...command.slice(1), ...args].map(here),
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let said = '';
    process.child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const port = await waitFor(() => /https:\/\/\S+?:(\d+)/.exec(said)?.[1], {
      what: 'its endpoint',
      timeoutMs: 20_000,
    });
    const ca = await readFile(join(directory, 'tmp/ca.pem'), 'utf8');
    const servername = `${name}.pan-tag-operator.svc`;
    const dispatcher = new Agent({ connect: { ca, servername } });
    const body = new URLSearchParams({
      type: 'keygen',
      user: username ?? '',
      password: password ?? '',
    }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await request(`https://127.0.0.1:${port}/api/`, {
      method: 'POST',
      dispatcher,
      body,
      headers,
    });
    assert.match(await answer.body.text(), /<response status = 'success'>.*<key>/);
    await dispatcher.close();
  } finally {
    await process.stop(10_000);
  }
});
