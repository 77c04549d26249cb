// pango v0.9.0 (Go) takes the simulator for a firewall and a Panorama. What it does is in pango/main.go.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startPanorama } from '../../simulator/panorama/panorama.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts';
import { noGo, startPango } from './pango.ts';
import type { Stranger } from './stranger.ts';

describe('pango', { skip: noGo }, () => {
  let client: Stranger;
  before(async () => {
    client = await startPango();
  });
  after(() => client[Symbol.asyncDispose]());

  const fw = { name: 'fw' };

  const loginTo = ({ endpoint, username, password }: Simulator) => ({
    hostname: new URL(endpoint).hostname,
    port: Number(new URL(endpoint).port),
    username,
    password,
  });

  const openFirewall = async (options: SimulatorOptions = {}): Promise<Simulator> => {
    const device = await startSimulator(options);
    await client.call('connect', { ...fw, ...loginTo(device) });
    return device;
  };

  const run = async (message: object, vsys?: string): Promise<unknown> =>
    client.call('run', { ...fw, message, vsys });

  test('Initialize makes a key, reads who the device is, and asks for plugins', async () => {
    await using device = await startSimulator();
    const info = (await client.call('connect', { ...fw, ...loginTo(device) })) as Record<string, string>;
    assert.deepEqual(
      [info['sw-version'], info['model'], info['multi-vsys']],
      ['10.2.11-h12', 'PA-VM', 'off'],
    );
    assert.deepEqual(
      device.log().map(({ kind, status }) => [kind, status]),
      [
        ['keygen', 'success'],
        ['info', 'success'],
        ['info', 'success'],
      ],
    );
  });

  test('a bad login fails Initialize, under HTTP 403 and 200', async () => {
    await using device = await startSimulator();
    const login = { ...fw, ...loginTo(device), password: 'wrong' };
    assert.match((await client.raises('connect', login)).text, /Invalid Credential/);
    device.settings({ errorsAsHttpStatus: false });
    assert.match((await client.raises('connect', login)).text, /Invalid Credential/);
  });

  test('UserId tags and untags addresses, in the vsys asked for', async () => {
    await using device = await openFirewall({ vsys: ['vsys1', 'vsys2'] });
    const TagIps = [
      { Ip: '10.1.0.1', Tags: ['a', 'b'] },
      { Ip: 'fd00::1', Tags: ['<&>'] },
    ];
    await run({ TagIps });
    await run({ TagIps: [{ Ip: '10.1.0.2', Tags: ['c'] }] }, 'vsys2');
    assert.deepEqual(await client.call('ipTags', fw), { '10.1.0.1': ['a', 'b'], 'fd00::1': ['<&>'] });
    assert.deepEqual(await client.call('ipTags', { ...fw, vsys: 'vsys2' }), { '10.1.0.2': ['c'] });
    await run({ UntagIps: [{ Ip: '10.1.0.1', Tags: ['a'] }], TagIps: [{ Ip: '10.1.0.3', Tags: ['b'] }] });
    assert.deepEqual(await client.call('ipTags', { ...fw, tag: 'b' }), {
      '10.1.0.1': ['b'],
      '10.1.0.3': ['b'],
    });
    assert.deepEqual(await client.call('ipTags', { ...fw, ip: '10.1.0.3' }), { '10.1.0.3': ['b'] });
    assert.deepEqual(Object.keys(device.tables()['vsys1'] ?? {}), ['10.1.0.1', 'fd00::1', '10.1.0.3']);
  });

  for (const [count, pages] of [
    [500, 2],
    [501, 2],
    [1000, 3],
  ] as const) {
    test(`GetIpTags reads ${count} addresses in ${pages} pages`, async () => {
      await using device = await openFirewall();
      const ips = Array.from({ length: count }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
      device.plant({ add: ips.map((ip) => ({ ip, tags: ['bulk'] })) });
      const expected = Object.fromEntries(ips.map((ip) => [ip, ['bulk']]));
      assert.deepEqual(await client.call('ipTags', fw), expected);
      assert.equal(device.log().filter(({ kind }) => kind === 'read').length, pages);
    });
  }

  test('a duplicate is an error without a text, and a login page a success', async () => {
    await using device = await openFirewall();
    const message = { TagIps: [{ Ip: '10.1.0.1', Tags: ['a'] }] };
    await run(message);
    assert.equal((await client.raises('run', { ...fw, message })).text, '');
    device.inject({ fault: 'html', applies: false, on: 'message', count: 1 });
    await run({ TagIps: [{ Ip: '10.1.0.2', Tags: ['a'] }] });
    assert.deepEqual(Object.keys(device.tables()['vsys1'] ?? {}), ['10.1.0.1']);
  });

  test('users log in, get tags and groups, which are read back', async () => {
    await using device = await openFirewall();
    await run({
      Logins: [{ User: 'ann', Ip: '10.0.0.5' }],
      Groups: [{ Name: 'staff', Users: ['ann', 'bob'] }],
      TagUsers: [{ User: 'bob', Tags: [{ Tag: 'vpn', Timeout: 600 }] }],
    });
    assert.deepEqual(await client.call('userTags', fw), { bob: ['vpn'] });
    assert.deepEqual(await client.call('groups', fw), ['staff']);
    assert.deepEqual(await client.call('members', { ...fw, group: 'staff' }), ['ann', 'bob']);
    const [login] = (await client.call('logins', fw)) as Record<string, unknown>[];
    assert.deepEqual([login?.['User'], login?.['Ip'], login?.['Type']], ['ann', '10.0.0.5', 'XMLAPI']);
    const message = { TagUsers: [{ User: 'cid', Tags: [{ Tag: 'vpn' }] }] };
    assert.match(
      (await client.raises('run', { ...fw, message })).text,
      /taguser:cid:"user cid does not exist"/,
    );
    await run({
      UntagUsers: [{ User: 'bob', Tags: ['vpn'] }],
      Logouts: [{ User: 'ann', Ip: '10.0.0.5' }],
      Groups: [{ Name: 'staff', Users: [] }],
    });
    assert.deepEqual(device.users()['vsys1'], { logins: {}, groups: {}, tags: {} });
  });

  test('a Panorama is one to it, and hands its calls on to a target', async () => {
    await using panorama = await startPanorama({ firewalls: [{ serial: '0001' }] });
    const login = loginTo(panorama);
    const pano = { name: 'pano', kind: 'panorama', ...login };
    const info = (await client.call('connect', pano)) as Record<string, string>;
    assert.equal(info['model'], 'Panorama');
    const message = { TagIps: [{ Ip: '10.1.0.1', Tags: ['a'] }] };
    await client.call('run', { name: 'pano', message });
    assert.deepEqual(await client.call('ipTags', { name: 'pano' }), { '10.1.0.1': ['a'] });
    await client.call('connect', { name: 'behind', ...login, target: '0001' });
    assert.deepEqual(await client.call('ipTags', { name: 'behind' }), {});
    await client.call('run', { name: 'behind', message });
    assert.deepEqual(panorama.fleet.firewall('0001').tables()['vsys1']?.['10.1.0.1']?.tags, ['a']);
    assert.match(
      (await client.raises('connect', { name: 'gone', ...login, target: '0009' })).text,
      /not a managed device/,
    );
  });
});
