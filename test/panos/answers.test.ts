// Reason and effect of each answer to a message, and of each way to give none.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { makeCertificates } from '../../simulator/certificates.ts';
import { afterMessage, clientOf, failure, message, never, success } from './clients.ts';
import { fixture } from './fixtures.ts';
import { close, listen } from './listen.ts';
import { type Answer, reply } from './scripted-device.ts';

const answers: Readonly<Record<string, readonly [Answer, string, string]>> = {
  'HTTP 503 with HTML': [reply('<html>busy</html>', 503), 'DeviceUnavailable', 'unknown'],
  'HTTP 503 with a success': [reply(success, 503), 'DeviceUnavailable', 'unknown'],
  'HTTP 404': [reply('not found', 404), 'InvalidResponse', 'unknown'],
  'HTTP 403 with HTML': [reply('<html>no</html>', 403), 'AuthenticationFailed', 'unknown'],
  'HTTP 403 with a refusal': [
    reply(fixture('keygen.invalid-credential.panos-10.2-blog'), 403),
    'AuthenticationFailed',
    'no',
  ],
  'a refusal of the key under HTTP 200': [
    reply(fixture('keygen.invalid-credential.panos-10.2-blog')),
    'AuthenticationFailed',
    'no',
  ],
  'a role without rights under HTTP 403': [
    reply(fixture('op.role-not-authorized.pan-os-clients'), 403),
    'RoleNotAuthorized',
    'no',
  ],
  'a redirect': [reply('', 302, { location: 'https://127.0.0.1:1/api/?x=1' }), 'InvalidResponse', 'unknown'],
  'an empty body': [reply(''), 'InvalidResponse', 'unknown'],
  'HTTP 204': [reply('', 204), 'InvalidResponse', 'unknown'],
  'a login page': [reply('<html><body>Login</body></html>'), 'InvalidResponse', 'unknown'],
  'half of an answer': [reply(success.slice(0, 70)), 'InvalidResponse', 'unknown'],
  'bytes that are no UTF-8': [reply(Buffer.from([0xff, 0xfe, 0x00, 0xc3])), 'InvalidResponse', 'unknown'],
  'HTTP 500 and bytes that are no UTF-8': [
    reply(Buffer.from([0xff, 0xc3]), 500),
    'DeviceUnavailable',
    'unknown',
  ],
  'what is no HTTP': [({ socket }) => void socket.end('hello\r\n\r\n'), 'InvalidResponse', 'unknown'],
};

for (const [what, [answer, reason, applied]] of Object.entries(answers)) {
  test(`a message answered by ${what} is ${reason}, effect ${applied}`, async () => {
    assert.deepEqual(await afterMessage(answer), [reason, applied]);
  });
}

test('a reply without an end is cut at its size limit', async () => {
  const endless: Answer = (_, response) => {
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  };
  assert.deepEqual(await afterMessage(endless, { timeouts: { connectMs: 2000, callMs: 30_000 } }), [
    'InvalidResponse',
    'unknown',
  ]);
});

test('a device that refuses connections has not seen the message', async () => {
  const server = createServer();
  const port = await listen(server);
  await close(server);
  const { ca } = makeCertificates();
  await using client = clientOf({ endpoint: `https://127.0.0.1:${port}`, ca });
  const { reason, applied, code } = await failure(client.update(message, never));
  assert.deepEqual([reason, applied, code], ['DeviceUnavailable', 'no', 'ECONNREFUSED']);
});

for (const [what, greeting] of [
  ['accepts no TLS in time', undefined],
  ['speaks no TLS', '220 mail\r\n'],
] as const) {
  test(`a device that ${what} has not seen the message`, async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).resume();
      if (greeting !== undefined) socket.end(greeting);
    });
    const endpoint = `https://127.0.0.1:${await listen(server)}`;
    const timeouts = { connectMs: 300, callMs: 5000 };
    const client = clientOf({ endpoint, ca: makeCertificates().ca }, { timeouts });
    const { reason, applied } = await failure(client.update(message, never));
    assert.deepEqual([reason, applied], ['DeviceUnavailable', 'no']);
    await client.close();
    await close(server);
  });
}
