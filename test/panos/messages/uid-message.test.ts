// The uid-message: golden files for its exact text, and the law that a parser reads back what was written.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { spaceFor, sectionsOf } from '../../../src/core/message/batch.ts';
import { encodeUidMessage, type Entry } from '../../../src/panos/messages/uid-message.ts';
import { urlencodedBytes } from '../urlencoded-bytes.ts';

const golden = {
  'both-sections': {
    unregister: [
      { ip: '10.1.0.7', tags: ['k8s.ns_a.web'] },
      { ip: '2001:db8::1', tags: ['k8s.ns_a.web', 'k8s.ns_a.on.node-1'] },
    ],
    register: [{ ip: '10.1.0.7', tags: ['k8s.ns_b.db'] }],
  },
  'register-escaped': {
    unregister: [],
    register: [{ ip: '10.1.0.9', tags: [`<a> & "b" 'c'`, 'käse 🧀', '&amp;', '\t\n\r'] }],
  },
  timeouts: {
    unregister: [{ ip: '10.1.0.7', tags: ['k8s.ns_a.web'] }],
    register: [
      { ip: '10.1.0.7', tags: ['k8s.ns_a.web', 'k8s.ns_b.db'], timeoutSeconds: 2_592_000 },
      { ip: '10.1.0.8', tags: ['k8s.ns_a.web'], timeoutSeconds: 0 },
    ],
  },
  unregister: { unregister: [{ ip: '10.1.0.7', tags: ['k8s.ns_a.web'] }], register: [] },
} as const;

for (const [name, update] of Object.entries(golden)) {
  test(`the message ${name} is written as in its golden file`, () => {
    const file = readFileSync(new URL(`../golden/${name}.xml`, import.meta.url), 'utf8');
    assert.equal(`${encodeUidMessage(update)}\n`, file);
  });
}

test('an entry without tags is refused: it would drop the tags of others', () => {
  const bare = [{ ip: '10.0.0.1', tags: [] }];
  assert.throws(() => encodeUidMessage({ unregister: bare, register: [] }), /names no tags/);
  assert.throws(() => encodeUidMessage({ unregister: [], register: bare }), /names no tags/);
});

test('a message without entries is refused', () => {
  assert.throws(() => encodeUidMessage({ unregister: [], register: [] }), /at least one entry/);
});

test('characters that XML cannot carry are refused', () => {
  for (const tag of ['\u0000', 'a\u0007b', '\u001f', '\ufffe', '\uffff', '\ud800', 'a\udc00b']) {
    const update = { unregister: [], register: [{ ip: '10.0.0.1', tags: [tag] }] };
    assert.throws(() => encodeUidMessage(update), /XML cannot carry/, JSON.stringify(tag));
  }
});

const carried = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 20 })
  .filter((text) => !/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.test(text));
const entries: fc.Arbitrary<Entry[]> = fc.array(
  fc.record(
    { ip: carried, tags: fc.array(carried, { minLength: 1, maxLength: 4 }) },
    { noNullPrototype: true },
  ),
  { maxLength: 5 },
);
const updates = fc
  .record({ unregister: entries, register: entries })
  .filter(({ unregister, register }) => unregister.length + register.length > 0);

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  trimValues: false,
  isArray: (name) => name === 'entry' || name === 'member',
});

type Parsed = { '@ip': string; '@persistent'?: string; tag: { member: string[] } };

/** fast-xml-parser leaves numeric references as they are. */
function numeric(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}

test('a parser reads back what was written, sections, order and flags', () => {
  // An ampersand reads back as the start of what may look like a numeric reference: not the writer's matter.
  const plain = updates.filter((update) => !JSON.stringify(update).includes('&#'));
  fc.assert(
    fc.property(plain, (update) => {
      const payload = parser.parse(encodeUidMessage(update), true)['uid-message'].payload;
      for (const section of ['unregister', 'register'] as const) {
        const parsed: Parsed[] = payload[section]?.entry ?? [];
        const read = parsed.map((entry) => ({
          ip: numeric(entry['@ip']),
          tags: entry.tag.member.map(numeric),
        }));
        assert.deepEqual(read, update[section]);
        for (const entry of parsed)
          assert.equal(entry['@persistent'], section === 'register' ? '1' : undefined);
      }
    }),
  );
});

// What no tag of ours may hold is left out: quotes and control characters.
const legal = carried.filter((text) => !/['"\p{Cc}]/u.test(text));
const tagSets = fc.uniqueArray(legal, { maxLength: 3 });
const batches = fc.array(
  fc
    .record({
      address: fc.constantFrom('10.200.100.250', 'fd00:1234:5678:9abc:def0:1234:5678:9abc'),
      register: tagSets,
      unregister: tagSets,
      refresh: tagSets,
      timeoutSeconds: fc.constantFrom(0, 900, 2_592_000),
      causes: fc.constant(new Map()),
      since: fc.constant(0),
    })
    .filter((item) => Object.values(sectionsOf(item)).some((tags) => tags.length > 0)),
  { minLength: 2, maxLength: 12 },
);

test('law: a message of legal tags for which there was room is never larger', () => {
  fc.assert(
    fc.property(batches, fc.integer({ min: 1000, max: 6000 }), (batch, bytes) => {
      const fits = spaceFor({ entries: 500, bytes });
      const end = batch.findIndex((item) => !fits(item));
      const admitted = batch.slice(0, end === -1 ? batch.length : end);
      const entriesOf = (section: 'register' | 'unregister') =>
        admitted
          .map((item) => ({ ...item, ip: item.address, tags: sectionsOf(item)[section] }))
          .filter(({ tags }) => tags.length > 0);
      const update = { unregister: entriesOf('unregister'), register: entriesOf('register') };
      fc.pre(admitted.length > 1);
      const size = urlencodedBytes(encodeUidMessage(update));
      assert.ok(size <= bytes, `${size} bytes where ${bytes} were allowed`);
    }),
  );
});
