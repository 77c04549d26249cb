// An HA pair of firewalls: states, failover, what a passive member does with messages, synchronization.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHaPair, type HaPair } from '../../simulator/pair.ts';
import type { SettingsPatch } from '../../simulator/simulator.ts';
import { Lab, openLab, registerXml } from './api-client.ts';

type PairLab = {
  readonly pair: HaPair;
  readonly active: Lab;
  readonly passive: Lab;
} & AsyncDisposable;

const openPair = async (settings: SettingsPatch = {}): Promise<PairLab> => {
  const pair = await startHaPair({ settings });
  const [active, passive] = [new Lab(pair.members[0]), new Lab(pair.members[1])];
  return {
    pair,
    active,
    passive,
    async [Symbol.asyncDispose]() {
      await Promise.all([active[Symbol.asyncDispose](), passive[Symbol.asyncDispose]()]);
    },
  };
};

const stateOf = async (lab: Lab): Promise<string> =>
  (await lab.call({ type: 'op', cmd: '<show><high-availability><state/></high-availability></show>' })).body;

test('each member tells its state and its peer, and a failover swaps them', async () => {
  await using stage = await openPair();
  const { active, passive } = stage;
  assert.match(
    await stateOf(active),
    /<group><mode>Active-Passive<\/mode><local-info><state>active<\/state><\/local-info><peer-info><state>passive</,
  );
  assert.match(await stateOf(passive), /<local-info><state>passive<.*<peer-info><state>active</);
  const failOver = `${passive.simulator.controlUrl}/fail-over`;
  assert.equal((await fetch(failOver, { method: 'POST', signal: AbortSignal.timeout(10_000) })).status, 200);
  assert.match(await stateOf(active), /<local-info><state>passive</);
  assert.equal(passive.simulator.ha()?.peerSerial, '007051000000001');
});

test('a passive member takes messages, denies them with code 15, or takes them in silence', async () => {
  await using stage = await openPair();
  const { passive } = stage;
  assert.match(await passive.message(registerXml({ '10.1.0.1': ['a'] })), /status="success"/);
  passive.simulator.settings({ whenPassive: 'deny' });
  assert.match(await passive.message(registerXml({ '10.1.0.2': ['a'] })), /status="error" code="15"/);
  passive.simulator.settings({ whenPassive: 'silent' });
  assert.match(await passive.message(registerXml({ '10.1.0.3': ['a'] })), /status="success".*<register></);
  assert.deepEqual(passive.tags(), { '10.1.0.1': ['a'] });
  assert.match(await passive.read(), /10\.1\.0\.1/);
  stage.pair.failOver();
  await passive.message(registerXml({ '10.1.0.4': ['a'] }));
  assert.deepEqual(Object.keys(passive.tags()), ['10.1.0.1', '10.1.0.4']);
});

test('registrations reach the other member only by switch', async () => {
  await using apart = await openPair();
  await apart.active.message(registerXml({ '10.1.0.1': ['a'] }));
  assert.deepEqual(apart.passive.tags(), {});
  await using synced = await openPair({ haSyncsRegistrations: true });
  await synced.active.message(registerXml({ '10.1.0.1': ['a'] }));
  await synced.passive.message(registerXml({ '10.1.0.2': ['a'] }));
  assert.deepEqual(synced.active.tags(), { '10.1.0.1': ['a'], '10.1.0.2': ['a'] });
  assert.deepEqual(synced.passive.tags(), synced.active.tags());
});

test('any state can be told, and none', async () => {
  await using lab = await openLab();
  assert.match(await stateOf(lab), /<result><enabled>no<\/enabled><\/result>/);
  lab.simulator.setHa({ state: 'suspended', peerState: 'non-functional', peerConnected: false });
  assert.match(await stateOf(lab), /<state>suspended<.*<state>non-functional<.*<conn-status>down</);
  lab.simulator.setHa(null);
  assert.match(await stateOf(lab), /<enabled>no</);
  assert.throws(() => lab.simulator.setHa({ state: '' }), { name: 'ZodError' });
  assert.throws(() => lab.simulator.failOver(), /no HA peer/);
});
