// Access: keys, logins, their switches, and denial after a reboot.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, type Lab } from './api-client.ts';

const keygen = async (lab: Lab, password = lab.simulator.password): Promise<string | undefined> => {
  const { body } = await lab.post({ type: 'keygen', user: lab.simulator.username, password });
  return /<key>([^<]+)<\/key>/.exec(body)?.[1];
};

const works = async (lab: Lab, key = ''): Promise<boolean> =>
  (await lab.post({ type: 'version' }, { 'x-pan-key': key })).status === 200;

test('a key from keygen works in the header and as a parameter, in query and body', async () => {
  await using lab = await openLab();
  const key = (await keygen(lab)) ?? '';
  assert.equal((await lab.post({ type: 'version' }, { 'X-PAN-KEY': key })).status, 200);
  assert.equal((await lab.post({ type: 'version', key })).status, 200);
  assert.equal(
    (await lab.send({ method: 'GET', path: `/api/?type=version&key=${encodeURIComponent(key)}` })).status,
    200,
  );
});

test('the header wins over the parameter, in both directions', async () => {
  await using lab = await openLab();
  const key = lab.simulator.apiKey;
  assert.equal((await lab.post({ type: 'version', key }, { 'X-PAN-KEY': 'wrong' })).status, 403);
  assert.equal((await lab.post({ type: 'version', key: 'wrong' }, { 'X-PAN-KEY': key })).status, 200);
  assert.equal((await lab.post({ type: 'version' })).status, 403);
});

test('keygen tells a wrong user, a wrong password and a missing one', async () => {
  await using lab = await openLab();
  const { username: user, password } = lab.simulator;
  assert.equal((await lab.post({ type: 'keygen', user: 'other', password })).status, 403);
  assert.equal((await lab.post({ type: 'keygen', user, password: '' })).status, 403);
  const missing = await lab.post({ type: 'keygen', user });
  assert.equal(missing.status, 400);
  assert.match(missing.body, /^<response status = 'error' code = '400'><result><msg>/);
});

test('a refusal with HTTP 200 and the older text, by switch', async () => {
  await using lab = await openLab({
    settings: { errorsAsHttpStatus: false, invalidCredentialText: 'Invalid credentials.' },
  });
  const { status, body } = await lab.post({ type: 'version', key: 'wrong' });
  assert.equal(status, 200);
  assert.match(body, /code = '403'><result><msg>Invalid credentials\.<\/msg>/);
});

test('all keys expire at once, and a new one can be had', async () => {
  await using lab = await openLab();
  const second = await keygen(lab);
  lab.simulator.expireKeys();
  assert.deepEqual([await works(lab, lab.simulator.apiKey), await works(lab, second)], [false, false]);
  assert.equal(await works(lab, await keygen(lab)), true);
});

test('a key that has expired is refused with its own words by switch, any other bad key as ever', async () => {
  const told = {
    'status-line': /^$/,
    text: /^Key Expired: [\w=]+ has expired\.\n$/,
    'code-400': /code = '400'><result><msg>Key Expired: [\w=]+ has expired\.<\/msg>/,
  } as const;
  for (const expiredKey of ['status-line', 'text', 'code-400'] as const) {
    await using lab = await openLab({ settings: { expiredKey } });
    const { apiKey } = lab.simulator;
    lab.simulator.expireKeys();
    const expired = await lab.call({ type: 'version' });
    assert.equal(expired.status, 400);
    assert.match(expired.body, told[expiredKey]);
    const reason = expiredKey === 'status-line' ? `Key Expired: ${apiKey} has expired.` : 'Bad Request';
    assert.equal(expired.statusText, reason);
    assert.equal((await lab.post({ type: 'version' }, { 'x-pan-key': 'wrong' })).status, 403);
    assert.equal(await works(lab, await keygen(lab)), true);
  }
});

test('a new key kills the older ones only by switch', async () => {
  await using lab = await openLab();
  const first = lab.simulator.apiKey;
  const second = await keygen(lab);
  assert.notEqual(second, first);
  assert.deepEqual([await works(lab, first), await works(lab, second)], [true, true]);
  lab.simulator.settings({ keygenInvalidatesOldKeys: true });
  const third = await keygen(lab);
  assert.deepEqual(
    [await works(lab, first), await works(lab, second), await works(lab, third)],
    [false, false, true],
  );
});

test('a changed password kills its keys until it is set again', async () => {
  await using lab = await openLab();
  const { apiKey, password } = lab.simulator;
  lab.simulator.changePassword('next');
  assert.equal(await works(lab, apiKey), false);
  assert.equal(await keygen(lab), undefined);
  assert.equal(await works(lab, await keygen(lab, 'next')), true);
  lab.simulator.changePassword(password);
  assert.equal(await works(lab, apiKey), true);
});

test('after a reboot every key and login is denied for a while, then works as before', async () => {
  let now = 1_000_000;
  await using lab = await openLab({ clock: () => now });
  lab.simulator.reboot({ deniedMs: 60_000 });
  await lab.reconnect();
  assert.deepEqual([await works(lab, lab.simulator.apiKey), await keygen(lab)], [false, undefined]);
  now += 60_000;
  assert.equal(await works(lab, lab.simulator.apiKey), true);
});

test('an unknown or missing type is a bad request', async () => {
  await using lab = await openLab();
  for (const parameters of [{}, { type: 'nonsense' }]) {
    const { status, body } = await lab.call(parameters);
    assert.equal(status, 400);
    assert.match(body, /^<response status = 'error' code = '400'>/);
  }
});

test('a missing command is a bad request, told only to who may ask', async () => {
  await using lab = await openLab();
  assert.equal((await lab.call({ type: 'op' })).status, 400);
  assert.equal((await lab.call({ type: 'user-id' })).status, 400);
  assert.equal((await lab.post({ type: 'user-id', cmd: '<' })).status, 403);
});

test('keys are the same from one run to the next', async () => {
  await using one = await openLab();
  await using two = await openLab();
  assert.equal(one.simulator.apiKey, two.simulator.apiKey);
  assert.notEqual(await openAndClose('other'), one.simulator.apiKey);
});

const openAndClose = async (password: string): Promise<string> => {
  await using lab = await openLab({ password });
  return lab.simulator.apiKey;
};
