// Ends that the caller asks for: aborts at every moment of a call, and a close that lets calls end.
import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { clientOf, message, never, success } from './clients.ts';
import { close, listen } from './listen.ts';
import { hang, reply, type ScriptedDevice, startScriptedDevice } from './scripted-device.ts';

/** Passes connections on to a device, each only when the test says so. */
async function startGate(
  device: ScriptedDevice,
): Promise<AsyncDisposable & { endpoint: string; open: (() => void)[] }> {
  const { port } = new URL(device.endpoint);
  const open: (() => void)[] = [];
  const sockets: Socket[] = [];
  const keep = (socket: Socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  };
  const server = createServer((near) => {
    keep(near);
    open.push(() => {
      const far = keep(connect(Number(port), '127.0.0.1'));
      near.pipe(far).pipe(near);
    });
  });
  return {
    endpoint: `https://127.0.0.1:${await listen(server)}`,
    open,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
}

test('an abort comes through as it is, before, during and between the calls', async () => {
  await using device = await startScriptedDevice(hang);
  await using client = clientOf(device, { maxConcurrentCalls: 1 });
  await assert.rejects(client.update(message, AbortSignal.abort()), { name: 'AbortError' });
  assert.equal(device.received.length, 0);

  const [first, second] = [new AbortController(), new AbortController()];
  const running = client.update(message, first.signal);
  const waiting = client.update(message, second.signal);
  while (device.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  second.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  const reason = new Error('lease lost');
  first.abort(reason);
  await assert.rejects(running, reason);
  assert.equal(device.received.length, 1);
});

test('a call aborted while it connects is never sent, and the next one takes its connection', async () => {
  await using device = await startScriptedDevice(reply(success));
  await using gate = await startGate(device);
  await using client = clientOf({ endpoint: gate.endpoint, ca: device.ca }, { maxConcurrentCalls: 1 });
  const abort = new AbortController();
  const aborted = client.update({ ...message, vsys: 'vsys9' }, abort.signal);
  while (gate.open.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort();
  await assert.rejects(aborted, { name: 'AbortError' });
  const next = client.update(message, never);
  gate.open[0]?.();
  await next;
  assert.deepEqual(
    device.received.map(({ form }) => form.get('vsys')),
    [null],
  );
  assert.equal(gate.open.length, 1);
});

test('a call aborted at any step before its connection is there is never sent', async () => {
  await using device = await startScriptedDevice(reply(success));
  for (let steps = 0; steps < 12; steps += 1) {
    await using client = clientOf(device);
    const abort = new AbortController();
    const aborted = assert.rejects(client.update(message, abort.signal), { name: 'AbortError' });
    for (let step = 0; step < steps; step += 1) await Promise.resolve();
    abort.abort();
    await aborted;
  }
  await using client = clientOf(device);
  await client.update(message, never);
  assert.equal(device.received.length, 1);
});

test('closing lets the call in flight end, and allows no other', async () => {
  await using device = await startScriptedDevice(async (_, response) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    response.end(success);
  });
  const client = clientOf(device, { maxConcurrentCalls: 1 });
  const running = client.update(message, never);
  const waiting = client.update(message, never);
  const refused = assert.rejects(waiting, /closed/);
  while (device.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const closed = client.close();
  assert.deepEqual(await running, { rejected: [] });
  await closed;
  await refused;
  await assert.rejects(client.update(message, never), /closed/);
  assert.equal(device.received.length, 1);
});
