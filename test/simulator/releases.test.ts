// Differences of older releases, and capacities of models.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, registerXml, type Lab } from './api-client.ts';
import { profileNames } from '../../simulator/profiles.ts';

const release = async (swVersion: string): Promise<Lab> => openLab({ identity: { swVersion } });

const withTimeout =
  '<register><entry ip="10.1.0.1"><tag><member timeout="60">a</member></tag></entry></register>';

/** With the key as a parameter, as the header is newer. */
const post = async (lab: Lab, parameters: Record<string, string>): Promise<string> =>
  (await lab.post({ ...parameters, key: lab.simulator.apiKey })).body;

const send = async (lab: Lab, payload: string): Promise<string> =>
  post(lab, {
    type: 'user-id',
    cmd: `<uid-message><type>update</type><payload>${payload}</payload></uid-message>`,
  });

const read = async (lab: Lab, options: string): Promise<string> =>
  post(lab, { type: 'op', cmd: `<show><object><registered-ip>${options}</registered-ip></object></show>` });

test('before 9.0 a timeout is refused, and the key header is not looked at', async () => {
  await using old = await release('8.1.25-h1');
  assert.match(await send(old, withTimeout), /code="17".*timeout is unexpected/);
  assert.match(await send(old, registerXml({ '10.1.0.1': ['a'] })), /status="success"/);
  assert.equal((await old.call({ type: 'version' })).status, 403);
  await using newer = await release('9.0.0');
  assert.match(await send(newer, withTimeout), /status="success"/);
  assert.equal((await newer.call({ type: 'version' })).status, 200);
});

test('before 9.1 users have no tags', async () => {
  const payload = '<register-user><entry user="u"><tag><member>a</member></tag></entry></register-user>';
  const show = { type: 'op', cmd: '<show><object><registered-user><all/></registered-user></object></show>' };
  await using old = await release('9.0.17');
  assert.match(await send(old, payload), /code="17".*register-user is unexpected/);
  assert.match(await post(old, show), /code="17"/);
  await using newer = await release('9.1.0');
  assert.doesNotMatch(await send(newer, payload), /code=/);
  assert.match(await post(newer, show), /status="success"/);
});

test('before 10.0 only hosts are registered', async () => {
  const sets = registerXml({ '10.1.0.0/24': ['a'], '10.2.0.1-10.2.0.9': ['a'], '10.3.0.1/32': ['a'] });
  await using old = await release('9.1.19');
  assert.equal((await send(old, sets)).split('is invalid').length - 1, 2);
  assert.deepEqual(old.tags(), { '10.3.0.1': ['a'] });
  await using newer = await release('10.0.0');
  assert.match(await send(newer, sets), /status="success"/);
});

test('before 8.0 there is no paging, and more than 500 come as a file name', async () => {
  await using old = await release('7.1.26');
  const addresses = Array.from({ length: 501 }, (_, index) => `10.1.${index >> 8}.${index & 255}`);
  old.simulator.plant({ add: addresses.slice(0, 500).map((ip) => ({ ip, tags: ['a'] })) });
  assert.match(await read(old, '<limit>500</limit><start-point>1</start-point>'), /code="17"/);
  assert.match(await read(old, '<all/>'), /<count>500<\/count>/);
  old.simulator.plant({ add: addresses.slice(500).map((ip) => ({ ip, tags: ['a'] })) });
  assert.match(await read(old, '<all/>'), /<outfile>\/var\/log\/clioutput\/regipdump<\/outfile>/);
  assert.match(await read(old, '<all><option>count</option></all>'), /<count>501<\/count>|<outfile>/);
  old.simulator.reboot({ swVersion: '8.0.20' });
  await old.reconnect();
  assert.match(await read(old, '<limit>500</limit><start-point>501</start-point>'), /<count>1<\/count>/);
});

test('before 7.1 there is no type=version', async () => {
  await using old = await release('7.0.19');
  assert.match(await post(old, { type: 'version' }), /Illegal value for parameter "type" \[version\]/);
});

test('a profile gives model, limits and speed; identity and settings come on top', async () => {
  await using small = await openLab({ profile: 'PA-410', settings: { limits: { registeredAddresses: 2 } } });
  const { limits } = small.simulator.settings();
  assert.deepEqual([limits.tagsPerAddress, limits.registeredAddresses], [64, 2]);
  assert.match((await small.call({ type: 'version' })).body, /<model>PA-410</);
  await using vm = await openLab({ profile: 'VM-50', identity: { serial: '7' } });
  assert.match((await vm.call({ type: 'version' })).body, /<model>PA-VM<.*<serial>7</);
  assert.equal(vm.simulator.settings().limits.registeredAddresses, 1000);
});

test('the VM-50 profile takes 290 registrations and 2,270 unregistrations a second', async () => {
  await using lab = await openLab({ profile: 'VM-50' });
  const pairs = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`10.1.0.${index}`, ['a']]));
  const start = performance.now();
  await lab.message(registerXml(pairs));
  const took = performance.now() - start;
  assert.ok(took >= 340, `${took} ms`);
  const { pairMs } = lab.simulator.settings();
  assert.deepEqual([Math.round(1000 / pairMs.register), Math.round(1000 / pairMs.unregister)], [290, 2270]);
});

test('every profile can be started', async () => {
  for (const profile of profileNames) {
    await using lab = await openLab({ profile });
    assert.equal((await lab.call({ type: 'version' })).status, 200, profile);
  }
});
