// Basic authentication, sessions and their cookies, key lifetime, administrators and the rights of their roles.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, readXml, registerXml, uidMessage, type Lab } from './api-client.ts';

type Seen = { readonly status: number; readonly body: string; readonly cookie: string | undefined };

const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`, 'utf8').toString('base64')}`;

const call = async (
  lab: Lab,
  parameters: Record<string, string>,
  headers: Record<string, string>,
): Promise<Seen> => {
  const { status, body, cookies } = await lab.post(parameters, headers);
  return { status, body, cookie: cookies[0]?.split(';')[0] };
};

const version = async (lab: Lab, headers: Record<string, string>): Promise<Seen> =>
  call(lab, { type: 'version' }, headers);

test('Basic lets in on every request and begins a session, whose cookie lets in by itself', async () => {
  await using lab = await openLab({ password: 'pässword: with colon' });
  const authorization = basic(lab.simulator.username, lab.simulator.password);
  const first = await version(lab, { authorization });
  assert.equal(first.status, 200);
  assert.match(first.cookie ?? '', /^PHPSESSID=[\da-f]{64}$/);
  const second = await version(lab, { authorization, cookie: `a=b; ${first.cookie}` });
  assert.deepEqual([second.status, second.cookie], [200, undefined]);
  assert.equal((await version(lab, { cookie: first.cookie ?? '' })).status, 200);
  assert.notEqual((await version(lab, { authorization })).cookie, first.cookie);
});

test('a wrong Basic login, a foreign cookie and a key beside Basic do not help', async () => {
  await using lab = await openLab();
  const { username, password } = lab.simulator;
  const authorization = basic(username, password);
  for (const headers of [
    { authorization: basic(username, 'wrong') },
    { authorization: basic('other', password) },
    { authorization: 'Basic !' },
    { authorization: 'Bearer x' },
    { cookie: 'PHPSESSID=0123' },
    { authorization, 'x-pan-key': 'wrong' },
  ]) {
    const { status, body } = await version(lab, headers);
    assert.equal(status, 403);
    assert.match(body, /Invalid Credential/);
  }
});

test('Basic does not count for keygen', async () => {
  await using lab = await openLab();
  const authorization = basic(lab.simulator.username, lab.simulator.password);
  assert.equal((await call(lab, { type: 'keygen' }, { authorization })).status, 400);
});

test('an idle session times out with code 22, unless the password still lets in', async () => {
  let now = 1_000_000;
  await using lab = await openLab({ clock: () => now, settings: { sessionIdleSeconds: 60 } });
  const authorization = basic(lab.simulator.username, lab.simulator.password);
  const { cookie = '' } = await version(lab, { authorization });
  for (let minute = 0; minute < 3; minute++) {
    now += 59_000;
    assert.equal((await version(lab, { cookie })).status, 200, 'each use keeps it alive');
  }
  now += 60_000;
  assert.match((await version(lab, { cookie })).body, /status="error" code="22".*Session timed out/);
  const again = await version(lab, { cookie, authorization });
  assert.equal(again.status, 200);
  assert.notEqual(again.cookie ?? cookie, cookie);
  lab.simulator.timeOutSessions();
  assert.match((await version(lab, { cookie: again.cookie ?? '' })).body, /code="22"/);
});

test('a one-time password lets in once, then only its session does, which a reboot ends', async () => {
  await using lab = await openLab();
  lab.simulator.setAccount({ name: 'token', password: '123456', oneTime: true });
  const authorization = basic('token', '123456');
  const { status, cookie = '' } = await version(lab, { authorization });
  assert.equal(status, 200);
  assert.equal((await version(lab, { authorization })).status, 403);
  assert.equal((await version(lab, { authorization, cookie })).status, 200);
  lab.simulator.reboot();
  await lab.reconnect();
  assert.equal((await version(lab, { authorization, cookie })).status, 403);
  lab.simulator.setAccount({ name: 'token', password: '654321', oneTime: true });
  assert.equal((await version(lab, { authorization: basic('token', '654321') })).status, 200);
});

test('a key made with a one-time password is dead, and the password used', async () => {
  await using lab = await openLab();
  lab.simulator.setAccount({ name: 'token', password: '123456', oneTime: true });
  const { body } = await lab.post({ type: 'keygen', user: 'token', password: '123456' });
  const key = /<key>([^<]+)/.exec(body)?.[1] ?? '';
  assert.equal(key.length, 164);
  assert.equal((await version(lab, { 'x-pan-key': key })).status, 403);
  assert.equal((await version(lab, { authorization: basic('token', '123456') })).status, 403);
});

test('keys die at the end of their lifetime, counted from their generation', async () => {
  let now = 1_000_000;
  await using lab = await openLab({ clock: () => now, settings: { keyLifetimeSeconds: 60 } });
  const { apiKey, username: user, password } = lab.simulator;
  const works = async (key: string): Promise<boolean> =>
    (await version(lab, { 'x-pan-key': key })).status === 200;
  now += 30_000;
  const { body } = await lab.post({ type: 'keygen', user, password });
  const second = /<key>([^<]+)/.exec(body)?.[1] ?? '';
  now += 29_999;
  assert.deepEqual([await works(apiKey), await works(second)], [true, true]);
  now += 1;
  assert.deepEqual([await works(apiKey), await works(second)], [false, true]);
  lab.simulator.settings({ keyLifetimeSeconds: 0 });
  assert.equal(await works(apiKey), true);
});

test('each administrator has rights of its own, refused by name', async () => {
  await using lab = await openLab();
  lab.simulator.setAccount({ name: 'reader', password: 'r', rights: ['op'] });
  lab.simulator.setAccount({ name: 'root', password: 's', rights: 'superuser' });
  const write = { type: 'user-id', cmd: uidMessage(registerXml({ '10.1.0.1': ['a'] })) };
  const read = { type: 'op', cmd: readXml() };
  const get = { type: 'config', action: 'get', xpath: '/config/devices/entry/vsys' };
  const as = async (name: string, password: string, parameters: Record<string, string>): Promise<string> =>
    (await call(lab, parameters, { authorization: basic(name, password) })).body;
  assert.match(
    await as('reader', 'r', write),
    /code = '403'.*Type \[user-id\] not authorized for user role\./,
  );
  assert.match(await as('reader', 'r', read), /status="success"/);
  assert.match(await as('reader', 'r', get), /Type \[config\] not authorized/);
  assert.match(await as('root', 's', write), /status="success"/);
  assert.match(await as('root', 's', get), /<vsys><entry name="vsys1"\/><\/vsys>/);
  assert.match(await as('root', 's', { type: 'commit' }), /code="17"/);
  assert.equal(lab.simulator.deleteAccount('root'), true);
  assert.equal(lab.simulator.deleteAccount('root'), false);
  assert.match(await as('root', 's', read), /Invalid Credential/);
});

test('a right that lacks is told with code 16 by switch', async () => {
  await using lab = await openLab({ settings: { rights: ['op'], roleRefusal: 'unauth' } });
  const { status, body } = await lab.call({ type: 'user-id', cmd: uidMessage('') });
  assert.equal(status, 200);
  assert.equal(
    body,
    '<response status="unauth" code="16"><msg><line>Unauthorized request</line></msg></response>',
  );
});

test('a refused command of a new session still sets its cookie', async () => {
  await using lab = await openLab();
  const authorization = basic(lab.simulator.username, lab.simulator.password);
  const { body, cookie = '' } = await call(lab, { type: 'op', cmd: '<' }, { authorization });
  assert.match(body, /code="18"/);
  assert.equal((await version(lab, { cookie })).status, 200);
});
