// The ways in which a request may come over HTTP.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { test } from 'node:test';
import { Agent, FormData, request } from 'undici';
import { openLab, readXml, registerXml, uidMessage, type Lab } from './api-client.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const register = uidMessage(registerXml({ '10.1.0.9': ['ä b+c'] }));

test('/api and /api/ answer GET and POST without a redirect', async () => {
  await using lab = await openLab();
  const headers = { 'x-pan-key': lab.simulator.apiKey };
  for (const path of ['/api', '/api/']) {
    for (const method of ['GET', 'POST'] as const) {
      const { status, body } = await lab.send({ method, path: `${path}?type=version`, headers });
      assert.deepEqual([status, body.slice(0, 26)], [200, '<response status="success"'], `${method} ${path}`);
    }
  }
});

test('query and body together make the parameters, and the body wins', async () => {
  await using lab = await openLab();
  const path = `/api/?type=user-id&key=${encodeURIComponent(lab.simulator.apiKey)}&cmd=nonsense`;
  const body = new URLSearchParams({ cmd: register }).toString();
  const answer = await lab.send({ path, headers: form, body });
  assert.match(answer.body, /status="success"/);
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['ä b+c'] });
});

test('a GET may carry the whole command', async () => {
  await using lab = await openLab();
  const query = new URLSearchParams({ type: 'user-id', key: lab.simulator.apiKey, cmd: register });
  await lab.send({ method: 'GET', path: `/api?${query.toString()}` });
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['ä b+c'] });
});

test('a multipart upload carries the command as file', async () => {
  await using lab = await openLab();
  const upload = new FormData();
  upload.set('key', lab.simulator.apiKey);
  upload.set('file', new Blob([register], { type: 'text/xml' }), 'message.xml');
  const answer = await lab.send({ path: '/api/?type=user-id', body: upload });
  assert.match(answer.body, /status="success"/);
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['ä b+c'] });
});

test('a broken multipart body is a bad request', async () => {
  await using lab = await openLab();
  const headers = { 'content-type': 'multipart/form-data; boundary=x', 'x-pan-key': lab.simulator.apiKey };
  const answer = await lab.send({ path: '/api/?type=user-id', headers, body: '--y\r\nnonsense' });
  assert.equal(answer.status, 400);
  assert.match(answer.body, /^<response status = 'error' code = '400'>/);
});

test('unknown parameters are ignored', async () => {
  await using lab = await openLab();
  const { body } = await lab.call({ type: 'user-id', action: 'set', 'file-name': 'x', cmd: register });
  assert.match(body, /status="success"/);
});

test('a request above the limit is refused and the device goes on', async () => {
  await using lab = await openLab({ settings: { limits: { requestBytes: 10_000 } } });
  const large = await lab.call({ type: 'op', cmd: 'x'.repeat(9_000_000) });
  assert.equal(large.status, 413);
  assert.match(large.body, /^<response status = 'error' code = '400'>/);
  assert.equal((await lab.call({ type: 'version' })).status, 200);
});

test('other paths are not the API', async () => {
  await using lab = await openLab();
  for (const path of ['/', '/apis', '/api/x', '/php/login.php']) {
    assert.equal((await lab.send({ method: 'GET', path })).status, 404, path);
  }
});

test('the connection is kept between requests', async () => {
  await using lab = await openLab();
  const agent = new Agent({ connect: { ca: lab.simulator.caPem }, connections: 1 });
  let connections = 0;
  agent.on('connect', () => connections++);
  for (let round = 0; round < 3; round++) {
    const answer = await request(`${lab.simulator.endpoint}/api/?type=version`, { dispatcher: agent });
    await answer.body.text();
  }
  assert.equal(connections, 1);
  await agent.destroy();
});

test('a client without the authority does not connect', async () => {
  await using lab = await openLab();
  await using other = await openLab();
  const agent = new Agent({ connect: { ca: other.simulator.caPem } });
  await assert.rejects(request(lab.simulator.endpoint, { dispatcher: agent }), {
    code: /UNABLE_TO_VERIFY|CERT|SIGNATURE/,
  });
  await agent.destroy();
});

/** Sends bytes over TLS and returns all that comes back until the connection ends. */
const exchange = async (lab: Lab, bytes: string): Promise<string> => {
  const { port } = new URL(lab.simulator.endpoint);
  const socket = connect({ host: '127.0.0.1', port: Number(port), ca: lab.simulator.caPem, timeout: 5000 });
  socket.on('timeout', () => socket.destroy(new Error('no answer in time')));
  await once(socket, 'secureConnect');
  socket.end(bytes);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
};

test('bytes that are no HTTP request get an XML answer', async () => {
  await using lab = await openLab();
  for (const bytes of ['nonsense\r\n\r\n', 'POST /api/ HTTP/1.1\r\nContent-Length: x\r\n\r\n']) {
    assert.match(await exchange(lab, bytes), /^HTTP\/1\.1 400 [^]*<response status = 'error' code = '400'>/);
  }
  assert.match(
    await exchange(lab, `GET /api/ HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`),
    /code = '400'/,
  );
});

test('a client that goes away in the middle of its request changes nothing', async () => {
  await using lab = await openLab();
  const { port } = new URL(lab.simulator.endpoint);
  const socket = connect({ host: '127.0.0.1', port: Number(port), ca: lab.simulator.caPem });
  await once(socket, 'secureConnect');
  socket.write('POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\ntype=user-id');
  socket.destroy();
  await once(socket, 'close');
  assert.equal(await lab.read(), '<response status="success"><result/></response>');
  assert.equal(lab.simulator.log().length, 1);
});

test('the commands of different clients are read alike', async () => {
  await using lab = await openLab();
  lab.simulator.plant({ add: [{ ip: '10.1.0.9', tags: ['a'] }] });
  const indented = readXml('\n  <start-point>1</start-point>\n  <limit>500</limit>\n  <all/>\n');
  const { body } = await lab.call({ type: 'op', cmd: `\n${indented}\n` });
  assert.match(body, /<count>1<\/count>/);
});
