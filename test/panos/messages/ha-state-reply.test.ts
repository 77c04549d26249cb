// The HA state of a device: what each recorded shape reads as, through which device it is asked, and what is no state.
import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { startHaPair } from '../../../simulator/pair.ts';
import { startPanoramaPair } from '../../../simulator/panorama/panorama.ts';
import { startSimulator } from '../../../simulator/simulator.ts';
import { readHaState } from '../../../src/panos/messages/ha-state-reply.ts';
import { clientOf, clientOfSimulator, never } from '../clients.ts';
import { failureOf, fixture } from '../fixtures.ts';
import { reply, startScriptedDevice } from '../scripted-device.ts';

const fixtures = [
  'ha-state.off.demisto',
  'ha-state.firewall-active.demisto',
  'ha-state.panorama-passive.demisto',
];

test('HA is off', () => {
  assert.deepEqual(readHaState(fixture('ha-state.off.demisto')), { enabled: false });
});

test('a firewall tells its state within a group, a Panorama without one', () => {
  assert.deepEqual(readHaState(fixture('ha-state.firewall-active.demisto')), {
    enabled: true,
    state: 'active',
    peerState: 'passive',
  });
  assert.deepEqual(readHaState(fixture('ha-state.panorama-passive.demisto')), {
    enabled: true,
    state: 'secondary-passive',
    peerState: 'primary-active',
  });
});

const noState = {
  'nothing at all': '',
  'no word on whether HA is on': '<local-info><state>active</state></local-info>',
  'another word on whether HA is on':
    '<enabled>maybe</enabled><local-info><state>active</state></local-info>',
  'no state': '<enabled>yes</enabled><local-info/>',
  'an empty state': '<enabled>yes</enabled><local-info><state/></local-info>',
  'the state of the peer alone': '<enabled>yes</enabled><peer-info><state>active</state></peer-info>',
  'two of them': '<enabled>yes</enabled><local-info><state>active</state></local-info><local-info/>',
};

for (const [what, content] of Object.entries(noState)) {
  test(`${what} is no answer`, () => {
    const text = `<response status="success"><result>${content}</result></response>`;
    assert.equal(failureOf(() => readHaState(text)).reason, 'InvalidResponse');
  });
}

test('any text, and any damage to a reply, gives a state or a DeviceError', () => {
  const damaged = fc
    .tuple(fc.constantFrom(...fixtures), fc.nat(), fc.nat({ max: 40 }), fc.string({ maxLength: 10 }))
    .map(([name, at, cut, put]) => {
      const text = fixture(name);
      const start = at % text.length;
      return text.slice(0, start) + put + text.slice(start + cut);
    });
  fc.assert(
    fc.property(fc.oneof(fc.string(), damaged), (text) => {
      try {
        const ha = readHaState(text);
        assert.ok(!ha.enabled || ha.state !== '');
      } catch (error) {
        assert.ok(error instanceof DeviceError, String(error));
      }
    }),
  );
});

test('a reply that is cut off anywhere is no answer', () => {
  for (const name of fixtures) {
    const text = fixture(name).trimEnd();
    for (let length = 0; length < text.length; length += 1)
      assert.throws(() => readHaState(text.slice(0, length)), DeviceError);
  }
});

test('it is asked of a device alone, of a firewall pair, and of a firewall behind a Panorama', async () => {
  await using alone = await startSimulator();
  await using pair = await startHaPair();
  await using panoramas = await startPanoramaPair({
    firewalls: [{ serial: '0001', ha: { state: 'passive', peerState: 'active' } }],
  });
  await using single = clientOfSimulator(alone);
  await using passive = clientOfSimulator(pair.members[1]);
  await using panorama = clientOfSimulator(panoramas.members[0]);
  assert.deepEqual(await single.haState({}, never), { enabled: false });
  const second = { enabled: true, state: 'passive', peerState: 'active' };
  assert.deepEqual(await passive.haState({}, never), second);
  assert.deepEqual(await panorama.haState({ serial: '0001' }, never), second);
  assert.deepEqual(await panorama.haState({}, never), {
    enabled: true,
    state: 'primary-active',
    peerState: 'secondary-passive',
  });
});

test('a device that repeats its key as its state does not make us tell it', async () => {
  const echo =
    '<response status="success"><result><enabled>yes</enabled><local-info><state>KEY</state></local-info></result></response>';
  await using device = await startScriptedDevice(reply(echo));
  await using client = clientOf(device);
  assert.deepEqual(await client.haState({}, never), { enabled: true, state: '***', peerState: '' });
});
