// The control port's routes for administrators, address groups, HA, and the firewalls behind a Panorama.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPanorama } from '../../simulator/panorama/panorama.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';

const control = async (
  { controlUrl }: Simulator,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> => {
  const answer = await fetch(`${controlUrl}${path}`, {
    method,
    signal: AbortSignal.timeout(10_000),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const value: unknown = await answer.json();
  return answer.status === 200 ? value : { status: answer.status };
};

const done = { done: true };

test('administrators come and go, and sessions time out', async () => {
  await using device = await startSimulator();
  const account = { name: 'a b', password: 'x', rights: 'superuser' };
  assert.deepEqual(await control(device, 'POST', '/accounts', account), done);
  assert.deepEqual(await control(device, 'POST', '/accounts', { name: '' }), { status: 400 });
  assert.deepEqual(await control(device, 'DELETE', '/accounts/a%20b'), { cleared: true });
  assert.deepEqual(await control(device, 'DELETE', '/accounts/a%20b'), { cleared: false });
  assert.deepEqual(await control(device, 'POST', '/time-out-sessions'), done);
});

test('address groups are configured and shown with their members', async () => {
  await using device = await startSimulator({ vsys: ['vsys1', 'vsys2'] });
  device.plant({ vsys: 'vsys2', add: [{ ip: '10.1.0.1', tags: ['a'] }] });
  const group = { vsys: 'vsys2', name: 'g', filter: `'a'` };
  assert.deepEqual(await control(device, 'POST', '/address-groups', group), done);
  assert.deepEqual(await control(device, 'POST', '/address-groups', { ...group, filter: '(' }), {
    status: 400,
  });
  assert.deepEqual(await control(device, 'GET', '/address-groups'), [
    { ...group, inUse: true, members: ['10.1.0.1'] },
  ]);
  assert.deepEqual(await control(device, 'DELETE', '/address-groups/g'), { cleared: false });
  assert.deepEqual(await control(device, 'DELETE', '/address-groups/g?vsys=vsys2'), { cleared: true });
});

test('HA state, users, concurrency and another release after a reboot', async () => {
  await using device = await startSimulator();
  assert.equal(await control(device, 'GET', '/ha'), null);
  assert.deepEqual(await control(device, 'POST', '/ha', { state: 'passive' }), done);
  assert.deepEqual(await control(device, 'GET', '/ha'), JSON.parse(JSON.stringify(device.ha())));
  assert.deepEqual(await control(device, 'POST', '/ha', null), done);
  assert.equal(device.ha(), undefined);
  assert.deepEqual(await control(device, 'GET', '/users'), { vsys1: { logins: {}, groups: {}, tags: {} } });
  assert.deepEqual(await control(device, 'GET', '/concurrency'), { inWork: 0, highest: 0, breaches: 0 });
  assert.deepEqual(await control(device, 'POST', '/reboot', { swVersion: '9.1.0' }), done);
});

test('the firewalls behind a Panorama join, change, leave and are controlled by serial', async () => {
  await using panorama = await startPanorama();
  const join = { serial: '0001', deviceGroup: 'edge' };
  assert.deepEqual(await control(panorama, 'POST', '/firewalls', join), done);
  assert.deepEqual(await control(panorama, 'POST', '/firewalls', join), { status: 400 });
  const planting = { add: [{ ip: '10.1.0.1', tags: ['a'] }] };
  assert.deepEqual(await control(panorama, 'POST', '/tables?serial=0001', planting), done);
  assert.deepEqual(Object.keys(panorama.fleet.firewall('0001').tables()['vsys1'] ?? {}), ['10.1.0.1']);
  assert.deepEqual(await control(panorama, 'POST', '/settings?serial=0001', { hostsAsCidr: true }), {
    ...panorama.fleet.firewall('0001').settings(),
    hostsAsCidr: true,
  });
  assert.equal(panorama.settings().hostsAsCidr, false);
  assert.deepEqual(await control(panorama, 'POST', '/firewalls/0001', { connected: false }), done);
  assert.deepEqual(await control(panorama, 'GET', '/firewalls'), [
    {
      serial: '0001',
      hostname: 'fw-0001',
      connected: false,
      vsys: ['vsys1'],
      deviceGroups: { edge: ['vsys1'] },
    },
  ]);
  assert.deepEqual(await control(panorama, 'GET', '/tables?serial=0002'), { status: 400 });
  assert.deepEqual(await control(panorama, 'DELETE', '/firewalls/0001'), { cleared: true });
  assert.deepEqual(await control(panorama, 'GET', '/device-groups'), ['edge']);
  assert.deepEqual(await control(panorama, 'DELETE', '/device-groups/edge'), { cleared: true });
});

test('a firewall alone has no firewalls', async () => {
  await using device = await startSimulator();
  assert.deepEqual(await control(device, 'GET', '/firewalls'), { status: 404 });
  assert.deepEqual(await control(device, 'GET', '/tables?serial=1'), { status: 400 });
});
