// Credentials: one generation for all who wait, and its end when nobody does.
import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  apiKeyCredentials,
  basicPass,
  keyPass,
  type Pass,
  passwordCredentials,
  sessionPass,
} from '../../../src/panos/session/authentication.ts';
import { never } from '../clients.ts';

function passwordsOf(obtain: (signal: AbortSignal, n: number) => Promise<Pass>) {
  const signals: AbortSignal[] = [];
  const clock = { now: 0 };
  const credentials = passwordCredentials({
    secrets: ['secret'],
    now: () => clock.now,
    obtain: (signal) => {
      signals.push(signal);
      return obtain(signal, signals.length);
    },
  });
  return { credentials, signals, clock };
}

const keyOf = ({ fields }: Pass) => fields?.['key'];

test('a generation goes on while anyone waits for it, and is aborted when nobody does', async () => {
  const { credentials, signals } = passwordsOf(
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
  const [first, second] = [new AbortController(), new AbortController()];
  const one = credentials.pass(first.signal);
  const other = credentials.pass(second.signal);
  first.abort();
  await assert.rejects(one, { name: 'AbortError' });
  assert.equal(signals[0]?.aborted, false);
  second.abort();
  await assert.rejects(other, { name: 'AbortError' });
  assert.equal(signals[0]?.aborted, true);
  assert.equal(signals.length, 1);
});

test('who comes after an aborted generation begins a new one', async () => {
  const { credentials, signals } = passwordsOf((signal, n) =>
    n === 1
      ? new Promise((_, reject) => {
          signal.addEventListener('abort', () => setTimeout(() => reject(signal.reason), 20));
        })
      : Promise.resolve(keyPass('key')),
  );
  const abort = new AbortController();
  const aborted = credentials.pass(abort.signal);
  abort.abort();
  await assert.rejects(aborted, { name: 'AbortError' });
  assert.equal(keyOf(await credentials.pass(never)), 'key');
  assert.equal(signals.length, 2);
});

test('calls whose keys were refused together share one new key', async () => {
  const { credentials, signals, clock } = passwordsOf(async (_, n) => keyPass(`key-${n}`));
  const first = await credentials.pass(never);
  assert.equal(keyOf(first), 'key-1');
  clock.now = 60_000;
  const replacements = await Promise.all([1, 2, 3].map(() => credentials.replacement(first, never)));
  assert.deepEqual(
    replacements.map((pass) => pass && keyOf(pass)),
    ['key-2', 'key-2', 'key-2'],
  );
  const second = await credentials.replacement(first, never);
  assert.ok(second !== undefined && keyOf(second) === 'key-2', 'a late one gets it too');
  assert.equal(await credentials.replacement(second, never), undefined, 'and not a third one');
  assert.equal(signals.length, 2);
});

test('all that must stay hidden is named', async () => {
  const { credentials, clock } = passwordsOf(async (_, n) => keyPass(`key-${n}`));
  assert.deepEqual(credentials.secrets(), ['secret']);
  const first = await credentials.pass(never);
  assert.deepEqual(credentials.secrets(), ['secret', 'key-1']);
  clock.now = 60_000;
  await credentials.replacement(first, never);
  assert.deepEqual(
    credentials.secrets(),
    ['secret', 'key-1', 'key-2'],
    'an answer to the first may be on its way',
  );
  assert.deepEqual(apiKeyCredentials(' given\n').secrets(), ['given']);
});

test('a given key has no replacement, and nobody knows how old it is', async () => {
  const credentials = apiKeyCredentials('given');
  const pass = await credentials.pass(never);
  assert.equal(keyOf(pass), 'given');
  assert.equal(await credentials.replacement(pass, never), undefined);
  assert.equal(credentials.isNew(pass), false);
});

const basic = basicPass({ username: 'operator', password: 'pässword:1' });

test('Basic is the login in UTF-8, and both its forms stay hidden', () => {
  const token = Buffer.from('operator:pässword:1').toString('base64');
  assert.deepEqual(basic, { headers: { authorization: `Basic ${token}` }, secrets: ['pässword:1', token] });
});

test('a session is carried by its cookies alone, or by all there is where they do not suffice', () => {
  assert.equal(sessionPass(basic, []), basic);
  assert.equal(sessionPass(basic, ['nonsense', ' =x']), basic);
  const cookies = ['PHPSESSID=0123456789abcdef; path=/; secure; HttpOnly', 'lang=en;path=/'];
  const session = sessionPass(basic, cookies);
  const cookie = 'PHPSESSID=0123456789abcdef; lang=en';
  assert.deepEqual(session.headers, { cookie });
  assert.deepEqual(session.secrets, [cookie, '0123456789abcdef']);
  assert.deepEqual(session.instead?.headers, { ...basic.headers, cookie });
  assert.deepEqual(session.instead?.secrets, [...basic.secrets, ...session.secrets]);
});

test('cookies that were never taken alone go together with the password, without another sign-in', async () => {
  const session = sessionPass(basic, ['PHPSESSID=0123456789abcdef']);
  const { credentials, signals } = passwordsOf(async () => session);
  assert.equal(await credentials.pass(never), session);
  assert.equal(credentials.isNew(session), false, 'whether it works is not known yet');
  assert.equal(await credentials.replacement(session, never), session.instead);
  assert.equal(await credentials.pass(never), session.instead);
  assert.equal(signals.length, 1);
});

test('a session that worked and has ended is renewed at once, one that never worked is not', async () => {
  let signIns = 0;
  let now = 0;
  const credentials = passwordCredentials({
    secrets: [],
    sideBySide: true,
    now: () => now,
    obtain: async () => {
      signIns += 1;
      if (signIns === 3)
        throw new DeviceError('AuthenticationFailed', 'no', { retry: 'slow', applied: 'no' });
      return { headers: { cookie: `PHPSESSID=${signIns}` }, secrets: [] };
    },
  });
  const first = await credentials.pass(never);
  assert.equal(await credentials.replacement(first, never), undefined);
  credentials.accepted(first);
  assert.equal(credentials.isNew(first), true);
  const second = await credentials.replacement(first, never);
  assert.equal(second?.headers['cookie'], 'PHPSESSID=2');
  assert.equal(await credentials.replacement(second, never), undefined);
  credentials.accepted(second);
  await assert.rejects(credentials.replacement(second, never), { name: 'DeviceError' });
  assert.equal(
    await credentials.replacement(second, never),
    undefined,
    'a refused password is not tried again',
  );
  now = 60_000;
  const fourth = await credentials.replacement(second, never);
  assert.equal(fourth?.headers['cookie'], 'PHPSESSID=4');
});

test('a pass whose renewal was refused is not a new one', async () => {
  const { credentials, clock } = passwordsOf(async (_, n) => {
    if (n === 1) return keyPass('key-1');
    throw new DeviceError('AuthenticationFailed', 'no', { retry: 'slow', applied: 'no' });
  });
  const pass = await credentials.pass(never);
  assert.equal(credentials.isNew(pass), true);
  clock.now = 60_000;
  await assert.rejects(credentials.replacement(pass, never), { name: 'DeviceError' });
  assert.equal(credentials.isNew(pass), false);
});
