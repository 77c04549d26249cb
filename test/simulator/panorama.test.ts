// Panorama: firewalls behind it, its own table, device groups, and an HA pair of Panoramas.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPanorama, startPanoramaPair, type PanoramaOptions } from '../../simulator/panorama/panorama.ts';
import type { Panorama } from '../../simulator/panorama/panorama.ts';
import { Lab, readXml, registerXml, uidMessage } from './api-client.ts';

const firewalls = [
  { serial: '0001', deviceGroup: 'edge' },
  { serial: '0002', vsys: ['vsys1', 'vsys2'], deviceGroup: { vsys1: 'edge', vsys2: 'lab' }, hostname: 'two' },
  { serial: '0003', connected: false, deviceGroup: 'lab', swVersion: '8.1.0' },
];

type PanoramaLab = { readonly lab: Lab; readonly panorama: Panorama } & AsyncDisposable;

const openPanorama = async (options: PanoramaOptions = {}): Promise<PanoramaLab> => {
  const panorama = await startPanorama({ firewalls, ...options });
  const lab = new Lab(panorama);
  return { lab, panorama, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
};

const sendTo = async (lab: Lab, target: string, payload: string, vsys?: string): Promise<string> =>
  (await lab.call({ type: 'user-id', target, cmd: uidMessage(payload), ...(vsys && { vsys }) })).body;

const show = async (lab: Lab, cmd: string, target?: string): Promise<string> =>
  (await lab.call({ type: 'op', cmd, ...(target !== undefined && { target }) })).body;

const connected = '<show><devices><connected/></devices></show>';
const all = '<show><devices><all/></devices></show>';

const serialsIn = (reply: string): string[] =>
  [...reply.matchAll(/<entry name="(\d+)"><serial>/g)].map(([, serial = '']) => serial);

test('a target takes the call, in its own vsys, and nobody else has the effect', async () => {
  await using stage = await openPanorama();
  const { lab, panorama } = stage;
  assert.match(await sendTo(lab, '0001', registerXml({ '10.1.0.1': ['a'] })), /status="success"/);
  assert.match(await sendTo(lab, '0002', registerXml({ '10.1.0.2': ['b'] }), 'vsys2'), /status="success"/);
  assert.match(await sendTo(lab, '0002', '', 'vsys9'), /code = '400'.*vsys9/);
  const tags = (serial: string) => JSON.stringify(panorama.fleet.firewall(serial).tables());
  assert.match(tags('0001'), /^\{"vsys1":\{"10\.1\.0\.1"/);
  assert.match(tags('0002'), /^\{"vsys1":\{\},"vsys2":\{"10\.1\.0\.2"/);
  assert.deepEqual(panorama.tables(), { panorama: {} });
  assert.match(await show(lab, readXml(), '0001'), /10\.1\.0\.1/);
  assert.match(
    await show(lab, '<show><system><info/></system></show>', '0002'),
    /<hostname>two<.*<serial>0002</s,
  );
  assert.deepEqual(
    lab.simulator.log().map(({ target, vsys }) => [target, vsys]),
    [
      ['0001', 'vsys1'],
      ['0002', 'vsys2'],
      ['0002', 'vsys9'],
      ['0001', 'vsys1'],
      ['0002', 'vsys1'],
    ],
  );
});

test('Panorama has a table of its own, whatever vsys is named', async () => {
  await using stage = await openPanorama();
  const { lab, panorama } = stage;
  await lab.message(registerXml({ '10.1.0.1': ['a'] }));
  await lab.message(registerXml({ '10.1.0.2': ['a'] }), 'vsys1');
  assert.match(await lab.read(), /10\.1\.0\.1.*10\.1\.0\.2.*<count>2</s);
  assert.deepEqual(Object.keys(panorama.tables()['panorama'] ?? {}), ['10.1.0.1', '10.1.0.2']);
  assert.deepEqual(panorama.fleet.firewall('0001').tables(), { vsys1: {} });
  panorama.setAddressGroup({ name: 'g', filter: 'a' });
  const cmd = '<show><object><dynamic-address-group><all/></dynamic-address-group></object></show>';
  assert.match(await show(lab, cmd), /<device-groups><entry name="shared"><address-group><entry>/);
});

test('it calls itself Panorama and answers type=version itself', async () => {
  await using stage = await openPanorama();
  const info = await show(stage.lab, '<show><system><info/></system></show>');
  assert.match(info, /<model>Panorama<.*<system-mode>panorama</s);
  assert.doesNotMatch(info, /threat-version|multi-vsys/);
  assert.match((await stage.lab.call({ type: 'version', target: '0001' })).body, /<model>Panorama</);
});

test('a disconnected and an unknown target are refused, told only to who may ask', async () => {
  await using stage = await openPanorama();
  const { lab, panorama } = stage;
  const send = async (target: string): Promise<string> =>
    sendTo(lab, target, registerXml({ '10.1.0.1': ['a'] }));
  assert.match(await send('0003'), /code="13".*0003 not connected/);
  assert.match(await send('9999'), /code="13".*9999 is not a managed device/);
  panorama.fleet.change('0003', { connected: true });
  assert.match(await send('0003'), /status="success"/);
  panorama.fleet.firewall('0001').reboot({ downMs: 3_600_000 });
  assert.match(await send('0001'), /not connected/);
  assert.match(await send('0002'), /status="success"/);
  const { body } = await lab.post({ type: 'op', target: '9999', cmd: readXml() });
  assert.match(body, /Invalid Credential/);
});

test('devices are listed, connected ones or all, with their vsys and HA state', async () => {
  await using stage = await openPanorama();
  const { lab, panorama } = stage;
  panorama.fleet.firewall('0001').setHa({ state: 'passive', peerSerial: '0002' });
  assert.deepEqual(serialsIn(await show(lab, connected)), ['0001', '0002']);
  const reply = await show(lab, all);
  assert.deepEqual(serialsIn(reply), ['0001', '0002', '0003']);
  assert.match(
    reply,
    /<entry name="0001">.*<ha><state>passive<\/state><peer><serial>0002<\/serial><\/peer><\/ha>/,
  );
  assert.match(reply, /<multi-vsys>yes<\/multi-vsys><vsys><entry name="vsys1">.*<entry name="vsys2">/);
  assert.match(reply, /<entry name="0003"><serial>0003<\/serial><connected>no</);
});

test('device groups are followed as firewalls join, move and leave', async () => {
  await using stage = await openPanorama({ settings: { rights: ['op', 'user-id', 'config'] } });
  const { lab, panorama } = stage;
  const inGroup = async (group: string): Promise<string[]> => {
    const reply = await show(lab, '<show><devicegroups/></show>');
    const entry = new RegExp(`<entry name="${group}"><devices>(.*?)</devices>`).exec(reply)?.[1];
    return serialsIn(entry ?? '');
  };
  assert.deepEqual(
    [await inGroup('edge'), await inGroup('lab')],
    [
      ['0001', '0002'],
      ['0002', '0003'],
    ],
  );
  panorama.fleet.join({ serial: '0004', deviceGroup: 'edge' });
  panorama.fleet.change('0001', { deviceGroup: 'lab' });
  assert.equal(panorama.fleet.leave('0003'), true);
  assert.deepEqual(
    [await inGroup('edge'), await inGroup('lab')],
    [
      ['0002', '0004'],
      ['0001', '0002'],
    ],
  );
  assert.match(
    await show(lab, '<show><dg-hierarchy/></show>'),
    /<dg name="edge" dg_id="11"\/><dg name="lab"/,
  );
  panorama.fleet.nest('edge', 'all');
  panorama.fleet.nest('north', 'edge');
  assert.match(
    await show(lab, '<show><dg-hierarchy/></show>'),
    /<dg-hierarchy><dg name="lab" dg_id="12"\/><dg name="all" dg_id="13"><dg name="edge" dg_id="11"><dg name="north" dg_id="14"\/><\/dg><\/dg></,
  );
  assert.throws(() => panorama.fleet.nest('all', 'north'), RangeError);
  for (const group of ['all', 'north']) panorama.fleet.deleteDeviceGroup(group);
  assert.match(await show(lab, '<show><dg-hierarchy/></show>'), /<dg-hierarchy><dg name="edge"/);
  const xpath = "/config/devices/entry[@name='localhost.localdomain']/device-group";
  assert.match(
    (await lab.call({ type: 'config', action: 'get', xpath })).body,
    /<entry name="edge"><devices><entry name="0002"><vsys><entry name="vsys1"><\/entry><\/vsys><\/entry>/,
  );
  panorama.fleet.change('0002', { deviceGroup: null });
  panorama.fleet.leave('0004');
  assert.deepEqual([await inGroup('edge'), panorama.fleet.deviceGroups()], [[], ['edge', 'lab']]);
  assert.deepEqual(
    [panorama.fleet.deleteDeviceGroup('edge'), panorama.fleet.deviceGroups()],
    [true, ['lab']],
  );
});

test('a firewall that comes back has what it held', async () => {
  await using stage = await openPanorama();
  const { lab, panorama } = stage;
  await sendTo(lab, '0001', registerXml({ '10.1.0.1': ['a'] }));
  panorama.fleet.leave('0001');
  assert.match(await sendTo(lab, '0001', ''), /not a managed device/);
  assert.throws(() => panorama.fleet.firewall('0001'), RangeError);
  panorama.fleet.join({ serial: '0001' });
  assert.deepEqual(Object.keys(panorama.fleet.firewall('0001').tables()['vsys1'] ?? {}), ['10.1.0.1']);
  assert.throws(() => panorama.fleet.join({ serial: '0001' }), /managed already/);
  assert.throws(() => panorama.fleet.change('9', {}), RangeError);
});

test('a firewall has settings, limits and a release of its own', async () => {
  await using stage = await openPanorama();
  const { lab, panorama } = stage;
  panorama.fleet.firewall('0001').settings({ limits: { registeredAddresses: 1 } });
  const two = registerXml({ '10.1.0.1': ['a'], '10.1.0.2': ['a'] });
  assert.match(await sendTo(lab, '0001', two), /Failed to register/);
  assert.match(await sendTo(lab, '0002', two), /status="success"/);
  panorama.fleet.change('0003', { connected: true });
  const timed = '<register><entry ip="10.1.0.1"><tag><member timeout="9">a</member></tag></entry></register>';
  assert.match(await sendTo(lab, '0003', timed), /timeout is unexpected/);
  assert.match(await sendTo(lab, '0002', timed), /already exists, ignore/);
});

test('faults and refusals can be for one firewall alone', async () => {
  await using stage = await openPanorama();
  const { lab, panorama } = stage;
  const send = async (target: string): Promise<string> =>
    sendTo(lab, target, registerXml({ '10.1.0.1': ['a', 'b'] }));
  panorama.inject({ fault: 'error', code: 11, target: '0001' });
  panorama.inject({ fault: 'reject', tag: 'b', target: '0002' });
  panorama.inject({ fault: 'error', code: 5, target: '' });
  assert.match(await send('0001'), /code="11"/);
  assert.match(await send('0002'), /Failed to register/);
  assert.match(await show(lab, connected), /code="5"/);
});

test('pairs for one slow firewall hold up nobody else', async () => {
  await using stage = await openPanorama();
  const { lab, panorama } = stage;
  panorama.fleet.firewall('0001').settings({ pairMs: { register: 3_600_000 } });
  const client = new AbortController();
  const body = new URLSearchParams({
    type: 'user-id',
    target: '0001',
    key: panorama.apiKey,
    cmd: uidMessage(registerXml({ '10.1.0.1': ['a'] })),
  }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const slow = assert.rejects(lab.send({ headers, body, signal: client.signal }));
  assert.match(await sendTo(lab, '0002', registerXml({ '10.1.0.1': ['a'] })), /status="success"/);
  client.abort();
  await slow;
});

test('latencies of Panorama and firewall add up, and a firewall lost meanwhile is told', async () => {
  await using stage = await openPanorama({ settings: { latencyMs: { message: 100 } } });
  const { lab, panorama } = stage;
  panorama.fleet.firewall('0001').settings({ latencyMs: { message: 100 } });
  const sent = sendTo(lab, '0001', '');
  assert.match(await sent, /status="success"/);
  assert.ok((panorama.log()[0]?.durationMs ?? 0) >= 195);
  panorama.fleet.firewall('0001').settings({ latencyMs: { message: 1000 } });
  const lost = sendTo(lab, '0001', '');
  const signal = AbortSignal.timeout(10_000);
  while (panorama.concurrency().inWork === 0) await sleep(2, undefined, { signal });
  panorama.fleet.change('0001', { connected: false });
  assert.match(await lost, /not connected/);
});

test('a reset brings the first firewalls back, without what they held', async () => {
  await using stage = await openPanorama();
  const { lab, panorama } = stage;
  await sendTo(lab, '0001', registerXml({ '10.1.0.1': ['a'] }));
  panorama.fleet.leave('0002');
  panorama.fleet.join({ serial: '0004', deviceGroup: 'more' });
  panorama.reset();
  assert.deepEqual(
    panorama.fleet.members().map(({ serial, connected }) => [serial, connected]),
    [
      ['0001', true],
      ['0002', true],
      ['0003', false],
    ],
  );
  assert.deepEqual(panorama.fleet.deviceGroups(), ['edge', 'lab']);
  assert.deepEqual(panorama.fleet.firewall('0001').tables(), { vsys1: {} });
});

test('a firewall has no devices, and no target', async () => {
  await using stage = await openPanorama();
  assert.match(await show(stage.lab, connected, '0001'), /code="17"/);
  assert.match(await show(stage.lab, '<show><devicegroups/></show>', '0001'), /code="17"/);
});

const pairLabs = async (options: PanoramaOptions = {}) => {
  const pair = await startPanoramaPair({ firewalls, ...options });
  const [active, passive] = pair.members;
  return { pair, active: new Lab(active), passive: new Lab(passive) };
};

const haState = '<show><high-availability><state/></high-availability></show>';

test('a passive Panorama takes messages for its firewalls and does nothing, until it is active', async () => {
  const { pair, active, passive } = await pairLabs();
  await using one = active;
  await using two = passive;
  const [first, second] = pair.members;
  assert.match(await show(one, haState), /<result><enabled>yes<\/enabled><local-info><state>primary-active</);
  assert.match(await show(two, haState), /<local-info><state>secondary-passive</);
  assert.match(await sendTo(two, '0001', registerXml({ '10.1.0.1': ['silent'] })), /status="success"/);
  assert.match(await sendTo(one, '0001', registerXml({ '10.1.0.2': ['a'] })), /status="success"/);
  const held = (): string[] => Object.keys(first.fleet.firewall('0001').tables()['vsys1'] ?? {});
  assert.deepEqual(held(), ['10.1.0.2']);
  assert.deepEqual(second.fleet.firewall('0001').tables(), first.fleet.firewall('0001').tables());
  pair.failOver();
  assert.match(await show(two, haState), /<local-info><state>primary-active</);
  await sendTo(two, '0001', registerXml({ '10.1.0.3': ['a'] }));
  await sendTo(one, '0001', registerXml({ '10.1.0.4': ['silent'] }));
  assert.deepEqual(held(), ['10.1.0.2', '10.1.0.3']);
});

test('a passive Panorama may deny messages, and has a table of its own', async () => {
  const { active, passive, pair } = await pairLabs({ settings: { whenPassive: 'deny' } });
  await using one = active;
  await using two = passive;
  assert.match(await sendTo(two, '0001', ''), /code="15"/);
  assert.match(await two.message(registerXml({ '10.1.0.9': ['a'] })), /code="15"/);
  assert.match(await sendTo(one, '0001', ''), /status="success"/);
  await one.message(registerXml({ '10.1.0.1': ['a'] }));
  assert.deepEqual(pair.members[1].tables(), { panorama: {} });
});
