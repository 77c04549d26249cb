// Users: logins, groups and their tags.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, type Lab } from './api-client.ts';

const login = (name: string, ip: string, timeout?: number): string =>
  `<login><entry name="${name}" ip="${ip}"${timeout === undefined ? '' : ` timeout="${timeout}"`}/></login>`;

const tagUser = (user: string, ...tags: string[]): string =>
  `<register-user><entry user="${user}"><tag>${tags.map((tag) => `<member>${tag}</member>`).join('')}</tag></entry></register-user>`;

const group = (name: string, ...members: string[]): string =>
  `<groups><entry name="${name}"><members>${members.map((user) => `<entry name="${user}"/>`).join('')}</members></entry></groups>`;

const show = async (lab: Lab, cmd: string): Promise<string> => (await lab.call({ type: 'op', cmd })).body;

const view = (lab: Lab) => lab.simulator.users()['vsys1'];

test('logins last their minutes, 45 by default, for ever with 0', async () => {
  let now = 1_000_000;
  await using lab = await openLab({ clock: () => now });
  await lab.message(login('corp\\ann', '10.0.0.5'));
  await lab.message(login('corp\\bob', '10.0.0.6', 20));
  await lab.message(login('corp\\cid', '10.0.0.7', 0));
  const mappings = await show(lab, '<show><user><ip-user-mapping><all/></ip-user-mapping></user></show>');
  assert.match(
    mappings,
    /<entry><ip>10\.0\.0\.6<\/ip><vsys>vsys1<\/vsys><type>XMLAPI<\/type><user>corp\\bob<\/user><idle_timeout>1200<\/idle_timeout><timeout>1200<\/timeout><\/entry>/,
  );
  assert.match(mappings, /<count>3<\/count>/);
  now += 20 * 60_000;
  assert.deepEqual(view(lab)?.logins, { '10.0.0.5': 'corp\\ann', '10.0.0.7': 'corp\\cid' });
  now += 25 * 60_000;
  assert.deepEqual(view(lab)?.logins, { '10.0.0.7': 'corp\\cid' });
  const one = '<show><user><ip-user-mapping><ip>10.0.0.7</ip></ip-user-mapping></user></show>';
  assert.match(await show(lab, one), /corp\\cid.*<count>1</);
});

test('a logout is refused where it deletes nothing, and comes after logins', async () => {
  await using lab = await openLab();
  const logout = (attributes: string): string => `<logout><entry ${attributes}/></logout>`;
  assert.match(
    await lab.message(logout('ip="10.0.0.5"')),
    /status="error".*<entry ip="10\.0\.0\.5" message="Delete mapping failed"\/>/,
  );
  await lab.message(login('ann', '10.0.0.5'));
  assert.match(await lab.message(logout('name="bob" ip="10.0.0.5"')), /Delete mapping failed/);
  assert.match(await lab.message(logout('name="ann" ip="10.0.0.5"')), /status="success"/);
  await lab.message(`${logout('ip="10.0.0.6"')}${login('ann', '10.0.0.6')}`);
  assert.deepEqual(view(lab)?.logins, {});
  assert.match(await lab.message(login('', '10.0.0.5')), /name="" message="Invalid user name"/);
});

test('groups are sent whole, listed as text, and go when they are empty', async () => {
  await using lab = await openLab();
  await lab.message(group('staff', 'ann', 'bob'));
  await lab.message(group('guests', 'cid'));
  const list = '<show><user><group><list/></group></user></show>';
  assert.match(await show(lab, list), /<!\[CDATA\[\nstaff \nguests \n\nTotal: 2\n/);
  const members = '<show><user><group><name>staff</name></group></user></show>';
  assert.match(await show(lab, members), /source type: xmlapi\n\n\[1 {5}\] ann\n\[2 {5}\] bob\n/);
  await lab.message(group('staff', 'bob'));
  assert.deepEqual(view(lab)?.groups, { staff: ['bob'], guests: ['cid'] });
  await lab.message(group('staff'));
  assert.match(await show(lab, members), /User group 'staff' does not exist or does not have members/);
});

test('only known users are tagged, and their tags are read back, paged inside all', async () => {
  await using lab = await openLab();
  assert.match(
    await lab.message(tagUser('ann', 'vpn')),
    /status="error".*<entry user="ann" message="user ann does not exist"\/>/,
  );
  await lab.message(`${tagUser('ann', 'vpn', 'mfa')}${login('ann', '10.0.0.5')}`);
  await lab.message(`${group('staff', 'bob')}${tagUser('bob', 'vpn')}`);
  const read = async (inner: string): Promise<string> =>
    show(lab, `<show><object><registered-user>${inner}</registered-user></object></show>`);
  assert.match(
    await read('<all/>'),
    /<entry user="ann"><tag><member>vpn<\/member><member>mfa<\/member><\/tag><\/entry><entry user="bob">.*<count>2</,
  );
  const paged = await read('<all><limit>1</limit><start-point>2</start-point></all>');
  assert.match(paged, /<result><entry user="bob">.*<count>1</);
  assert.match(await read('<user>ann</user>'), /<result><entry user="ann">.*<count>1</);
  assert.match(await read('<all><option>count</option></all>'), /<result><count>2<\/count><\/result>/);
});

test('tags of users run out, are refused twice, unregister one by one or all, and survive a reboot', async () => {
  let now = 1_000_000;
  await using lab = await openLab({ clock: () => now, settings: { usersMustBeKnown: false } });
  const timed =
    '<register-user><entry user="ann"><tag><member timeout="60">tmp</member></tag></entry></register-user>';
  await lab.message(timed);
  await lab.message(tagUser('ann', 'a', 'b', 'c'));
  assert.match(await lab.message(tagUser('ann', 'a')), /user="ann" message="tag a already exists, ignore"/);
  const drop =
    '<unregister-user><entry user="ann"><tag><member>a</member><member>x</member></tag></entry></unregister-user>';
  assert.match(await lab.message(drop), /message="tag x does not exist, ignore unreg"/);
  now += 60_000;
  lab.simulator.reboot();
  await lab.reconnect();
  assert.deepEqual(view(lab)?.tags, { ann: ['b', 'c'] });
  await lab.message('<unregister-user><entry user="ann"/></unregister-user>');
  assert.deepEqual(view(lab)?.tags, {});
  await lab.message(tagUser('ann', 'a'));
  await lab.message('<clear><registered-user><all/></registered-user></clear>');
  assert.deepEqual(view(lab)?.tags, {});
});

test('tags of users have the limits of tags', async () => {
  await using lab = await openLab({ settings: { usersMustBeKnown: false, limits: { tagsPerUser: 1 } } });
  assert.match(await lab.message(tagUser('ann', 'and')), /tag and is invalid/);
  assert.match(
    await lab.message(tagUser('ann', 'a', 'b')),
    /tag b: total number of tags exceeds the limit 1/,
  );
  assert.deepEqual(view(lab)?.tags, { ann: ['a'] });
});
