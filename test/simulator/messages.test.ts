// Effects of register, unregister and clear on the tables.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, readXml, registerXml, uidMessage, unregisterXml, type Lab } from './api-client.ts';

/** The failing pairs of an answer: [ip, message]. */
const failures = (answer: string): string[][] =>
  [...answer.matchAll(/<entry ip="([^"]*)" message="([^"]*)"\/>/g)].map(([, ip = '', text = '']) => [
    ip,
    text,
  ]);

test('unregister is worked off before register, whatever the order in the document', async () => {
  await using lab = await openLab();
  await lab.message(registerXml({ '10.1.0.9': ['old', 'kept'] }));
  const register = registerXml({ '10.1.0.9': ['new', 'kept'] });
  const unregister = unregisterXml({ '10.1.0.9': ['old', 'kept'] });
  assert.deepEqual(failures(await lab.message(`${register}${unregister}`)), []);
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['new', 'kept'] });
});

test("the order of the message's children is free, and the version is ignored", async () => {
  await using lab = await openLab();
  const payload = `<payload>${registerXml({ '10.1.0.9': ['a'] })}</payload>`;
  for (const version of ['', '<version>1.0</version>', '<version>9</version>']) {
    const cmd = `<?xml version="1.0"?>\n<uid-message>${payload}<type>update</type>${version}</uid-message>\n`;
    assert.match((await lab.call({ type: 'user-id', cmd })).body, /<uid-response><version>2\.0<\/version>/);
  }
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['a'] });
});

test('an entry without tags drops them all, the last tag its address', async () => {
  await using lab = await openLab();
  await lab.message(registerXml({ '10.1.0.8': ['a'], '10.1.0.9': ['a', 'b'] }));
  assert.deepEqual(failures(await lab.message(unregisterXml({ '10.1.0.8': ['a'], '10.1.0.9': [] }))), []);
  assert.deepEqual(lab.tags(), {});
});

test('a pair twice in one message is registered once and told once', async () => {
  await using lab = await openLab();
  const answer = await lab.message(registerXml({ '10.1.0.9': ['a', 'a'] }));
  assert.deepEqual(failures(answer), [['10.1.0.9', 'tag a already exists, ignore']]);
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['a'] });
});

test('clear empties one vsys, foreign entries too, before the rest of the message', async () => {
  await using lab = await openLab({ vsys: ['vsys1', 'vsys2'] });
  lab.simulator.plant({ add: [{ ip: '10.9.9.9', tags: ['foreign'], fromAgent: true }] });
  await lab.message(registerXml({ '10.1.0.9': ['a'] }), 'vsys2');
  const clear = '<clear><registered-ip><all/></registered-ip></clear>';
  const answer = await lab.message(`${registerXml({ '10.1.0.9': ['b'] })}${clear}`);
  assert.match(answer, /status="success".*<clear><\/clear><register><\/register>/);
  assert.deepEqual([lab.tags('vsys1'), lab.tags('vsys2')], [{ '10.1.0.9': ['b'] }, { '10.1.0.9': ['a'] }]);
});

test('addresses are kept in canonical text and answered as sent', async () => {
  await using lab = await openLab();
  await lab.message(registerXml({ '2001:DB8:0::7': ['a'], '10.1.0.9/32': ['a'], '10.1.2.3/24': ['a'] }));
  assert.deepEqual(Object.keys(lab.tags()), ['2001:db8::7', '10.1.0.9', '10.1.2.0/24']);
  const again = await lab.message(registerXml({ '2001:db8::0:7': ['a'] }));
  assert.deepEqual(failures(again), [['2001:db8::0:7', 'tag a already exists, ignore']]);
});

test('a pair that breaks a rule fails alone, with its text, and the others are applied', async () => {
  await using lab = await openLab();
  const bad = ['', `it's`, 'a  b', 'AND', 'x'.repeat(128), 'say "x"'];
  const answer = await lab.message(
    registerXml({ '10.1.0.9': ['ok', ...bad], '10.1.0.300': ['a'], '10.1.0.10': ['ok'] }),
  );
  const texts = bad.map((tag) => ['10.1.0.9', `tag ${tag.replaceAll('"', '&quot;')} is invalid`]);
  assert.deepEqual(failures(answer), [...texts, ['10.1.0.300', 'ip 10.1.0.300 is invalid']]);
  assert.match(answer, /^<response status="error"><msg>/);
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['ok'], '10.1.0.10': ['ok'] });
  assert.deepEqual(failures(await lab.message(unregisterXml({ web: ['a'] }))), [
    ['web', 'ip web is invalid'],
  ]);
  assert.deepEqual(failures(await lab.message(registerXml({ '10.1.0.9': [] }))), [
    ['10.1.0.9', 'no tag to register'],
  ]);
});

test('tags per address are limited, over all messages', async () => {
  await using lab = await openLab({ settings: { limits: { tagsPerAddress: 2 } } });
  lab.simulator.plant({ add: [{ ip: '10.1.0.9', tags: ['foreign'] }] });
  const answer = await lab.message(registerXml({ '10.1.0.9': ['a', 'foreign', 'b'], '10.1.0.8': ['b'] }));
  assert.deepEqual(failures(answer), [
    ['10.1.0.9', 'tag foreign already exists, ignore'],
    ['10.1.0.9', 'tag b: total number of tags exceeds the limit 2'],
  ]);
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['foreign', 'a'], '10.1.0.8': ['b'] });
});

test('32 tags are the limit of old', async () => {
  await using lab = await openLab();
  const tags = Array.from({ length: 33 }, (_, index) => `t${index}`);
  assert.equal(failures(await lab.message(registerXml({ '10.1.0.9': tags }))).length, 1);
  assert.equal(lab.tags()['10.1.0.9']?.length, 32);
});

test('addresses are limited over all vsys, and one that goes makes room in the same message', async () => {
  await using lab = await openLab({
    vsys: ['vsys1', 'vsys2'],
    settings: { limits: { registeredAddresses: 2 } },
  });
  await lab.message(registerXml({ '10.1.0.1': ['a'] }), 'vsys1');
  await lab.message(registerXml({ '10.1.0.2': ['a'] }), 'vsys2');
  const full = await lab.message(registerXml({ '10.1.0.3': ['a', 'b'], '10.1.0.1': ['b'] }));
  assert.deepEqual(failures(full), [
    ['10.1.0.3', 'Failed to register'],
    ['10.1.0.3', 'Failed to register'],
  ]);
  const moved = await lab.message(
    `${registerXml({ '10.1.0.3': ['a'] })}${unregisterXml({ '10.1.0.1': [] })}`,
  );
  assert.deepEqual(failures(moved), []);
  assert.deepEqual([lab.tags('vsys1'), lab.tags('vsys2')], [{ '10.1.0.3': ['a'] }, { '10.1.0.2': ['a'] }]);
});

test('the texts of failures can be set', async () => {
  await using lab = await openLab({ settings: { failureTexts: { invalidTag: '{tag} of {ip}: no' } } });
  assert.deepEqual(failures(await lab.message(registerXml({ '10.1.0.9': ['or'] }))), [
    ['10.1.0.9', 'or of 10.1.0.9: no'],
  ]);
});

test('timeouts tick', async () => {
  let now = 1_000_000;
  await using lab = await openLab({ clock: () => now });
  const member = (tag: string, timeout: string): string => `<member timeout="${timeout}">${tag}</member>`;
  const members = [member('short', '60'), member('never', '0'), member('long', '2592000')].join('');
  const register = `<register><entry ip="10.1.0.9"><tag>${members}</tag></entry></register>`;
  assert.deepEqual(failures(await lab.message(register)), []);
  assert.deepEqual(lab.simulator.tables()['vsys1']?.['10.1.0.9']?.expiresIn, { short: 60, long: 2_592_000 });
  now += 59_000;
  assert.deepEqual(failures(await lab.message(register)).length, 3);
  now += 1000;
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['never', 'long'] });
});

test('a pair registered again takes the new timeout and flag only by switch', async () => {
  let now = 1_000_000;
  await using lab = await openLab({ clock: () => now });
  const register = (timeout: number, persistent: number): Promise<string> =>
    lab.message(
      `<register><entry ip="10.1.0.9" persistent="${persistent}"><tag><member timeout="${timeout}">a</member></tag></entry></register>`,
    );
  const entry = () => lab.simulator.tables()['vsys1']?.['10.1.0.9'];
  await register(60, 1);
  now += 30_000;
  assert.equal(failures(await register(60, 0)).length, 1);
  assert.deepEqual(entry(), { tags: ['a'], fromAgent: false, persistent: true, expiresIn: { a: 30 } });
  lab.simulator.settings({ reRegisterRefreshes: true });
  assert.equal(failures(await register(60, 0)).length, 0);
  assert.deepEqual(entry(), { tags: ['a'], fromAgent: false, persistent: false, expiresIn: { a: 60 } });
});

test('unregister and register in one message renews a timeout under both readings', async () => {
  let now = 1_000_000;
  await using lab = await openLab({ clock: () => now });
  const register =
    '<register><entry ip="10.1.0.9"><tag><member timeout="60">a</member></tag></entry></register>';
  await lab.message(register);
  now += 30_000;
  assert.deepEqual(failures(await lab.message(`${unregisterXml({ '10.1.0.9': ['a'] })}${register}`)), []);
  assert.deepEqual(lab.simulator.tables()['vsys1']?.['10.1.0.9']?.expiresIn, { a: 60 });
});

test('a timeout that is none, or above 30 days, fails its pair', async () => {
  await using lab = await openLab();
  for (const timeout of ['-1', '1.5', 'x', '', '2592001']) {
    const member = `<member timeout="${timeout}">a</member>`;
    const answer = await lab.message(
      `<register><entry ip="10.1.0.9"><tag>${member}</tag></entry></register>`,
    );
    assert.deepEqual(failures(answer), [['10.1.0.9', 'timeout of tag a is invalid']], timeout);
  }
});

test('each vsys has its own table; without the parameter it is the first', async () => {
  await using lab = await openLab({ vsys: ['vsys1', 'vsys3'] });
  await lab.message(registerXml({ '10.1.0.9': ['a'] }));
  await lab.message(registerXml({ '10.1.0.9': ['b'] }), 'vsys3');
  assert.deepEqual([lab.tags('vsys1'), lab.tags('vsys3')], [{ '10.1.0.9': ['a'] }, { '10.1.0.9': ['b'] }]);
  assert.match(await lab.read('<all/>', 'vsys3'), /<member>b</);
});

test('an unknown vsys is refused, for writes and reads', async () => {
  await using lab = await openLab();
  for (const parameters of [
    { type: 'user-id', cmd: uidMessage(registerXml({ '10.1.0.9': ['a'] })) },
    { type: 'op', cmd: readXml() },
  ]) {
    const { status, body } = await lab.call({ ...parameters, vsys: 'vsys9\u0001' });
    assert.equal(status, 400);
    assert.match(body, /Parameter "vsys" names no virtual system: vsys9\ufffd</);
  }
  assert.deepEqual(lab.tags(), {});
});

const malformed = [
  '',
  '<uid-message>',
  '<uid-message><type>update</type><payload><register><entry ip="1.1.1.1"><tag><member>a & b</member></tag></entry></register></payload></uid-message>',
];

const odd = [
  '<uid><type>update</type><payload/></uid>',
  '<uid-message><payload/></uid-message>',
  '<uid-message><type>other</type><payload/></uid-message>',
  '<uid-message><type>update</type></uid-message>',
  '<uid-message><type>update</type><payload/><payload/></uid-message>',
  uidMessage('<logon><entry name="u" ip="10.0.0.5"/></logon>'),
  uidMessage('<login><entry name="u"/></login>'),
  uidMessage('<login><entry name="u" ip="10.0.0.5"><tag/></entry></login>'),
  uidMessage('<groups><entry name="g"/></groups>'),
  uidMessage('<register-user><entry><tag><member>a</member></tag></entry></register-user>'),
  uidMessage('<register/><register/>'),
  uidMessage('<register>text</register>'),
  uidMessage('<register><entry><tag><member>a</member></tag></entry></register>'),
  uidMessage('<register><entry ip="10.1.0.9"><tag/></entry></register>'),
  uidMessage('<unregister><entry ip="10.1.0.9"><tag/></entry></unregister>'),
  uidMessage('<unregister><entry ip="10.1.0.9"/><tag><member>a</member></tag></unregister>'),
  uidMessage('<register><entry ip="10.1.0.9"><tag><member><b/></member></tag></entry></register>'),
  uidMessage('<register><entry ip="10.1.0.9"><tag><member>a</member></tag><tag/></entry></register>'),
  uidMessage(
    '<register><entry ip="10.1.0.9" persistent="yes"><tag><member>a</member></tag></entry></register>',
  ),
  uidMessage('<clear/>'),
  uidMessage('<clear><registered-ip/></clear>'),
  uidMessage('<clear><registered-user/></clear>'),
  uidMessage('<clear><users><all/></users></clear>'),
];

const codeOf = async (lab: Lab, cmd: string): Promise<string | undefined> =>
  /^<response status="error" code="(\d+)">/.exec((await lab.call({ type: 'user-id', cmd })).body)?.[1];

test('a message that is not well-formed or is odd is refused whole', async () => {
  await using lab = await openLab();
  await lab.message(registerXml({ '10.1.0.9': ['kept'] }));
  for (const cmd of malformed) assert.equal(await codeOf(lab, cmd), '18', cmd);
  for (const cmd of odd) assert.equal(await codeOf(lab, cmd), '17', cmd);
  assert.deepEqual(lab.tags(), { '10.1.0.9': ['kept'] });
});

test('an empty payload is done at once', async () => {
  await using lab = await openLab();
  assert.match(await lab.message(''), /status="success".*<payload><\/payload>/);
  assert.match(await lab.message('<register/>'), /status="success".*<register><\/register>/);
});
