// Control planes are lent to one borrower at a time, and to the next one when the first has gone, however it went.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import type { ControlPlane } from './control-plane.ts';
import { borrow, openPool } from './pool.ts';

function fakes() {
  const planes = { started: 0, stopped: 0 };
  const start = async (): Promise<ControlPlane> => {
    planes.started += 1;
    const url = `https://127.0.0.1:${planes.started}`;
    const stop = async () => void (planes.stopped += 1);
    return { url, caData: 'ca', adminToken: 'token', stop } as unknown as ControlPlane;
  };
  return { planes, start };
}

test('who borrows at the same time has one each; who comes later has one that was given back; the end stops all', async () => {
  const { planes, start } = fakes();
  const pool = await openPool(start);
  const [a, b] = [await borrow(pool.socket), await borrow(pool.socket)];
  assert.deepEqual([a.access.url, b.access.url], ['https://127.0.0.1:1', 'https://127.0.0.1:2']);
  a.giveBack();
  // When that is heard is the pool's matter.
  await waitFor(
    async () => {
      const { started } = planes;
      (await borrow(pool.socket)).giveBack();
      return planes.started === started;
    },
    { what: 'one to be lent again' },
  );
  b.giveBack();
  await pool.close();
  assert.equal(planes.stopped, planes.started);
});

test('a control plane that does not start is told to who wanted it', async () => {
  const pool = await openPool(async () => {
    throw new Error('no etcd');
  });
  await assert.rejects(borrow(pool.socket), /no control plane was lent: Error: no etcd/);
  await pool.close();
});
