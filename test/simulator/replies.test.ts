// The texts of the answers, as clients in the field have seen them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, registerXml, unregisterXml, uidMessage } from './api-client.ts';

test("keygen: single quotes, and a key of a real one's shape", async () => {
  await using lab = await openLab();
  const { username: user, password } = lab.simulator;
  const { status, contentType, body } = await lab.post({ type: 'keygen', user, password });
  assert.equal(status, 200);
  assert.equal(contentType, 'application/xml; charset=UTF-8');
  const [, key = ''] =
    /^<response status = 'success'><result><key>([A-Za-z0-9=]{164})<\/key><\/result><\/response>$/.exec(
      body,
    ) ?? [];
  assert.match(Buffer.from(key, 'base64').toString('ascii'), /^-AQ==[A-Za-z0-9+/]{27}=[A-Za-z0-9+/]{86}==$/);
});

test('a refused login or key: code 403 in single quotes, status 403', async () => {
  await using lab = await openLab();
  const expected = `<response status = 'error' code = '403'><result><msg>Invalid Credential</msg></result></response>`;
  const login = await lab.post({ type: 'keygen', user: lab.simulator.username, password: 'wrong' });
  const key = await lab.post({ type: 'version', key: 'wrong' });
  assert.deepEqual([login.status, login.body], [403, expected]);
  assert.deepEqual(
    [key.status, key.body, key.contentType],
    [403, expected, 'application/xml; charset=UTF-8'],
  );
});

test('a missing right has the same code and its own text', async () => {
  await using lab = await openLab({ settings: { rights: ['op'] } });
  const { status, body } = await lab.call({
    type: 'user-id',
    cmd: uidMessage(registerXml({ '10.1.0.9': ['web'] })),
  });
  assert.equal(status, 403);
  assert.equal(
    body,
    `<response status = 'error' code = '403'><result><msg>Type [user-id] not authorized for user role.</msg></result></response>`,
  );
  const config = await lab.call({ type: 'config', action: 'get' });
  assert.match(config.body, /Type \[config\] not authorized for user role\./);
});

test('type=version', async () => {
  await using lab = await openLab({ identity: { serial: '0070510000001' } });
  const { body } = await lab.call({ type: 'version' });
  assert.equal(
    body,
    '<response status="success"><result><sw-version>10.2.11-h12</sw-version><multi-vsys>off</multi-vsys><model>PA-VM</model><serial>0070510000001</serial></result></response>',
  );
});

test('show system info has what clients read', async () => {
  let now = Date.UTC(2026, 10, 21, 9, 8, 7);
  const identity = {
    hostname: 'fw<1>',
    ipAddress: '192.0.2.5',
    serial: '42',
    model: 'PA-440',
    family: '400',
    swVersion: '11.1.4-h7',
  };
  await using lab = await openLab({ identity, vsys: ['vsys1', 'vsys2'], clock: () => now });
  now += ((3 * 24 + 4) * 3600 + 5 * 60 + 6) * 1000;
  const { body } = await lab.call({ type: 'op', cmd: '<show><system><info></info></system></show>' });
  const field = (name: string): string | undefined =>
    new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1];
  assert.match(body, /^<response status="success"><result><system>.*<\/system><\/result><\/response>$/);
  const expected = {
    hostname: 'fw&lt;1&gt;',
    'ip-address': '192.0.2.5',
    serial: '42',
    model: 'PA-440',
    family: '400',
    'sw-version': '11.1.4-h7',
    'app-version': '8971-9419',
    'av-version': '5169-5689',
    'threat-version': '8971-9419',
    'wildfire-version': '955464-959418',
    'logdb-version': '11.1.4',
    'multi-vsys': 'on',
    'operational-mode': 'normal',
    uptime: '3 days, 4:05:06',
    time: 'Tue Nov 24 13:13:13 2026',
    'vm-license': undefined,
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, field(name)])), expected);
});

test('only a PA-VM tells its licence, uuid and cpuid', async () => {
  await using lab = await openLab();
  const { body } = await lab.call({ type: 'op', cmd: '<show><system><info/></system></show>' });
  assert.match(body, /<vm-license>[^<]+<.*<vm-uuid>[^<]+<.*<vm-cpuid>[^<]+</);
});

test('what clients ask on connecting is answered', async () => {
  await using lab = await openLab();
  const plugins = await lab.call({
    type: 'op',
    cmd: '<show><plugins><packages></packages></plugins></show>',
  });
  assert.equal(plugins.body, '<response status="success"><result><plugins/></result></response>');
  const ha = await lab.call({
    type: 'op',
    cmd: '<show><high-availability><state/></high-availability></show>',
  });
  assert.equal(ha.body, '<response status="success"><result><enabled>no</enabled></result></response>');
});

test('a register or unregister that was simply done echoes its sections, empty', async () => {
  await using lab = await openLab();
  const wrap = (payload: string): string =>
    `<response status="success"><result><uid-response><version>2.0</version><payload>${payload}</payload></uid-response></result></response>`;
  assert.equal(await lab.message(registerXml({ '10.1.0.9': ['a', 'b'] })), wrap('<register></register>'));
  assert.equal(await lab.message(unregisterXml({ '10.1.0.9': ['a'] })), wrap('<unregister></unregister>'));
  const both = `${registerXml({ '10.1.0.9': ['a'] })}${unregisterXml({ '10.1.0.9': ['b'] })}`;
  assert.equal(await lab.message(both), wrap('<unregister></unregister><register></register>'));
});

test('pairs that were not simply done: status error without code, message last', async () => {
  await using lab = await openLab();
  await lab.message(registerXml({ '10.1.0.9': ['k8s.ns_b', 'k8s.tmp'] }));
  const again = registerXml({ '10.1.0.9': ['k8s.ns_b', 'new', 'k8s.tmp'] });
  const gone = unregisterXml({ '10.1.0.9': ['k8s.ns_a'], '10.1.0.7': ['k8s.ns_a', 'x'], '10.1.0.8': [] });
  assert.equal(
    await lab.message(`${again}${gone}`),
    '<response status="error"><msg><line><uid-response><version>2.0</version><payload>' +
      '<unregister>' +
      '<entry ip="10.1.0.9" message="tag k8s.ns_a does not exist, ignore unreg"/>' +
      '<entry ip="10.1.0.7" message="ip 10.1.0.7 does not exist, ignore unreg"/>' +
      '<entry ip="10.1.0.7" message="ip 10.1.0.7 does not exist, ignore unreg"/>' +
      '<entry ip="10.1.0.8" message="ip 10.1.0.8 does not exist, ignore unreg"/>' +
      '</unregister><register>' +
      '<entry ip="10.1.0.9" message="tag k8s.ns_b already exists, ignore"/>' +
      '<entry ip="10.1.0.9" message="tag k8s.tmp already exists, ignore"/>' +
      '</register></payload></uid-response></line></msg></response>',
  );
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['k8s.ns_b', 'k8s.tmp', 'new'] });
});

test('the other text for an address that is not registered, by switch', async () => {
  await using lab = await openLab({ settings: { unknownAddressText: 'tag' } });
  const answer = await lab.message(unregisterXml({ '10.1.0.7': ['x'], '10.1.0.8': [] }));
  assert.match(answer, /<entry ip="10.1.0.7" message="tag x does not exist, ignore unreg"\/>/);
  assert.match(answer, /<entry ip="10.1.0.8" message="ip 10.1.0.8 does not exist, ignore unreg"\/>/);
});

test('a page of a read, with its own count and without deadlines', async () => {
  await using lab = await openLab();
  lab.simulator.plant({
    add: [
      { ip: '10.1.0.9', tags: ['k8s.ns_b', 'a & <b>'] },
      { ip: 'fd00::1', tags: ['x'], fromAgent: true, persistent: false, timeoutSeconds: 60 },
    ],
  });
  assert.equal(
    await lab.read(),
    `<response status="success"><result>
  <entry ip="10.1.0.9" from_agent="0" persistent="1"><tag><member>k8s.ns_b</member><member>a &amp; &lt;b&gt;</member></tag></entry>
  <entry ip="fd00::1" from_agent="1" persistent="0"><tag><member>x</member></tag></entry>
  <count>2</count>
</result></response>`,
  );
});

test('the empty table in both shapes, and the count', async () => {
  await using lab = await openLab();
  const countZero = '<response status="success"><result><count>0</count></result></response>';
  const count = '<all><option>count</option></all>';
  assert.equal(await lab.read(), '<response status="success"><result/></response>');
  assert.equal(await lab.read(count), countZero);
  lab.simulator.settings({ emptyTable: 'count-zero' });
  assert.equal(await lab.read(), countZero);
  lab.simulator.plant({ add: [{ ip: '10.1.0.9', tags: ['a', 'b'] }] });
  assert.equal(
    await lab.read(count),
    '<response status="success"><result><count>1</count></result></response>',
  );
});

test('an unknown or malformed command: a code and a CDATA line', async () => {
  await using lab = await openLab();
  const unknown = await lab.call({ type: 'op', cmd: '<show><clock/></show>' });
  assert.equal(unknown.status, 200);
  assert.equal(
    unknown.body,
    '<response status="error" code="17"><msg><line><![CDATA[show -> clock is unexpected]]></line></msg></response>',
  );
  const malformed = await lab.call({ type: 'op', cmd: '<show><clock></show>' });
  assert.match(
    malformed.body,
    /^<response status="error" code="18"><msg><line><!\[CDATA\[malformed command: .*\]\]><\/line><\/msg><\/response>$/,
  );
});
