// The device's own life: reboot, wipe, reset, settings, time, and what the log tells of it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab, registerXml, unregisterXml, type Lab } from './api-client.ts';

const register = (persistent: 0 | 1, ip: string): string =>
  `<register><entry ip="${ip}" persistent="${persistent}"><tag><member>a</member></tag></entry></register>`;

const uptime = async (lab: Lab): Promise<string | undefined> =>
  /<uptime>([^<]*)</.exec(
    (await lab.call({ type: 'op', cmd: '<show><system><info/></system></show>' })).body,
  )?.[1];

test('a reboot loses what is not persistent and starts the uptime again', async () => {
  let now = 1_000_000;
  await using lab = await openLab({ clock: () => now });
  await lab.message(register(1, '10.1.0.1'));
  await lab.message(register(0, '10.1.0.2'));
  await lab.message(registerXml({ '10.1.0.3': ['a'] }));
  assert.match(await lab.read('<ip>10.1.0.2</ip>'), /persistent="0"/);
  now += 3_600_000;
  assert.equal(await uptime(lab), '0 days, 1:00:00');
  lab.simulator.reboot();
  await lab.reconnect();
  assert.deepEqual(Object.keys(lab.tags()), ['10.1.0.1', '10.1.0.3']);
  assert.equal(await uptime(lab), '0 days, 0:00:00');
});

test('while it is down the device resets every connection', async () => {
  let now = 1_000_000;
  await using lab = await openLab({ clock: () => now });
  await lab.call({ type: 'version' });
  lab.simulator.reboot({ downMs: 5000 });
  await assert.rejects(lab.call({ type: 'version' }));
  await assert.rejects(lab.call({ type: 'version' }));
  now += 5000;
  await lab.reconnect();
  assert.equal((await lab.call({ type: 'version' })).status, 200);
});

test('a reboot cuts a request in work', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'hang', count: 1 });
  const cut = assert.rejects(lab.call({ type: 'version' }), { code: /ECONNRESET|UND_ERR_SOCKET/ });
  await lab.hung(1);
  lab.simulator.reboot();
  await cut;
});

test('a message in work at a reboot is lost', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'slow', ms: 400, count: 1 });
  const lost = assert.rejects(lab.message(registerXml({ '10.1.0.1': ['a'] })));
  const signal = AbortSignal.timeout(10_000);
  while (lab.simulator.faults()[0]?.effects !== 1) await sleep(2, undefined, { signal });
  lab.simulator.reboot();
  await lost;
  await sleep(450);
  assert.deepEqual([lab.tags(), lab.simulator.log()], [{}, []]);
});

test('a client that only connects does not hold up the end', async () => {
  const lab = await openLab();
  const { hostname, port } = new URL(lab.simulator.endpoint);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  // Connections are taken in their order, so the first one is in by now.
  await lab.call({ type: 'version' });
  const closed = once(socket, 'close');
  socket.resume().on('error', () => {});
  await lab[Symbol.asyncDispose]();
  await closed;
});

test('a wipe empties every vsys and leaves the rest', async () => {
  await using lab = await openLab({ vsys: ['vsys1', 'vsys2'] });
  await lab.message(registerXml({ '10.1.0.1': ['a'] }), 'vsys1');
  await lab.message(registerXml({ '10.1.0.1': ['a'] }), 'vsys2');
  lab.simulator.wipe();
  assert.deepEqual(lab.simulator.tables(), { vsys1: {}, vsys2: {} });
  assert.equal(lab.simulator.log().length, 2);
});

test('a reset makes it as at the start, and the log goes on counting', async () => {
  await using lab = await openLab({ settings: { hostsAsCidr: true } });
  const { simulator } = lab;
  await lab.message(registerXml({ '10.1.0.1': ['a'] }));
  simulator.inject({ fault: 'empty' });
  simulator.settings({ hostsAsCidr: false, limits: { tagsPerAddress: 1 } });
  simulator.changePassword('next');
  simulator.expireKeys();
  simulator.reset();
  assert.deepEqual([simulator.tables(), simulator.faults(), simulator.log()], [{ vsys1: {} }, [], []]);
  assert.deepEqual(
    [simulator.settings().hostsAsCidr, simulator.settings().limits.tagsPerAddress],
    [true, 32],
  );
  assert.equal((await lab.call({ type: 'version' })).status, 200);
  assert.equal(simulator.log(1).at(-1)?.seq, 2);
});

test('the tags of an entry may be shown without escapes, those of others are escaped as ever', async () => {
  await using lab = await openLab();
  const tags = ['R&D <=> fw2'];
  lab.simulator.plant({ add: [{ ip: '10.1.0.1', tags, unescaped: true }] });
  lab.simulator.plant({ add: [{ ip: '10.1.0.2', tags }] });
  const read = await lab.read();
  assert.ok(read.includes('<member>R&D <=> fw2</member>'));
  assert.ok(read.includes('<member>R&amp;D &lt;=&gt; fw2</member>'));
  assert.deepEqual(lab.tags(), { '10.1.0.1': tags, '10.1.0.2': tags });
});

test("other writers' entries are planted and removed past the rules", async () => {
  await using lab = await openLab({ settings: { limits: { tagsPerAddress: 1, registeredAddresses: 1 } } });
  lab.simulator.plant({
    add: [
      { ip: '10.1.0.1/32', tags: ['a', `it's  odd`], fromAgent: true, persistent: false },
      { ip: 'FD00::1', tags: ['b'] },
    ],
  });
  assert.deepEqual(lab.simulator.tables()['vsys1'], {
    '10.1.0.1': { tags: ['a', `it's  odd`], fromAgent: true, persistent: false },
    'fd00::1': { tags: ['b'], fromAgent: false, persistent: true },
  });
  lab.simulator.plant({
    remove: [{ ip: '10.1.0.1', tags: ['a'] }, { ip: 'fd00::1' }, { ip: '10.9.9.9' }],
    add: [{ ip: '10.1.0.1', tags: ['c'] }],
  });
  assert.deepEqual(lab.simulator.tables()['vsys1'], {
    '10.1.0.1': { tags: [`it's  odd`, 'c'], fromAgent: true, persistent: false },
  });
  assert.throws(() => lab.simulator.plant({ vsys: 'vsys9', add: [] }), RangeError);
  assert.throws(() => lab.simulator.plant({ add: [{ ip: 'web', tags: ['a'] }] }), /web is not an address/);
  assert.throws(() => lab.simulator.plant({ add: [{ ip: '10.1.0.1', tags: ['\u0001'] }] }), {
    name: 'ZodError',
  });
});

test("an API client may remove an agent's tag, and adding one leaves the flag", async () => {
  await using lab = await openLab();
  lab.simulator.plant({ add: [{ ip: '10.1.0.1', tags: ['a', 'b'], fromAgent: true }] });
  await lab.message(`${unregisterXml({ '10.1.0.1': ['a'] })}${registerXml({ '10.1.0.1': ['c'] })}`);
  assert.deepEqual(lab.simulator.tables()['vsys1']?.['10.1.0.1'], {
    tags: ['b', 'c'],
    fromAgent: true,
    persistent: true,
  });
});

test('latency is per kind of call, and calls do not wait for each other', async () => {
  await using lab = await openLab({ settings: { latencyMs: { message: 200 } } });
  const ips = ['10.1.0.1', '10.1.0.2', '10.1.0.3'];
  await Promise.all(ips.map((ip) => lab.message(registerXml({ [ip]: ['a'] }))));
  await lab.call({ type: 'version' });
  const log = lab.simulator.log();
  const messages = log.filter(({ kind }) => kind === 'message');
  assert.ok(messages.every(({ durationMs }) => durationMs >= 195));
  assert.ok((log.at(-1)?.durationMs ?? Infinity) < 195);
  const ends = messages.map(({ t, durationMs }) => t + durationMs);
  assert.ok(Math.max(...messages.map(({ t }) => t)) < Math.min(...ends));
});

test('the cost of pairs is paid one message after the other', async () => {
  await using lab = await openLab({ settings: { pairMs: { register: 20, unregister: 5 } } });
  const start = performance.now();
  const answers = [
    lab.message(registerXml({ '10.1.0.1': ['a', 'b', 'c', 'd', 'e'] })),
    lab.message(registerXml({ '10.1.0.2': ['a', 'b', 'c', 'd', 'e'] })),
    lab.message(unregisterXml({ '10.1.0.3': ['a', 'b'], '10.1.0.4': [] })),
  ];
  await Promise.all(answers);
  const took = performance.now() - start;
  assert.ok(took >= 214, `${took} ms`);
});

test('a message is applied when its time is over, not before', async () => {
  await using lab = await openLab({ settings: { latencyMs: { message: 600 } } });
  const message = lab.message(registerXml({ '10.1.0.1': ['a'] }));
  await lab.call({ type: 'version' });
  assert.deepEqual(lab.tags(), {});
  await message;
  assert.deepEqual(lab.tags(), { '10.1.0.1': ['a'] });
});

test('the log tells each request with its pairs and outcomes, its time and its company', async () => {
  await using lab = await openLab({ settings: { latencyMs: { read: 150 } } });
  const began = Date.now();
  await lab.message(registerXml({ '10.1.0.1': ['a', 'and'] }));
  await lab.message(
    `${unregisterXml({ '10.1.0.1': [], '10.1.0.9': ['x'] })}${registerXml({ '10.1.0.1': ['b'] })}`,
  );
  await Promise.all([lab.read(), lab.read()]);
  const log = lab.simulator.log();
  assert.deepEqual(
    log.map(({ seq }) => seq),
    [1, 2, 3, 4],
  );
  const [first, second, third, fourth] = log;
  assert.ok(first && second && third && fourth);
  assert.deepEqual(
    [
      first.method,
      first.type,
      first.kind,
      first.vsys,
      first.status,
      first.code,
      first.httpStatus,
      first.fault,
      first.applied,
    ],
    ['POST', 'user-id', 'message', 'vsys1', 'error', null, 200, null, true],
  );
  assert.deepEqual(first.register, [
    { section: 'register', ip: '10.1.0.1', tag: 'a', outcome: 'registered' },
    { section: 'register', ip: '10.1.0.1', tag: 'and', outcome: 'refused', text: 'tag and is invalid' },
  ]);
  assert.deepEqual(
    second.unregister.map(({ ip, tag, outcome }) => [ip, tag, outcome]),
    [
      ['10.1.0.1', 'a', 'unregistered'],
      ['10.1.0.9', 'x', 'unknown-address'],
    ],
  );
  assert.deepEqual(
    second.register.map(({ outcome }) => outcome),
    ['registered'],
  );
  assert.deepEqual(
    [third.entries, third.kind, [third.concurrency, fourth.concurrency].toSorted((a, b) => a - b)],
    [1, 'read', [1, 2]],
  );
  assert.ok(
    first.t >= began - 50 &&
      first.t <= second.t &&
      third.durationMs >= 145 &&
      first.replyBytes > 100 &&
      first.requestBytes > 100,
  );
  assert.deepEqual(lab.simulator.log(3), [fourth]);
  assert.deepEqual(lab.simulator.log(4), []);
});

test('the log keeps the last requests that fit, each counted with its pairs', async () => {
  await using lab = await openLab({ logCapacity: 6 });
  const seqs = (since?: number): number[] => lab.simulator.log(since).map(({ seq }) => seq);
  for (let round = 1; round <= 20; round++) {
    await lab.call({ type: 'version' });
    const kept = Array.from({ length: Math.min(round, 6) }, (_, index) => Math.max(round - 6, 0) + index + 1);
    assert.deepEqual(seqs(), kept);
    assert.deepEqual(seqs(round - 1), [round]);
  }
  await lab.message(registerXml({ '10.1.0.1': ['a', 'b', 'c'] }));
  assert.deepEqual(seqs(), [19, 20, 21]);
  await lab.message(registerXml({ '10.1.0.2': ['a', 'b', 'c', 'd', 'e', 'f'] }));
  assert.deepEqual(seqs(), []);
  await lab.call({ type: 'version' });
  assert.deepEqual(seqs(), [23]);
});

test('no credential enters the log', async () => {
  await using lab = await openLab({ password: 'pa55-of-the-test' });
  const { username: user, password, apiKey, controlUrl } = lab.simulator;
  await lab.post({ type: 'keygen', user, password });
  await lab.post({ type: 'keygen', user, password: `${password}-wrong` });
  await lab.post({ type: 'version', key: apiKey });
  await lab.send({ method: 'GET', path: `/api/?type=${apiKey}&key=${apiKey}` });
  const text = await (await fetch(`${controlUrl}/log`)).text();
  assert.equal(lab.simulator.log().length, 4);
  for (const secret of [password, apiKey, apiKey.slice(0, 8)]) assert.equal(text.includes(secret), false);
});
