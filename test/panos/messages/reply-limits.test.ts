// Replies are bounded by the kind of call before they are read: in bytes, in elements, in depth.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvelope, readResult } from '../../../src/panos/messages/envelope.ts';
import { readManagedDevices } from '../../../src/panos/messages/panorama-replies.ts';
import { readUidResponse } from '../../../src/panos/messages/response.ts';
import { clientOf, failure, never, type TestClient } from '../clients.ts';
import { failureOf } from '../fixtures.ts';
import { type Answer, reply, startScriptedDevice } from '../scripted-device.ts';

const tag = (n: number) => `k8s.ns_shop.${String(n).padStart(3, '0')}${'&'.repeat(112)}`;
const tags = Array.from({ length: 64 }, (_, n) => tag(n));
const escaped = (text: string) => text.replaceAll('&', '&amp;');
const addressOf = (n: number) => `2001:db8:0:0:1:2:3:${n.toString(16)}`;
const update = {
  unregister: [],
  register: Array.from({ length: 60 }, (_, n) => ({ ip: addressOf(n), tags })),
};

const calls: Readonly<Record<string, (client: TestClient) => Promise<unknown>>> = {
  'system info': (client) => client.systemInfo(never),
  'the HA state': (client) => client.haState({}, never),
  'the firewalls of a Panorama': (client) => client.managedDevices(never),
  'device groups': (client) => client.deviceGroups(never),
  'which groups are below which': (client) => client.groupHierarchy(never),
  'a count': (client) => client.count({}, never),
  'an address': (client) => client.readOne({ key: '10.0.0.1' }, never),
  'a page': (client) => client.readPage({ start: 1, limit: 500 }, never),
  'a message': (client) => client.update(update, never),
};

/** Megabytes without an end, and how many of them went out. */
function endless(status: number): { readonly answer: Answer; readonly sent: () => number } {
  let sent = 0;
  return {
    answer: (_, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.write('<response status="error"><msg>');
      const chunk = '<a b="c"/>'.repeat(100_000);
      const more = () => {
        while (!response.destroyed && sent < 60 && response.write(chunk)) sent += 1;
      };
      response.on('drain', more);
      more();
    },
    sent: () => sent,
  };
}

for (const status of [200, 500]) {
  for (const [what, call] of Object.entries(calls)) {
    test(`a reply to ${what} of 60 MB under HTTP ${status} is cut off`, async () => {
      const { answer, sent } = endless(status);
      await using device = await startScriptedDevice(answer);
      await using client = clientOf(device, { timeouts: { connectMs: 5_000, callMs: 60_000 } });
      const { reason, code, message } = await failure(call(client));
      assert.deepEqual([reason, code], ['InvalidResponse', 'SIZE_LIMIT']);
      assert.match(message, /^the reply exceeds the size limit of this call \(SIZE_LIMIT\)\. Check/);
      assert.ok(sent() < 30, `${sent()} MB`);
    });
  }
}

test('the largest replies that devices send are read: every pair of a message refused, and a page full of tags', async () => {
  const entries = update.register.flatMap(({ ip, tags: all }) =>
    all.map(
      (one) => `<entry ip="${ip}" message="tag ${escaped(one)} cannot be registered on this device now"/>`,
    ),
  );
  const refused = `<response status="error"><msg><line><uid-response><version>2.0</version><payload><register>${entries.join('')}</register></payload></uid-response></line></msg></response>`;
  const members = tags.map((one) => `<member>${escaped(one)}</member>`).join('');
  const page = Array.from(
    { length: 120 },
    (_, n) => `<entry ip="${addressOf(n)}" from_agent="0" persistent="1"><tag>${members}</tag></entry>`,
  );
  const read = `<response status="success"><result>${page.join('')}<count>120</count></result></response>`;
  await using device = await startScriptedDevice(reply(refused), reply(read));
  await using client = clientOf(device);
  const { rejected } = await client.update(update, never);
  assert.equal(rejected.length, 60 * 64);
  assert.deepEqual([rejected[65]?.tag, rejected[65]?.ip], [tags[1], '2001:db8::1:2:3:1']);
  const entriesRead = await client.readPage({ start: 1, limit: 500 }, never);
  assert.deepEqual([entriesRead.length, entriesRead[7]?.tags], [120, tags]);
});

const around = (inner: string) => `<response status="success"><result>${inner}</result></response>`;

test('elements, attributes, references and depth are bounded, each by the kind of reply', () => {
  const many = 30_000;
  for (const inner of [
    '<a/>'.repeat(many),
    `<a ${Array.from({ length: many }, (_, n) => `b${n}="1"`).join(' ')}/>`,
    '&amp;'.repeat(500_001),
    `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`,
  ])
    assert.equal(failureOf(() => readResult(around(inner))).reason, 'InvalidResponse', inner.slice(0, 20));
  assert.doesNotThrow(() => readResult(around('<a b="c">&amp;</a>'.repeat(9_000))));
  const fleet = '<entry name="1"><connected>yes</connected></entry>'.repeat(20_000);
  assert.equal(readManagedDevices(around(`<devices>${fleet}</devices>`)).length, 20_000);
  const one = { unregister: [], register: [{ ip: '10.0.0.1', tags: ['a'] }] };
  const entry = '<entry ip="10.0.0.1" message="no"/>';
  const named = (times: number) =>
    `<response status="error"><msg><line><uid-response><payload><register>${entry.repeat(times)}</register></payload></uid-response></line></msg></response>`;
  assert.equal(readUidResponse(named(10), one).length, 10);
  assert.equal(failureOf(() => readUidResponse(named(40), one)).reason, 'InvalidResponse');
});

test('a tree has what a document says, and a name that would reach a prototype is no answer', () => {
  const text =
    '<?xml version="1.0"?><!-- a --><response status = "success" ><result> x <a/><a b=\'1\'>y</a><c><![CDATA[<d> ]]>&#101;<!-- --></c> </result></response> <!-- b -->';
  const { response } = readEnvelope(text, 'read');
  const { result } = response as { result: Record<string, unknown> };
  assert.deepEqual(Object.entries(result), [
    ['a', ['', { '@b': '1', '#text': 'y' }]],
    ['c', '<d> e'],
    ['#text', 'x'],
  ]);
  const repeated = text.replace('<d>', '<!DOCTYPE d>');
  assert.equal((readEnvelope(repeated, 'read').response['result'] as { c: string }).c, '<!DOCTYPE d> e');
  const typed = text.replace('<!-- a -->', '<!-- a --> <!DOCTYPE d [<!ENTITY e "f">]>');
  assert.equal(failureOf(() => readEnvelope(typed, 'read')).reason, 'InvalidResponse');
  const odd = text.replace('<a/>', '<__proto__>z</__proto__>');
  assert.equal(failureOf(() => readEnvelope(odd, 'read')).reason, 'InvalidResponse');
});
