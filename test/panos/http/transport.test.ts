// The way to the device, over real HTTPS: what is sent, on which connection, how often, and how long it may take.
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { test } from 'node:test';
import { makeCertificates } from '../../../simulator/certificates.ts';
import { afterMessage, clientOf, failure, message, never, success } from '../clients.ts';
import { fixture } from '../fixtures.ts';
import { close, listen } from '../listen.ts';
import { type Answer, cut, hang, reply, startScriptedDevice } from '../scripted-device.ts';

test('a call is a POST to /api/ with everything in its body, the key too, as releases before 9.0 know no header for it', async () => {
  await using device = await startScriptedDevice(reply(success));
  await using client = clientOf(device);
  await client.update({ ...message, vsys: 'vsys2' }, never);
  const [request] = device.received;
  assert.equal(request?.method, 'POST');
  assert.equal(request?.url, '/api/');
  assert.equal(request?.headers['x-pan-key'], undefined);
  assert.equal(request?.form.get('key'), 'KEY');
  assert.equal(request?.headers['user-agent'], 'pan-tag-operator/test');
  assert.equal(request?.headers['content-type'], 'application/x-www-form-urlencoded');
  assert.deepEqual([...(request?.form.keys() ?? [])], ['type', 'cmd', 'vsys', 'key']);
  assert.equal(request?.form.get('type'), 'user-id');
  assert.equal(request?.form.get('vsys'), 'vsys2');
});

test('the commands are those of the registered-ip table', async () => {
  const page = fixture('registered-ip.empty.pan-dev');
  await using device = await startScriptedDevice(reply(page));
  await using client = clientOf(device);
  await client.readPage({ start: 501, limit: 500 }, never);
  await client.readOne({ key: '2001:db8::1', vsys: 'vsys3' }, never);
  await client.count({}, never);
  const show = (filter: string) => `<show><object><registered-ip>${filter}</registered-ip></object></show>`;
  assert.deepEqual(
    device.received.map(({ form }) => [form.get('type'), form.get('cmd'), form.get('vsys')]),
    [
      ['op', show('<limit>500</limit><start-point>501</start-point>'), null],
      ['op', show('<ip>2001:db8::1</ip>'), 'vsys3'],
      ['op', show('<all><option>count</option></all>'), null],
    ],
  );
});

test('a call that is not allowed any more sends not a byte', async () => {
  await using device = await startScriptedDevice(reply(success));
  let allowed = true;
  await using client = clientOf(device, { mayCall: () => allowed });
  await client.update(message, never);
  allowed = false;
  await assert.rejects(client.update(message, never), { name: 'CallNotAllowed' });
  await assert.rejects(client.count({}, never), { name: 'CallNotAllowed' });
  allowed = true;
  await client.update(message, never);
  assert.equal(device.received.length, 2);
});

test('a long message whose sender may not send any more loses its end, and so its effect', async () => {
  await using device = await startScriptedDevice(reply(success));
  const tags = Array.from({ length: 20 }, (_, i) => `${'x'.repeat(100)}${i}`);
  const register = Array.from({ length: 400 }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}`, tags }));
  let asked = 0;
  await using client = clientOf(device, { mayCall: () => ++asked < 5 });
  await assert.rejects(client.update({ register, unregister: [] }, never), { name: 'CallNotAllowed' });
  assert.equal(asked, 5);
  assert.deepEqual(device.received, []);
});

/** More than the sockets' buffers take in. */
const huge = {
  register: [{ ip: '10.0.0.1', tags: Array.from({ length: 16_000 }, (_, i) => `${'x'.repeat(1000)}${i}`) }],
  unregister: [],
};

for (const goesOn of [true, false]) {
  test(`a message that is being written when no other may begin ${goesOn ? 'goes on to its end' : 'is cut where it may not go on'}`, async (context) => {
    const { ca, cert, key } = makeCertificates();
    const begun = Promise.withResolvers<IncomingMessage>();
    const ended = Promise.withResolvers<number>();
    ended.promise.catch(() => undefined);
    // It reads the head, and of the body nothing until it is told to.
    const server = createServer({ cert, key }, (request, response) => {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.pause();
      request.on('end', () => {
        response.end(success);
        ended.resolve(bytes);
      });
      request.on('error', ended.reject);
      begun.resolve(request);
    });
    context.after(() => {
      server.closeAllConnections();
      return close(server);
    });
    const endpoint = `https://127.0.0.1:${await listen(server)}`;
    let stopping = false;
    const permission = { mayCall: () => !stopping, mayGoOn: () => !stopping || goesOn };
    const timeouts = { connectMs: 10_000, callMs: 60_000 };
    await using client = clientOf({ endpoint, ca }, { ...permission, timeouts, maxConcurrentCalls: 1 });
    const answer = client.update(huge, never);
    const request = await begun.promise;
    stopping = true;
    request.resume();
    if (goesOn) {
      await answer;
      assert.ok((await ended.promise) > 16_000_000);
      await assert.rejects(client.update(message, never), { name: 'CallNotAllowed' });
    } else {
      await assert.rejects(answer, { name: 'CallNotAllowed' });
      await assert.rejects(ended.promise, /aborted/);
    }
  });
}

test('a long message arrives whole, with its length before it', async () => {
  await using device = await startScriptedDevice(reply(success));
  await using client = clientOf(device);
  const register = [
    { ip: '10.0.0.1', tags: Array.from({ length: 3000 }, (_, i) => `${'x'.repeat(60)}é${i}`) },
  ];
  await client.update({ register, unregister: [] }, never);
  const [request] = device.received;
  assert.ok(Number(request?.headers['content-length']) > 200_000);
  assert.ok(request?.form.get('cmd')?.includes('é2999</member>'));
});

test('calls share their connections, and no more are in flight than allowed', async () => {
  let inFlight = 0;
  let most = 0;
  await using device = await startScriptedDevice(async (_, response) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    await new Promise((resolve) => setTimeout(resolve, 10));
    inFlight -= 1;
    response.end(success);
  });
  await using client = clientOf(device);
  await Promise.all(Array.from({ length: 12 }, () => client.update(message, never)));
  for (let n = 0; n < 5; n += 1) await client.update(message, never);
  assert.equal(device.received.length, 17);
  assert.equal(most, 2);
  assert.equal(device.connections(), 2);
});

test('a connection that the device closed while idle costs one silent second attempt', async () => {
  await using device = await startScriptedDevice(reply(success), cut, reply(success));
  await using client = clientOf(device, { maxConcurrentCalls: 1 });
  await client.update(message, never);
  await client.update(message, never);
  assert.equal(device.received.length, 3);
  assert.equal(device.connections(), 2);
});

test('a second attempt that is cut too is a failure, and may have taken effect', async () => {
  await using device = await startScriptedDevice(reply(success), cut);
  await using client = clientOf(device, { maxConcurrentCalls: 1 });
  await client.update(message, never);
  const { reason, applied } = await failure(client.update(message, never));
  assert.deepEqual([reason, applied], ['DeviceUnavailable', 'unknown']);
  assert.equal(device.received.length, 3);
});

test('a new connection that is cut is a failure at once', async () => {
  assert.deepEqual(await afterMessage(cut), ['DeviceUnavailable', 'unknown']);
});

test('a reply that is cut off is a failure at once, also on a kept connection', async () => {
  const half: Answer = (_, response) => {
    response.writeHead(200, { 'content-length': '500' });
    response.write('<response status="success">');
    setTimeout(() => response.destroy(), 20);
  };
  assert.deepEqual(await afterMessage(half), ['DeviceUnavailable', 'unknown']);
  await using device = await startScriptedDevice(reply(success), half);
  await using client = clientOf(device, { maxConcurrentCalls: 1 });
  await client.update(message, never);
  await failure(client.update(message, never));
  assert.equal(device.received.length, 2);
});

test('a device that never answers is a failure when the time is up', async () => {
  const timeouts = { connectMs: 2000, callMs: 150 };
  assert.deepEqual(await afterMessage(hang, { timeouts }), ['DeviceUnavailable', 'unknown']);
});

test('a device that answers drop by drop is a failure when the time is up', async () => {
  const drip: Answer = (_, response) => {
    response.write('<response status="success">');
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  };
  const timeouts = { connectMs: 2000, callMs: 200 };
  assert.deepEqual(await afterMessage(drip, { timeouts }), ['DeviceUnavailable', 'unknown']);
});

test('the time for a call covers its second attempt', async () => {
  await using device = await startScriptedDevice(
    reply(success),
    ({ socket }) => {
      setTimeout(() => socket.destroy(), 500);
    },
    hang,
  );
  await using client = clientOf(device, {
    maxConcurrentCalls: 1,
    timeouts: { connectMs: 2000, callMs: 1000 },
  });
  await client.update(message, never);
  const since = performance.now();
  await failure(client.update(message, never));
  assert.ok(performance.now() - since < 1400);
  assert.equal(device.received.length, 3);
});
