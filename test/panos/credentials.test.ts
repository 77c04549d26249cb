// Credentials: one generation for all who wait, and its end when nobody does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiKeyCredentials, passwordCredentials } from '../../src/panos/credentials.ts';
import { never } from './clients.ts';

function passwordsOf(generate: (signal: AbortSignal, n: number) => Promise<string>) {
  const signals: AbortSignal[] = [];
  const clock = { now: 0 };
  const credentials = passwordCredentials({
    password: 'secret',
    now: () => clock.now,
    generate: (signal) => {
      signals.push(signal);
      return generate(signal, signals.length);
    },
  });
  return { credentials, signals, clock };
}

test('a generation goes on while anyone waits for it, and is aborted when nobody does', async () => {
  const { credentials, signals } = passwordsOf(
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
  const [first, second] = [new AbortController(), new AbortController()];
  const one = credentials.key(first.signal);
  const other = credentials.key(second.signal);
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
      : Promise.resolve('key'),
  );
  const abort = new AbortController();
  const aborted = credentials.key(abort.signal);
  abort.abort();
  await assert.rejects(aborted, { name: 'AbortError' });
  assert.equal(await credentials.key(never), 'key');
  assert.equal(signals.length, 2);
});

test('calls whose keys were refused together share one new key', async () => {
  const { credentials, signals, clock } = passwordsOf(async (_, n) => `key-${n}`);
  assert.equal(await credentials.key(never), 'key-1');
  clock.now = 60_000;
  const replacements = [1, 2, 3].map(() => credentials.replacement('key-1', never));
  assert.deepEqual(await Promise.all(replacements), ['key-2', 'key-2', 'key-2']);
  assert.equal(await credentials.replacement('key-1', never), 'key-2', 'a late one gets it too');
  assert.equal(await credentials.replacement('key-2', never), undefined, 'and not a third one');
  assert.equal(signals.length, 2);
});

test('all that must stay hidden is named', async () => {
  const { credentials } = passwordsOf(async () => 'key-1');
  assert.deepEqual(credentials.secrets(), ['secret']);
  await credentials.key(never);
  assert.deepEqual(credentials.secrets(), ['secret', 'key-1']);
  assert.deepEqual(apiKeyCredentials(' given\n').secrets(), ['given']);
});

test('a given key has no replacement', async () => {
  const credentials = apiKeyCredentials('given');
  assert.equal(await credentials.key(never), 'given');
  assert.equal(await credentials.replacement('given', never), undefined);
});
