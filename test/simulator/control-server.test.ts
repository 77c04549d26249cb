// The control port: the same controls as JSON over HTTP.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, registerXml, type Lab } from './api-client.ts';

type Json = { readonly status: number; readonly value: unknown };

const control = async (lab: Lab, method: string, path: string, body?: unknown): Promise<Json> => {
  const answer = await fetch(`${lab.simulator.controlUrl}${path}`, {
    method,
    signal: AbortSignal.timeout(10_000),
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, value: await answer.json() };
};

const done: Json = { status: 200, value: { done: true } };

test('tables are shown, planted and wiped', async () => {
  await using lab = await openLab();
  const add = [{ ip: '10.1.0.9', tags: ['a'], fromAgent: true }];
  assert.deepEqual(await control(lab, 'POST', '/tables', { add }), done);
  const expected = { vsys1: { '10.1.0.9': { tags: ['a'], fromAgent: true, persistent: true } } };
  assert.deepEqual(await control(lab, 'GET', '/tables'), { status: 200, value: expected });
  assert.deepEqual(await control(lab, 'POST', '/wipe'), done);
  assert.deepEqual((await control(lab, 'GET', '/tables')).value, { vsys1: {} });
});

test('the log is read from where one was', async () => {
  await using lab = await openLab();
  await lab.message(registerXml({ '10.1.0.9': ['a'] }));
  await lab.call({ type: 'version' });
  assert.deepEqual(
    (await control(lab, 'GET', '/log')).value,
    JSON.parse(JSON.stringify(lab.simulator.log())),
  );
  assert.deepEqual(
    (await control(lab, 'GET', '/log?since=1')).value,
    JSON.parse(JSON.stringify(lab.simulator.log(1))),
  );
});

test('faults are injected, listed and cleared', async () => {
  await using lab = await openLab();
  const { value } = await control(lab, 'POST', '/faults', { fault: 'http-status', on: 'message', count: 2 });
  assert.deepEqual(value, { id: 1 });
  await control(lab, 'POST', '/faults', { fault: 'empty' });
  await lab.message('');
  const listed = {
    fault: 'http-status',
    on: 'message',
    connection: 'any',
    count: 2,
    skip: 0,
    chance: 1,
    applies: false,
    status: 503,
  };
  assert.deepEqual(
    (await control(lab, 'GET', '/faults')).value,
    JSON.parse(JSON.stringify(lab.simulator.faults())),
  );
  assert.deepEqual(lab.simulator.faults()[0], { id: 1, fault: listed, matched: 1, effects: 1 });
  assert.deepEqual((await control(lab, 'DELETE', '/faults/1')).value, { cleared: true });
  assert.deepEqual((await control(lab, 'DELETE', '/faults/1')).value, { cleared: false });
  assert.deepEqual(await control(lab, 'DELETE', '/faults'), done);
  assert.deepEqual(lab.simulator.faults(), []);
});

test('settings are shown and changed field by field', async () => {
  await using lab = await openLab();
  const before = lab.simulator.settings();
  assert.deepEqual((await control(lab, 'GET', '/settings')).value, before);
  const { value } = await control(lab, 'POST', '/settings', { rights: [], latencyMs: { read: 5 } });
  assert.deepEqual(value, { ...before, rights: [], latencyMs: { ...before.latencyMs, read: 5 } });
  assert.deepEqual(lab.simulator.settings(), value);
});

test('reboot, keys, password and reset are in reach', async () => {
  await using lab = await openLab();
  const status = async (): Promise<number> => (await lab.call({ type: 'version' })).status;
  assert.deepEqual(await control(lab, 'POST', '/reboot', { deniedMs: 60_000 }), done);
  await lab.reconnect();
  assert.equal(await status(), 403);
  assert.deepEqual(await control(lab, 'POST', '/reboot'), done);
  await lab.reconnect();
  assert.equal(await status(), 200);
  assert.deepEqual(await control(lab, 'POST', '/expire-keys'), done);
  assert.equal(await status(), 403);
  assert.deepEqual(await control(lab, 'POST', '/reset'), done);
  assert.equal(await status(), 200);
  assert.deepEqual(await control(lab, 'POST', '/password', { password: 'next' }), done);
  assert.equal(await status(), 403);
  assert.deepEqual(await control(lab, 'GET', '/ca'), { status: 200, value: { pem: lab.simulator.caPem } });
});

test('what is wrong is told and changes nothing', async () => {
  await using lab = await openLab();
  const before = lab.simulator.settings();
  const wrong: [string, string, unknown?][] = [
    ['POST', '/settings', { nonsense: true }],
    ['POST', '/settings', { limits: { tagsPerAddress: 0 } }],
    ['POST', '/settings', '{'],
    ['POST', '/faults', { fault: 'nonsense' }],
    ['POST', '/faults', { fault: 'slow' }],
    ['POST', '/tables', { vsys: 'vsys9' }],
    ['POST', '/tables', { add: [{ ip: '10.1.0.9', tags: [] }] }],
    ['POST', '/password', {}],
    ['POST', '/reboot', { downMs: -1 }],
    ['GET', '/log?since=x'],
    ['DELETE', '/faults/x'],
  ];
  for (const [method, path, body] of wrong) {
    const { status, value } = await control(lab, method, path, body);
    assert.equal(status, 400, `${method} ${path}`);
    assert.ok(typeof value === 'object' && value && 'problem' in value && String(value.problem).length > 5);
  }
  assert.deepEqual([lab.simulator.settings(), lab.simulator.faults(), lab.tags()], [before, [], {}]);
});

test('an unknown route names those that there are', async () => {
  await using lab = await openLab();
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['PUT', '/tables'],
    ['GET', '/tables/x/y'],
    ['GET', '/wipe'],
  ] as const) {
    const { status, value } = await control(lab, method, path);
    assert.equal(status, 404, path);
    assert.match(JSON.stringify(value), /GET \/tables, POST \/tables/);
  }
});
