// Injected faults: what the client sees, and what the device did all the same.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, registerXml, uidMessage, type Answer, type Lab } from './api-client.ts';
import type { FaultSpec } from '../../simulator/simulator.ts';

const send = async (lab: Lab, ip: string): Promise<string> => lab.message(registerXml({ [ip]: ['a'] }));

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
};

const brokenConnection = ['ECONNRESET', 'UND_ERR_SOCKET'];

test('a reset before applying changes nothing, after applying it changes all', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'reset', on: 'message', count: 1 });
  lab.simulator.inject({ fault: 'reset', on: 'message', count: 1, applies: true });
  assert.ok(brokenConnection.includes(await codeOf(send(lab, '10.1.0.1'))));
  assert.deepEqual(lab.tags(), {});
  assert.ok(brokenConnection.includes(await codeOf(send(lab, '10.1.0.2'))));
  assert.deepEqual(lab.tags(), { '10.1.0.2': ['a'] });
  assert.match(await send(lab, '10.1.0.1'), /status="success"/);
  const seen = lab.simulator
    .log()
    .map(({ fault, applied, httpStatus, status }) => ({ fault, applied, httpStatus, status }));
  assert.deepEqual(seen, [
    { fault: 'reset', applied: false, httpStatus: null, status: null },
    { fault: 'reset', applied: true, httpStatus: null, status: null },
    { fault: null, applied: true, httpStatus: 200, status: 'success' },
  ]);
});

test('a hang never answers, and holds nobody else up', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'hang', on: 'message', count: 1 });
  lab.simulator.inject({ fault: 'hang', on: 'message', count: 1, applies: true });
  const client = new AbortController();
  const hang = async (ip: string): Promise<Answer> => {
    const cmd = uidMessage(registerXml({ [ip]: ['a'] }));
    const query = new URLSearchParams({ type: 'user-id', key: lab.simulator.apiKey, cmd });
    return lab.send({ path: `/api/?${query.toString()}`, signal: client.signal });
  };
  const first = assert.rejects(hang('10.1.0.1'), { name: 'AbortError' });
  await lab.hung(1);
  const second = assert.rejects(hang('10.1.0.2'), { name: 'AbortError' });
  await lab.hung(2);
  assert.equal((await lab.call({ type: 'version' })).status, 200);
  assert.deepEqual(lab.tags(), { '10.1.0.2': ['a'] });
  assert.deepEqual(
    lab.simulator.log().map(({ fault, applied, concurrency }) => [fault, applied, concurrency]),
    [
      ['hang', false, 1],
      ['hang', true, 2],
      [null, true, 3],
    ],
  );
  client.abort();
  await Promise.all([first, second]);
});

test('an HTTP status comes with HTML, before applying', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'http-status', count: 1 });
  lab.simulator.inject({ fault: 'http-status', status: 502, count: 1 });
  const answers = [await lab.call({ type: 'version' }), await lab.call({ type: 'version' })];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, 502],
  );
  assert.match(answers[0]?.contentType ?? '', /^text\/html/);
  assert.equal((await lab.call({ type: 'version' })).status, 200);
});

const damaged: readonly { spec: FaultSpec; check: (answer: Answer) => void }[] = [
  { spec: { fault: 'garbage' }, check: ({ body }) => assert.match(body, /\ufffd/) },
  {
    spec: { fault: 'html' },
    check: ({ body, contentType }) => {
      assert.match(body, /^<!DOCTYPE html>/);
      assert.match(contentType, /^text\/html/);
    },
  },
  { spec: { fault: 'empty' }, check: ({ body }) => assert.equal(body, '') },
  {
    spec: { fault: 'wrong-root' },
    check: ({ body }) => assert.match(body, /^<answer status="success">.*<\/answer>$/),
  },
  {
    spec: { fault: 'truncate', bytes: 30 },
    check: ({ body }) => assert.equal(body, '<response status="success"><re'),
  },
  {
    spec: { fault: 'truncate', fraction: 0.9 },
    check: ({ body }) =>
      assert.match(body, /^<response status="success"><result><uid-response>.*<\/uid-response><\/res$/),
  },
  { spec: { fault: 'truncate', bytes: 0 }, check: ({ body }) => assert.equal(body, '') },
];

test('an answer damaged on its way: 200, and the message is applied', async () => {
  await using lab = await openLab();
  for (const [index, { spec, check }] of damaged.entries()) {
    lab.simulator.inject({ ...spec, count: 1 });
    const ip = `10.1.0.${index}`;
    const answer = await lab.call({
      type: 'user-id',
      cmd: `<uid-message><type>update</type><payload>${registerXml({ [ip]: ['a'] })}</payload></uid-message>`,
    });
    assert.equal(answer.status, 200);
    check(answer);
    assert.deepEqual(lab.tags()[ip], ['a'], spec.fault);
  }
});

test('damage can also keep the message from being applied', async () => {
  await using lab = await openLab();
  for (const fault of ['garbage', 'html', 'empty'] as const)
    lab.simulator.inject({ fault, applies: false, count: 1 });
  for (let round = 0; round < 3; round++) await send(lab, '10.1.0.1');
  assert.deepEqual(lab.tags(), {});
});

test('an answer whose connection is cut ends early for the client', async () => {
  await using lab = await openLab();
  for (const bytes of [0, 20]) {
    lab.simulator.inject({ fault: 'truncate', bytes, cutConnection: true, count: 1 });
    assert.ok(brokenConnection.includes(await codeOf(send(lab, `10.1.0.${bytes}`))));
    assert.deepEqual(lab.tags()[`10.1.0.${bytes}`], ['a']);
  }
});

test('an error answer has the code and text asked for', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'error', code: 15, text: 'Operation denied ]]> <x>', count: 1 });
  lab.simulator.inject({ fault: 'error', code: 403, text: 'Session <timed> out', count: 1 });
  assert.equal(
    await send(lab, '10.1.0.1'),
    '<response status="error" code="15"><msg><line><![CDATA[Operation denied ]]]]><![CDATA[> <x>]]></line></msg></response>',
  );
  const denied = await lab.call({ type: 'version' });
  assert.deepEqual(
    [denied.status, denied.body],
    [
      403,
      `<response status = 'error' code = '403'><result><msg>Session &lt;timed&gt; out</msg></result></response>`,
    ],
  );
  assert.deepEqual(lab.tags(), {});
  assert.deepEqual(
    lab.simulator.log().map(({ code, status }) => [code, status]),
    [
      [15, 'error'],
      [403, 'error'],
    ],
  );
});

test('a slow answer comes late and whole, besides another fault too', async () => {
  await using lab = await openLab();
  lab.simulator.inject({ fault: 'slow', ms: 120, count: 2 });
  lab.simulator.inject({ fault: 'empty', skip: 1, count: 1 });
  const start = performance.now();
  assert.match(await send(lab, '10.1.0.1'), /status="success"/);
  assert.equal(await send(lab, '10.1.0.2'), '');
  assert.ok(performance.now() - start >= 235, `${performance.now() - start} ms`);
  assert.deepEqual(
    lab.simulator.log().map(({ fault }) => fault),
    ['slow', 'empty'],
  );
});

test('faults meet only the kind and vsys asked for, after those skipped, as often as asked for', async () => {
  await using lab = await openLab({ vsys: ['vsys1', 'vsys2'] });
  const id = lab.simulator.inject({ fault: 'empty', on: 'read', vsys: 'vsys2', skip: 1, count: 2 });
  const met = async (): Promise<boolean[]> => {
    const bodies: string[] = [];
    for (let round = 0; round < 4; round++) bodies.push(await lab.read('<all/>', 'vsys2'));
    return bodies.map((body) => body === '');
  };
  assert.match(await send(lab, '10.1.0.1'), /success/);
  assert.match(await lab.read('<all/>', 'vsys1'), /success/);
  assert.match(
    (await lab.call({ type: 'op', cmd: '<show><system><info/></system></show>', vsys: 'vsys2' })).body,
    /success/,
  );
  assert.deepEqual(await met(), [false, true, true, false]);
  assert.deepEqual(
    lab.simulator.faults().map(({ id: each, matched, effects }) => [each, matched, effects]),
    [[id, 3, 2]],
  );
});

test('each kind of call can be met', async () => {
  await using lab = await openLab();
  const calls = {
    keygen: { type: 'keygen', user: 'x', password: 'y' },
    version: { type: 'version' },
    info: { type: 'op', cmd: '<show><system><info/></system></show>' },
    read: { type: 'op', cmd: '<show><object><registered-ip/></object></show>' },
    message: { type: 'user-id', cmd: '<not-well-formed' },
    other: { type: 'config' },
  } as const;
  for (const [kind, parameters] of Object.entries(calls)) {
    for (const on of ['keygen', 'version', 'info', 'read', 'message', 'other', 'any'] as const) {
      const id = lab.simulator.inject({ fault: 'empty', on });
      assert.equal((await lab.call(parameters)).body === '', on === kind || on === 'any', `${kind} ${on}`);
      lab.simulator.clearFaults(id);
    }
  }
  assert.deepEqual([...new Set(lab.simulator.log().map(({ kind }) => kind))], Object.keys(calls));
});

test('single pairs are rejected with the text asked for, the rest is applied', async () => {
  await using lab = await openLab();
  const clear = (): boolean => lab.simulator.clearFaults();
  lab.simulator.inject({ fault: 'reject', ip: '10.1.0.1', text: 'no & never' });
  lab.simulator.inject({ fault: 'reject', tag: 'b', section: 'register', count: 1 });
  const answer = await lab.message(
    registerXml({ '10.1.0.1': ['a'], '10.1.0.2': ['a', 'b'], '10.1.0.3': ['b'] }),
  );
  assert.match(
    answer,
    /<register><entry ip="10\.1\.0\.1" message="no &amp; never"\/><entry ip="10\.1\.0\.2" message="Failed to register"\/><\/register>/,
  );
  assert.deepEqual(lab.tags(), { '10.1.0.2': ['a'], '10.1.0.3': ['b'] });
  assert.equal(clear(), true);
  lab.simulator.inject({ fault: 'reject', section: 'unregister', text: 'stays' });
  assert.match(await lab.message('<unregister><entry ip="10.1.0.3"/></unregister>'), /message="stays"/);
  assert.deepEqual(lab.tags()['10.1.0.3'], ['b']);
  assert.deepEqual(lab.simulator.log().at(-1)?.unregister, [
    { section: 'unregister', ip: '10.1.0.3', tag: 'b', outcome: 'refused', text: 'stays' },
  ]);
});

test('cleared faults meet nobody', async () => {
  await using lab = await openLab();
  const [first, second] = [lab.simulator.inject({ fault: 'empty' }), lab.simulator.inject({ fault: 'html' })];
  assert.equal(lab.simulator.clearFaults(first), true);
  assert.match((await lab.call({ type: 'version' })).body, /html/);
  assert.equal(lab.simulator.clearFaults(second), true);
  assert.equal(lab.simulator.clearFaults(second), false);
  assert.match((await lab.call({ type: 'version' })).body, /success/);
});
