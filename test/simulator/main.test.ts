// The simulator as a program.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import { urlHost } from '../../simulator/listen.ts';

const main = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url));

const start = (...parameters: string[]) => {
  const child = spawn(process.execPath, [main, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  const errors: string[] = [];
  child.stderr.on('data', (chunk) => errors.push(String(chunk)));
  /** All output so far, once it matches. */
  const outputWith = async (pattern: RegExp): Promise<string> => {
    let output = '';
    for await (const chunk of child.stdout) {
      output += String(chunk);
      if (pattern.test(output)) return output;
    }
    throw new Error(`ended with ${output}${errors.join('')}`);
  };
  return { child, errors, outputWith };
};

test('it prints how to reach it, serves, and stops when asked to', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pan-simulator-test-'));
  const caFile = join(directory, 'ca.pem');
  const ports = ['--port', '0', '--control-port', '0', '--ca-file', caFile];
  const who = [
    '--username',
    'me',
    '--password',
    'secret',
    '--serial',
    '42',
    '--model',
    'PA-440',
    '--sw-version',
    '11.1.4',
    '--vsys',
    'vsys1, vsys2',
  ];
  const { child, outputWith } = start(...ports, ...who, '--settings', '{"hostsAsCidr":true}');
  try {
    const output = await outputWith(/faults -d.*\n/);
    const line = (label: string): string => new RegExp(`${label}\\s+(\\S+)`).exec(output)?.[1] ?? '';
    assert.deepEqual([line('username'), line('password'), line('CA')], ['me', 'secret', caFile]);
    const dispatcher = new Agent({ connect: { ca: await readFile(caFile, 'utf8') } });
    const answer = await request(`${line('XML API')}?type=version`, {
      dispatcher,
      headers: { 'x-pan-key': line('API key') },
    });
    assert.match(
      await answer.body.text(),
      /<sw-version>11\.1\.4<\/sw-version><multi-vsys>on<\/multi-vsys><model>PA-440<\/model><serial>42</,
    );
    const settings = await request(`${line('control port')}/settings`);
    assert.match(await settings.body.text(), /"hostsAsCidr":true/);
    await dispatcher.close();
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  } finally {
    child.kill('SIGKILL');
    await rm(directory, { recursive: true });
  }
});

const refused: readonly [readonly string[], RegExp][] = [
  [['--nonsense'], /^unknown flag --nonsense\n/],
  [['-p', '1'], /^unknown flag -p\n/],
  [['--prot', '8443'], /^unknown flag --prot; did you mean --port\?/],
  [['-port', '8443'], /^unknown flag -port; did you mean --port\?/],
  [['serve'], /^Unexpected argument 'serve'/],
  [['--port'], /^Option '--port <value>' argument missing/],
  [['--port', 'abc'], /^--port: must be a number from 0 to 65535, not "abc"/],
  [['--port='], /^--port: must be a number from 0 to 65535, not ""/],
  [['--control-port', '70000'], /^--control-port: must be a number from 0 to 65535, not "70000"/],
  [['--port', '8444'], /^--port and --control-port are both 8444/],
  [['--settings', '{"x":1}'], /^--settings: Unrecognized key: "x"/],
  [['--settings', '{"latencyMs":{"read":"slow"}}'], /^--settings: latencyMs\.read: /],
  [['--settings', '{'], /^--settings: must be JSON/],
  [['--profile', 'PA-1'], /^--profile: .*PA-440/],
  [['--profile', 'VM-51'], /^--profile: must be one of .*, not "VM-51"; did you mean VM-50\?/],
  [['--profile', 'none'], /^--profile: must be one of [^;]*, not "none"\n/],
  [['--seed', 'x'], /^--seed: must be a whole number, not "x"/],
  [['--seed', '1.5'], /^--seed: must be a whole number, not "1\.5"/],
  [['--firewall', '0001'], /^--firewall needs --panorama/],
  [['--panorama', '--vsys', 'vsys1'], /^a Panorama has no --vsys/],
  [['--panorama', '--firewall', '{"serial":1}'], /^--firewall: serial: /],
  [['--panorama', '--firewall', '{serial}'], /^--firewall: must be JSON/],
];

const failed: readonly (readonly [readonly string[], RegExp])[] = [
  [
    ['--ca-file', '/nonexistent/ca.pem'],
    /^\/nonexistent\/ca\.pem cannot be written \(ENOENT\): .* --ca-file/,
  ],
  [['--host', '203.0.113.9'], /^--host 203\.0\.113\.9: this machine has no such address \(EADDRNOTAVAIL\)/],
  [['--control-host', '203.0.113.9'], /^--control-host 203\.0\.113\.9: this machine has no such address/],
];

const outcomes = [
  ...refused.map((one) => [...one, 2] as const),
  ...failed.map((one) => [...one, 1] as const),
];

for (const [parameters, message, code] of outcomes) {
  test(`${parameters.join(' ')}: told in a sentence, with exit code ${code}`, async () => {
    const free = ['--port', '--control-port'].filter((flag) => !parameters.includes(flag));
    const ports =
      parameters.length < 2 || /port/.test(parameters[0] ?? '') ? [] : free.flatMap((flag) => [flag, '0']);
    const { child, errors } = start(...parameters, ...ports);
    assert.deepEqual(await once(child, 'close'), [code, null]);
    assert.match(errors.join(''), message);
    assert.match(errors.join(''), /--help shows the arguments/);
    assert.doesNotMatch(errors.join(''), /\n {4}at /);
  });
}

test('a port that another process has is named by its flag, with the way out', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  try {
    for (const [flag, other] of [
      ['--port', '--control-port'],
      ['--control-port', '--port'],
    ] as const) {
      const { child, errors } = start(flag, String(port), other, '0');
      assert.deepEqual(await once(child, 'close'), [1, null]);
      assert.match(
        errors.join(''),
        new RegExp(`^${flag} ${port}: another process has it\\. .*free one: ${flag} 0\\n`),
      );
    }
  } finally {
    holder.close();
  }
});

test('a pair of Panoramas with firewalls is started, each with its own authority', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pan-simulator-test-'));
  const caFile = join(directory, 'ca.pem');
  const place = ['--port', '0', '--control-port', '0', '--ca-file', caFile];
  const firewalls = ['--firewall', '0001@edge', '--firewall', '{"serial":"0002","vsys":["vsys3"]}'];
  const { child, outputWith } = start('--panorama', '--ha', ...firewalls, ...place);
  try {
    const output = await outputWith(/faults -d.*\n/);
    const controls = [...output.matchAll(/control port +(\S+)/g)].map(([, url = '']) => url);
    const states = [];
    for (const [index, url] of controls.entries()) {
      const ha = await (await request(`${url}/ha`)).body.text();
      const members = await (await request(`${url}/firewalls`)).body.text();
      const { body } = await request(`${url}/ca`);
      const file = index === 0 ? caFile : `${caFile}.peer`;
      assert.deepEqual(await body.json(), { pem: await readFile(file, 'utf8') });
      states.push(/"state":"([\w-]+)"/.exec(ha)?.[1]);
      assert.match(members, /"0001".*"edge".*"0002".*"vsys3"/);
    }
    assert.deepEqual(states, ['primary-active', 'secondary-passive']);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  } finally {
    child.kill('SIGKILL');
    await rm(directory, { recursive: true });
  }
});

test('a server on every address is named by one that can be opened', () => {
  assert.deepEqual(['0.0.0.0', '::', '::1', '127.0.0.1', 'fw.example.net'].map(urlHost), [
    '127.0.0.1',
    '[::1]',
    '[::1]',
    '127.0.0.1',
    'fw.example.net',
  ]);
});

test('the control port may listen elsewhere than the XML API', async () => {
  const ports = ['--port', '0', '--control-port', '0'];
  const { child, outputWith } = start(...ports, '--host', '127.0.0.2', '--control-host', '127.0.0.1');
  try {
    const output = await outputWith(/faults -d.*\n/);
    assert.match(output, /XML API +https:\/\/127\.0\.0\.2:/);
    assert.match(output, /control port +http:\/\/127\.0\.0\.1:/);
  } finally {
    child.kill('SIGKILL');
  }
});

test('--help and -h show the arguments with their defaults', async () => {
  for (const flag of ['--help', '-h']) {
    const { child, outputWith } = start(flag);
    const closed = once(child, 'close');
    const output = await outputWith(/--help, -h {5}/);
    assert.match(output, /--control-port NUMBER/);
    assert.match(output, /--port NUMBER .*\(8443;/);
    assert.match(output, /who the device says it is \(007051000000001, PA-VM, vm,/);
    assert.deepEqual(await closed, [0, null]);
  }
});
