// pan-os-python (PyPI) takes the simulator for a firewall and a Panorama. What it does is in python/pan_os_python.py.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startHaPair } from '../../simulator/pair.ts';
import { startPanorama } from '../../simulator/panorama/panorama.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts';
import { noPython, startPython } from './python.ts';
import type { Stranger } from './stranger.ts';

const loginTo = ({ endpoint, username, password }: Simulator) => ({
  hostname: new URL(endpoint).hostname,
  port: Number(new URL(endpoint).port),
  api_username: username,
  api_password: password,
});

/** One process for all tests: Python takes half a second to load the client. */
let client: Stranger;

/** A firewall to which the client has a connection by the name of fw. */
const openFirewall = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const device = await startSimulator(options);
  await client.call('connect', { name: 'fw', kind: 'firewall', ...loginTo(device) });
  return device;
};

const fw = { name: 'fw' };

/** Address -> tags, sorted: the client keeps them as sets. */
const registered = async (values: Readonly<Record<string, unknown>>): Promise<Record<string, string[]>> => {
  const pairs = (await client.call('registered', values)) as Record<string, string[]>;
  return Object.fromEntries(Object.entries(pairs).map(([ip, tags]) => [ip, tags.toSorted()]));
};

const tagsOf = (device: Simulator, vsys = 'vsys1'): Record<string, readonly string[]> =>
  Object.fromEntries(
    Object.entries(device.tables()[vsys] ?? {}).map(([ip, { tags }]) => [ip, tags.toSorted()]),
  );

/** Addresses 10.1.0.0 and on, each with its tag. */
const many = (count: number): Record<string, string[]> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`10.1.${index >> 8}.${index & 255}`, ['bulk']]),
  );

const plant = (device: Simulator, pairs: Readonly<Record<string, readonly string[]>>): void =>
  device.plant({ add: Object.entries(pairs).map(([ip, tags]) => ({ ip, tags: [...tags] })) });

describe('pan-os-python', { skip: noPython }, () => {
  before(async () => {
    client = await startPython('pan-os-python');
  });
  after(() => client[Symbol.asyncDispose]());

  test('it connects, makes a key once, and reads who the device is', async () => {
    await using device = await openFirewall();
    assert.deepEqual(await client.call('info', fw), {
      version: '10.2.11-h12',
      platform: 'PA-VM',
      serial: '007051000000001',
    });
    await client.call('info', fw);
    assert.deepEqual(
      device.log().map(({ kind }) => kind),
      ['keygen', 'info', 'info'],
    );
  });

  test('a first call that registers is sent without asking who the device is', async () => {
    await using device = await openFirewall();
    await client.call('register', { ...fw, ip: '10.1.0.1', tags: 'a' });
    assert.deepEqual(
      device.log().map(({ kind }) => kind),
      ['keygen', 'message'],
    );
  });

  test('it registers, repeats itself without an error, reads back, and unregisters', async () => {
    await using device = await openFirewall();
    await client.call('register', { ...fw, ip: '10.1.0.1', tags: ['k8s.a', 'k8s.<&>b'] });
    await client.call('register', { ...fw, ip: '10.1.0.1', tags: ['k8s.a'] });
    await client.call('register', { ...fw, ip: ['10.1.0.2', '10.1.0.3'], tags: 'k8s.c', timeout: 60 });
    assert.deepEqual(await registered(fw), {
      '10.1.0.1': ['k8s.<&>b', 'k8s.a'],
      '10.1.0.2': ['k8s.c'],
      '10.1.0.3': ['k8s.c'],
    });
    assert.ok((device.tables()['vsys1']?.['10.1.0.2']?.expiresIn?.['k8s.c'] ?? 0) > 30);
    assert.deepEqual(await registered({ ...fw, ip: '10.1.0.1' }), {
      '10.1.0.1': ['k8s.<&>b', 'k8s.a'],
    });
    assert.deepEqual(Object.keys(await registered({ ...fw, tags: 'k8s.c' })).toSorted(), [
      '10.1.0.2',
      '10.1.0.3',
    ]);
    await client.call('unregister', { ...fw, ip: '10.1.0.2', tags: 'k8s.c' });
    await client.call('unregister', { ...fw, ip: '10.1.0.2', tags: 'k8s.c' });
    assert.deepEqual(tagsOf(device), { '10.1.0.1': ['k8s.<&>b', 'k8s.a'], '10.1.0.3': ['k8s.c'] });
    await client.call('clear', fw);
    assert.deepEqual(tagsOf(device), {});
  });

  test("a pair that is refused raises, with the device's own words", async () => {
    await using device = await openFirewall({ settings: { limits: { registeredAddresses: 1 } } });
    await client.call('register', { ...fw, ip: '10.1.0.1', tags: 'a' });
    const { text } = await client.raises('register', { ...fw, ip: '10.1.0.2', tags: 'a' });
    assert.match(text, /Failed to register/);
    assert.deepEqual(tagsOf(device), { '10.1.0.1': ['a'] });
  });

  for (const [count, pages] of [
    [499, 1],
    [500, 2],
    [501, 2],
    [1000, 3],
  ] as const) {
    test(`it reads ${count} addresses in ${pages} pages`, async () => {
      await using device = await openFirewall();
      plant(device, many(count));
      assert.deepEqual(await registered(fw), many(count));
      const reads = device.log().filter(({ kind }) => kind === 'read');
      assert.equal(reads.length, pages);
      assert.equal(
        reads.reduce((sum, { entries }) => sum + entries, 0),
        count,
      );
    });
  }

  test('its audit makes the table what is asked for, in one message', async () => {
    await using device = await openFirewall();
    plant(device, { '10.1.0.1': ['keep', 'drop'], '10.1.0.2': ['drop'], '10.1.0.3': ['keep'] });
    const pairs = { '10.1.0.1': ['keep', 'new'], '10.1.0.3': ['keep'], '10.1.0.4': ['new'] };
    await client.call('audit', { ...fw, pairs });
    assert.deepEqual(tagsOf(device), pairs);
    assert.equal(device.log().filter(({ kind }) => kind === 'message').length, 1);
    await client.call('audit_tag', { ...fw, tag: 'new', ips: ['10.1.0.3', '10.1.0.4'] });
    assert.deepEqual(tagsOf(device), {
      '10.1.0.1': ['keep'],
      '10.1.0.3': ['keep', 'new'],
      '10.1.0.4': ['new'],
    });
  });

  test('a bad login is an URL error under HTTP 403, and told apart under HTTP 200 by the older text alone', async () => {
    await using device = await openFirewall();
    const login = { kind: 'firewall', ...loginTo(device), api_password: 'wrong' };
    const raised = async () => {
      await client.call('connect', { ...fw, ...login });
      return client.raises('info', fw);
    };
    assert.equal((await raised()).kind, 'PanURLError');
    device.settings({ errorsAsHttpStatus: false, invalidCredentialText: 'Invalid credentials.' });
    assert.equal((await raised()).kind, 'PanInvalidCredentials');
    device.settings({ invalidCredentialText: 'Invalid Credential' });
    assert.deepEqual(await raised(), { kind: 'PanDeviceXapiError', text: 'Invalid Credential' });
  });

  test('a session that timed out has an error of its own, a missing right an error', async () => {
    await using device = await openFirewall({ settings: { errorsAsHttpStatus: false } });
    device.inject({ fault: 'error', code: 22, text: 'Session timed out', on: 'info', count: 1 });
    assert.equal((await client.raises('info', fw)).kind, 'PanSessionTimedOut');
    device.settings({ rights: ['op'] });
    const { text } = await client.raises('register', { ...fw, ip: '10.1.0.1', tags: 'a' });
    assert.match(text, /Type \[user-id\] not authorized for user role\./);
  });

  test('it logs users in, tags them in the same message, reads and removes their tags', async () => {
    await using device = await openFirewall();
    const logins = [
      ['corp\\ann', '10.0.0.5'],
      ['corp\\bob', '10.0.0.6'],
    ];
    const tags = { 'corp\\ann': ['vpn', 'mfa'], 'corp\\bob': ['vpn'] };
    await client.call('batch', { ...fw, logins, tags });
    assert.deepEqual(device.users()['vsys1']?.logins, { '10.0.0.5': 'corp\\ann', '10.0.0.6': 'corp\\bob' });
    assert.deepEqual(await client.call('user_tags', fw), tags);
    await client.call('untag_user', { ...fw, user: 'corp\\ann', tags: ['vpn'] });
    assert.deepEqual(await client.call('user_tags', { ...fw, user: 'corp\\ann' }), { 'corp\\ann': ['mfa'] });
    await client.call('untag_user', { ...fw, user: 'corp\\bob' });
    await client.call('logout', { ...fw, user: 'corp\\bob', ip: '10.0.0.6' });
    assert.deepEqual(device.users()['vsys1'], {
      logins: { '10.0.0.5': 'corp\\ann' },
      groups: {},
      tags: { 'corp\\ann': ['mfa'] },
    });
  });

  test('it sets groups and reads them back from their text', async () => {
    await using device = await openFirewall();
    await client.call('set_group', { ...fw, group: 'staff', users: ['ann', 'bob'] });
    assert.deepEqual(device.users()['vsys1']?.groups, { staff: ['ann', 'bob'] });
    assert.deepEqual(await client.call('groups', fw), ['staff']);
    assert.deepEqual(await client.call('members', { ...fw, group: 'staff' }), ['ann', 'bob']);
    assert.deepEqual(await client.call('members', { ...fw, group: 'nobody' }), []);
  });

  test('it reads the HA state, finds the active member, and follows a failover', async () => {
    await using device = await openFirewall();
    assert.equal(await client.call('ha_state', fw), 'disabled');
    device.setHa({ state: 'non-functional' });
    assert.equal(await client.call('ha_state', fw), 'non-functional');
    await using pair = await startHaPair();
    const [one, two] = pair.members;
    const find = async () => {
      for (const [name, member] of [
        ['one', one],
        ['two', two],
      ] as const) {
        await client.call('connect', { name, kind: 'firewall', ...loginTo(member) });
      }
      return client.call('ha_active', { name: 'one', peer: 'two' });
    };
    assert.deepEqual(await find(), { state: 'active', active: true });
    pair.failOver();
    assert.deepEqual(await find(), { state: 'passive', active: false });
  });

  test("a Panorama's devices and groups are refreshed, and tags reach a firewall through it", async () => {
    await using panorama = await startPanorama({
      settings: { rights: ['op', 'user-id', 'config'] },
      firewalls: [
        { serial: '0001', deviceGroup: 'edge' },
        { serial: '0002', vsys: ['vsys1', 'vsys2'], deviceGroup: { vsys1: 'edge', vsys2: 'lab' } },
        { serial: '0003', connected: false },
      ],
    });
    const pano = { name: 'pano' };
    await client.call('connect', { ...pano, kind: 'panorama', ...loginTo(panorama) });
    assert.deepEqual(await client.call('refresh_devices', pano), {
      groups: {
        edge: [
          { serial: '0001', vsys: 'vsys1', connected: true },
          { serial: '0002', vsys: 'vsys1', connected: true },
        ],
        lab: [{ serial: '0002', vsys: 'vsys2', connected: true }],
      },
      alone: [{ serial: '0003', vsys: 'vsys1', connected: false }],
    });
    panorama.settings({ rights: ['op', 'user-id'] });
    assert.equal((await client.raises('refresh_devices', pano)).kind, 'PanURLError');
    panorama.settings({ rights: ['op', 'user-id', 'config'] });
    assert.deepEqual(await client.call('refresh_devices', { ...pano, only_connected: true }), {
      groups: {
        edge: [
          { serial: '0001', vsys: 'vsys1', connected: true },
          { serial: '0002', vsys: 'vsys1', connected: true },
        ],
        lab: [{ serial: '0002', vsys: 'vsys2', connected: true }],
      },
      alone: [],
    });
    assert.deepEqual(await client.call('hierarchy', pano), { edge: null, lab: null });
    assert.equal(((await client.call('info', pano)) as { platform: string }).platform, 'Panorama');

    await client.call('behind', { name: 'fw2', panorama: 'pano', serial: '0002', vsys: 'vsys2' });
    await client.call('register', { name: 'fw2', ip: '10.1.0.1', tags: 'a' });
    assert.deepEqual(await registered({ name: 'fw2' }), { '10.1.0.1': ['a'] });
    const tables = panorama.fleet.firewall('0002').tables();
    assert.deepEqual([tables['vsys1'], tables['vsys2']?.['10.1.0.1']?.tags], [{}, ['a']]);
    await client.call('behind', { name: 'fw3', panorama: 'pano', serial: '0003' });
    assert.match(
      (await client.raises('register', { name: 'fw3', ip: '10.1.0.1', tags: 'a' })).text,
      /not connected/,
    );

    await client.call('register', { ...pano, ip: '10.9.0.1', tags: 'own' });
    assert.deepEqual(await client.call('registered', pano), { '10.9.0.1': ['own'] });
  });

  test('an old release answers a large read with a file name, at which it raises', async () => {
    await using device = await openFirewall({ identity: { swVersion: '7.1.26' } });
    plant(device, many(501));
    const { text } = await client.raises('registered', fw);
    assert.ok(text.length > 10, text);
  });
});
