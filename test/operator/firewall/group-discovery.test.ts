// Looks at device groups: who waits for the first one, what is dropped, and that a failure is no answer.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import { productTiming } from '../../../src/core/model/timing.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { GroupsAnswer } from '../../../src/core/device/device-groups.ts';
import { GroupDiscovery } from '../../../src/operator/firewall/group-discovery.ts';
import { waitFor } from '../../harness/wait-for.ts';

const failure = new DeviceError('DeviceUnavailable', 'no answer', { retry: 'backoff', applied: 'no' });
const edge: GroupsAnswer = {
  members: new Map([['edge', [{ serial: 'A', vsys: [] }]]]),
  hierarchy: new Map(),
};

/** A discovery that runs; each look is answered by hand. */
function lab() {
  const looks: PromiseWithResolvers<GroupsAnswer>[] = [];
  const took: (GroupsAnswer | DeviceError)[] = [];
  const state = { wanted: true };
  const discovery = new GroupDiscovery({
    wanted: () => state.wanted,
    look: () => {
      const look = Promise.withResolvers<GroupsAnswer>();
      looks.push(look);
      return look.promise;
    },
    found: async (groups) => void took.push(groups),
    failed: async (failed) => void took.push(failed),
    log: pino({ level: 'silent' }),
    lookMs: productTiming.groupLookMs,
  });
  const stop = new AbortController();
  const done = discovery.run(stop.signal);
  const look = async (n: number) => {
    await waitFor(() => looks.length >= n, { what: `look ${n}` });
    const last = looks[n - 1];
    assert.ok(last !== undefined);
    return last;
  };
  const end = async () => {
    stop.abort();
    looks.at(-1)?.reject(new Error('the end'));
    await done;
  };
  return { discovery, looks, look, took, state, [Symbol.asyncDispose]: end };
}

test('the first look is waited for, whatever comes of it; who stops waiting leaves alone', async () => {
  await using at = lab();
  const abort = new AbortController();
  const [leaving, staying] = [abort.signal, AbortSignal.timeout(10_000)].map((signal) =>
    at.discovery.firstLook(signal),
  );
  const gone = assert.rejects(leaving ?? Promise.resolve(), { message: 'enough' });
  abort.abort(new Error('enough'));
  await gone;
  (await at.look(1)).reject(failure);
  await staying;
  assert.deepEqual(at.took, [failure]);
  // It is looked again soon, and who asks now need not wait.
  await at.discovery.firstLook(AbortSignal.timeout(10_000));
  (await at.look(2)).resolve(edge);
  await waitFor(() => at.took.length === 2, { what: 'the answer to be taken up' });
  assert.deepEqual(at.took[1], edge);
});

test('an answer that was asked for before it began anew is dropped, and looked for once more', async () => {
  await using at = lab();
  const first = await at.look(1);
  at.discovery.begin();
  const waiting = at.discovery.firstLook(AbortSignal.timeout(10_000));
  first.resolve({ ...edge, members: new Map([['edge', [{ serial: 'of another Panorama', vsys: [] }]]]) });
  (await at.look(2)).resolve(edge);
  await waiting;
  assert.deepEqual(at.took, [edge]);
});

test('nobody is asked while no group is wanted, and nobody waits', async () => {
  await using at = lab();
  (await at.look(1)).resolve(edge);
  await waitFor(() => at.took.length === 1, { what: 'the answer to be taken up' });
  at.state.wanted = false;
  at.discovery.begin();
  at.discovery.soon();
  await at.discovery.firstLook(AbortSignal.timeout(10_000));
  assert.equal(at.looks.length, 1);
  at.state.wanted = true;
  at.discovery.soon();
  (await at.look(2)).resolve(edge);
  await waitFor(() => at.took.length === 2, { what: 'the answer to be taken up' });
});
