// No secret leaves through an error: a device that echoes all it is sent, in every shape, and every way to fail.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { cleaner } from '../../src/panos/errors/device-words.ts';
import { clientOf, failure, never } from './clients.ts';
import { type Answer, reply, startScriptedDevice } from './scripted-device.ts';

const password = `p&ss <w>rd "1"/+%  ü${'x'.repeat(40)}`;
const key = 'LUFRPT1zZWNyZXQ9PQ==';
const token = Buffer.from(`operator:${password}`).toString('base64');
const session = 'b1946ac92492d2347c6235b4d2611184';
const escaped = (text: string) =>
  text.replace(
    /[&<>"']/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' })[c] ?? c,
  );

/** All that a request carried, in a few writings. */
const echoOf: (request: Parameters<Answer>[0]) => string = ({ headers, form, url }) => {
  const { authorization = '', cookie = '' } = headers;
  const carried = [form.get('key'), form.get('password'), authorization, cookie, url].join(' ');
  return `${'x'.repeat(150)} ${carried} ${form.toString()} ${encodeURIComponent(carried)}`;
};

const error = (code: string) => (echo: string) =>
  `<response status="error" code="${code}"><msg><line>${escaped(echo)}</line></msg></response>`;

const refusedPair = (ip: string, message: string) =>
  `<response status="error"><msg><line><uid-response><payload><register><entry ip="${escaped(ip)}" message="${escaped(message)}"/></register></payload></uid-response></line></msg></response>`;

const shapes: Readonly<Record<string, readonly [status: number, body: (echo: string) => string]>> = {
  'a refusal of the credentials': [403, error('403')],
  'a refusal of the role': [200, (echo) => error('403')(`Type [op] not authorized for user role. ${echo}`)],
  'an internal error': [200, error('11')],
  'a bad request': [400, error('400')],
  'an error with a strange code': [200, (echo) => error(escaped(echo))(echo)],
  'a strange status': [200, (echo) => `<response status="${escaped(echo)}"/>`],
  'a pair that is refused': [200, (echo) => refusedPair('10.0.0.1', echo)],
  'an address that is refused': [200, (echo) => refusedPair(echo, echo)],
  'an unknown element': [
    200,
    (echo) => `<response status="success"><result><a>${escaped(echo)}</a></result></response>`,
  ],
  'an HTML page': [502, (echo) => `<html>${escaped(echo)}</html>`],
  text: [200, (echo) => echo],
};

const update = { register: [{ ip: '10.0.0.1', tags: ['a', 'b'] }], unregister: [] };

function assertClean(shown: string, what: string): void {
  const forms = [
    password,
    key,
    encodeURIComponent(password),
    password.slice(0, 8),
    key.slice(0, 8),
    token,
    token.slice(0, 20),
    encodeURIComponent(token),
    session,
    session.slice(0, 8),
  ];
  for (const form of forms) assert.ok(!shown.includes(form), `${what} shows ${form} in ${shown}`);
}

for (const [what, [status, body]] of Object.entries(shapes)) {
  test(`${what} that echoes the request shows no secret`, async () => {
    const echo: Answer = (request, response) => reply(body(echoOf(request)), status)(request, response);
    const given: Answer = reply(`<response status='success'><result><key>${key}</key></result></response>`);
    await using device = await startScriptedDevice(echo, given, echo);

    await using generating = clientOf(device, { credentials: { username: 'operator', password } });
    assertClean(
      inspect(await failure(generating.count({}, never)), { depth: 9 }),
      'the failed key generation',
    );

    await using client = clientOf(device, { credentials: { username: 'operator', password } });
    for (const call of [
      () => client.update(update, never),
      () => client.systemInfo(never),
      () => client.readPage({ start: 1, limit: 500 }, never),
      () => client.readOne({ key: '10.0.0.1' }, never),
      () => client.count({}, never),
    ]) {
      const outcome = await call().catch((error: unknown) => error);
      assertClean(inspect(outcome, { depth: 9 }), call.toString());
    }
    for (const { url } of device.received) assert.equal(url, '/api/');
  });

  test(`${what} that echoes the request shows no secret of a session`, async () => {
    const echo: Answer = (request, response) => reply(body(echoOf(request)), status)(request, response);
    const begun = reply('<response status="success"><result/></response>', 200, {
      'set-cookie': `PHPSESSID=${session}; path=/`,
    });
    const credentials = { username: 'operator', password, method: 'Basic' } as const;
    await using refusing = await startScriptedDevice(echo);
    await using unwelcome = clientOf(refusing, { credentials });
    const refused = await unwelcome.count({}, never).catch((error: unknown) => error);
    assertClean(inspect(refused, { depth: 9 }), 'the failed sign-in');

    await using device = await startScriptedDevice(begun, echo);
    await using client = clientOf(device, { credentials });
    for (const call of [() => client.update(update, never), () => client.count({}, never)]) {
      const outcome = await call().catch((error: unknown) => error);
      assertClean(inspect(outcome, { depth: 9 }), call.toString());
    }
    for (const { url } of device.received) assert.equal(url, '/api/');
  });
}

test('what is no HTTP at all shows no secret', async () => {
  await using device = await startScriptedDevice((request) => void request.socket.end(echoOf(request)));
  await using client = clientOf(device, { credentials: { apiKey: key } });
  assertClean(inspect(await failure(client.update(update, never)), { depth: 9 }), 'the error');
});

test('a device without TLS trust is told no secret', async () => {
  await using device = await startScriptedDevice(reply(''));
  await using client = clientOf(device, {
    credentials: { username: 'operator', password },
    tls: { insecureSkipVerify: false },
  });
  assertClean(inspect(await failure(client.count({}, never)), { depth: 9 }), 'the error');
  assert.equal(device.received.length, 0);
});

test('an API key with a line end around it works, one with other blanks is refused before it is sent', async () => {
  await using device = await startScriptedDevice(reply('<response status="success"><result/></response>'));
  await using client = clientOf(device, { credentials: { apiKey: `\n${key}\r\n` } });
  assert.equal(await client.count({}, never), 0);
  assert.equal(device.received[0]?.form.get('key'), key);
  for (const apiKey of ['', ' \n', 'two words', 'key\r\nx-other: 1', 'schlüssel']) {
    await using strange = clientOf(device, { credentials: { apiKey } });
    const error = await failure(strange.count({}, never));
    assert.deepEqual([error.reason, error.retry, error.applied], ['AuthenticationFailed', 'slow', 'no']);
  }
  assert.equal(device.received.length, 1);
});

test("a device's words are one short line, cut after the secrets were taken out", () => {
  const clean = cleaner(['hunter2', 'a b&c']);
  assert.equal(clean(' one\r\n\ttwo\u0000\u200bthree '), 'one two three');
  assert.equal(clean('x hunter2, a%20b%26c, a+b%26c, a \n b&c'), 'x ***, ***, ***, ***');
  assert.equal(clean(`${'x'.repeat(197)}hunter2`), `${'x'.repeat(197)}***`);
  assert.equal(clean('y'.repeat(201)), `${'y'.repeat(200)}...`);
  assert.equal(cleaner([''])('text'), 'text');
});
