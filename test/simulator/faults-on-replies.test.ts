// Faults that lie, delay, redirect, pick their victims, or happen by chance.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, registerXml, unregisterXml, type Lab } from './api-client.ts';
import type { SimulatorOptions } from '../../simulator/simulator.ts';

const version = { type: 'version' };

test('a pretended message succeeds without taking effect', async () => {
  await using lab = await openLab();
  await lab.message(registerXml({ '10.1.0.1': ['a'] }));
  lab.simulator.inject({ fault: 'pretend', on: 'message', count: 1 });
  assert.match(await lab.message(unregisterXml({ '10.1.0.1': ['a'] })), /status="success".*<unregister><\//);
  assert.deepEqual(lab.tags(), { '10.1.0.1': ['a'] });
  const [, entry] = lab.simulator.log();
  assert.deepEqual([entry?.status, entry?.applied, entry?.fault], ['success', false, 'pretend']);
});

test('counts of pages and of option count are wrong by what was asked for', async () => {
  await using lab = await openLab();
  await lab.message(registerXml({ '10.1.0.1': ['a'], '10.1.0.2': ['a'] }));
  lab.simulator.inject({ fault: 'miscount', on: 'read', by: -1, count: 2 });
  assert.match(await lab.read(), /<entry ip="10\.1\.0\.2".*<count>1<\/count>/s);
  assert.match(await lab.read('<all><option>count</option></all>'), /<count>1<\/count>/);
  assert.match(await lab.read(), /<count>2<\/count>/);
});

test('a dripping answer is whole, and late', async () => {
  await using lab = await openLab();
  const whole = (await lab.call(version)).body;
  lab.simulator.inject({ fault: 'drip', bytes: Math.ceil(whole.length / 4), ms: 60, count: 1 });
  const start = performance.now();
  assert.equal((await lab.call(version)).body, whole);
  assert.ok(performance.now() - start >= 175);
});

test('a dripping answer ends with a reboot', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'drip', bytes: 1, ms: 1000, count: 1 });
  const cut = assert.rejects(lab.call(version));
  const signal = AbortSignal.timeout(10_000);
  while (lab.simulator.log().length === 0) {
    signal.throwIfAborted();
    await new Promise(setImmediate);
  }
  lab.simulator.reboot();
  await cut;
});

test('another Content-Type, none, and a redirect', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'content-type', value: 'text/plain', count: 1 });
  lab.simulator.inject({ fault: 'content-type', count: 1 });
  lab.simulator.inject({ fault: 'redirect', status: 301, count: 1 });
  assert.equal((await lab.call(version)).contentType, 'text/plain');
  const none = await lab.call(version);
  assert.deepEqual([none.status, none.contentType], [200, '']);
  assert.match(none.body, /^<response/);
  assert.equal((await lab.call(version)).status, 301);
});

test('a message is refused as a whole when it names an address, a tag, or both in one entry', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'error', code: 12, text: 'no', ip: '10.1.0.1', tag: 'bad' });
  lab.simulator.inject({ fault: 'error', code: 12, text: 'no', tag: 'worse' });
  const send = async (pairs: Record<string, string[]>): Promise<boolean> =>
    (await lab.message(registerXml(pairs))).includes('code="12"');
  assert.equal(await send({ '10.1.0.1/32': ['good', 'bad'], '10.1.0.9': ['good'] }), true);
  assert.equal(await send({ '10.1.0.2': ['worse'] }), true);
  assert.deepEqual(lab.tags(), {});
  assert.equal(await send({ '10.1.0.1': ['good'], '10.1.0.2': ['bad'] }), false);
  assert.deepEqual(lab.tags(), { '10.1.0.1': ['good'], '10.1.0.2': ['bad'] });
});

test('a fault may wait for a connection that was used before, or for a new one', async () => {
  await using lab = await openLab();
  const strikes = async (): Promise<boolean> => (await lab.call(version)).body.includes('code="11"');
  lab.simulator.inject({ fault: 'error', code: 11, connection: 'reused', count: 1 });
  assert.equal(await strikes(), false);
  // The client may open one more connection before it uses one again.
  const signal = AbortSignal.timeout(10_000);
  while (!(await strikes())) signal.throwIfAborted();
  lab.simulator.inject({ fault: 'error', code: 11, connection: 'new', count: 1 });
  await lab.reconnect();
  assert.equal(await strikes(), true);
});

const victims = async (options: SimulatorOptions): Promise<string> => {
  await using lab = await openLab(options);
  lab.simulator.inject({ fault: 'error', chance: 0.5 });
  const marks = async (one: Lab): Promise<string> =>
    (await one.call(version)).body.includes('code') ? 'x' : '.';
  let seen = '';
  for (let call = 0; call < 40; call++) seen += await marks(lab);
  return seen;
};

test('chance strikes the same requests in every run with the same seed', async () => {
  const [first, same, other] = [await victims({}), await victims({ seed: 1 }), await victims({ seed: 2 })];
  assert.equal(first, same);
  assert.notEqual(first, other);
  assert.match(first, /x/);
  assert.match(first, /\./);
});

test('more calls at once than advised are counted, not refused', async () => {
  await using lab = await openLab({ settings: { latencyMs: { info: 100 } } });
  const calls = Array.from({ length: 7 }, async () => lab.call(version));
  assert.ok((await Promise.all(calls)).every(({ status }) => status === 200));
  assert.deepEqual(lab.simulator.concurrency(), { inWork: 0, highest: 7, breaches: 2 });
  lab.simulator.reset();
  assert.deepEqual(lab.simulator.concurrency(), { inWork: 0, highest: 0, breaches: 0 });
});

test('idle connections are kept as long as the settings say', async () => {
  await using lab = await openLab({ settings: { keepAliveMs: 1 } });
  await lab.call(version);
  lab.simulator.inject({ fault: 'error', code: 11, connection: 'reused' });
  const signal = AbortSignal.timeout(10_000);
  // The server closes the connection, so a later call comes on a new one.
  for (;;) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { body } = await lab.call(version);
    if (!body.includes('code="11"')) break;
  }
});

test('a device that is not ready answers with an entry without an address, in one of three places', async () => {
  await using lab = await openLab();
  const entry = '<entry message="Not ready to process xmlapi data"/>';
  const said = {
    response: `<version>2.0</version>${entry}</uid-response>`,
    payload: `<payload>${entry}</payload>`,
    section: `<payload><register>${entry}</register></payload>`,
  };
  for (const at of ['response', 'payload', 'section'] as const) {
    lab.simulator.inject({ fault: 'not-ready', on: 'message', at, count: 1 });
    const answer = await lab.message(registerXml({ '10.1.0.1': ['a'] }));
    assert.ok(answer.startsWith('<response status="error">') && answer.includes(said[at]), answer);
  }
  assert.deepEqual(lab.tags(), {});
  lab.simulator.inject({ fault: 'not-ready', text: 'busy', applies: true, count: 1 });
  assert.match(await lab.message(registerXml({ '10.1.0.1': ['a'] })), /message="busy"/);
  assert.deepEqual(lab.tags(), { '10.1.0.1': ['a'] });
});

test('an answer is made as large as asked for, with spaces or with anything else, and says the same', async () => {
  await using lab = await openLab();
  await lab.message(registerXml({ '10.1.0.1': ['a'] }));
  const small = await lab.read();
  lab.simulator.inject({ fault: 'pad', on: 'read', bytes: 100_000, count: 1 });
  const spaces = await lab.read();
  assert.equal(spaces.length, 100_000);
  assert.equal(spaces.replace(/ +(?=<\/response>)/, ''), small);
  lab.simulator.inject({ fault: 'pad', on: 'read', bytes: 1000, with: '<!--x-->', count: 1 });
  const comments = await lab.read();
  assert.ok(comments.length >= 1000 && comments.length < 1008);
  assert.equal(comments.replaceAll('<!--x-->', ''), small);
});

test('a refusal of single pairs may repeat their addresses and tags', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'reject', text: 'tag {tag} of {ip}: not now' });
  const answer = await lab.message(registerXml({ '10.1.0.1': ['a<b', 'c'] }));
  assert.match(
    answer,
    /message="tag a&lt;b of 10\.1\.0\.1: not now".*message="tag c of 10\.1\.0\.1: not now"/,
  );
});
