// Laws of the page scanner: it equals a general parser on every page, and takes no part or damage of one for a page.
import { DeviceError } from '../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { canonicalHost } from '../../src/core/syntax/address.ts';
import {
  createRegisteredIpReader,
  type RegisteredIp,
} from '../../src/panos/messages/registered-ip-reader.ts';
import { failureOf } from './fixtures.ts';

const readPage = (text: string) => createRegisteredIpReader()(text);
const page = (inner: string) => `<response status="success"><result>${inner}</result></response>`;

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  isArray: (name) => name === 'entry' || name === 'member',
});

type ParsedEntry = {
  '@ip': string;
  '@from_agent': string;
  '@persistent': string;
  tag: { member?: (string | { '#text'?: string })[] } | string;
};

/** The same page by a general parser, which leaves white space in attributes as it is. */
function parsePage(text: string): RegisteredIp[] {
  const result = parser.parse(text, true).response.result;
  const addressOf = (ip: string) => canonicalHost(ip) ?? ip.replace(/[\t\n]/g, ' ');
  return (result.entry ?? []).map((parsed: ParsedEntry) => ({
    ip: addressOf(parsed['@ip']),
    fromAgent: parsed['@from_agent'] === '1',
    persistent: parsed['@persistent'] === '1',
    tags: typeof parsed.tag === 'string' ? [] : (parsed.tag.member ?? []),
  }));
}

const space = fc.constantFrom('', ' ', '\n', '\n    ', '\t');
const quotes = fc.constantFrom('"', "'");
const escaped = (text: string) =>
  text.replace(
    /[&<>"']/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' })[c] ?? c,
  );
const tagTexts = fc.oneof(
  fc.constantFrom('k8s.ns_a.web', 'k8s.ns_b.db', 'R&D "x"', "it's <b>", 'käse 🧀'),
  fc.string({ minLength: 1, maxLength: 12 }),
);
const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended(), fc.constant('10.0.0.0/24'));

const entryTexts = fc
  .record({
    ip: hosts,
    agent: fc.constantFrom('0', '1'),
    persistent: fc.constantFrom('0', '1'),
    s: space,
    q: quotes,
  })
  .chain(({ ip, agent, persistent, s, q }) =>
    fc.array(tagTexts, { maxLength: 4 }).map((tags) => {
      const members = tags.map((tag) => `${s}<member>${escaped(tag)}</member>`).join('');
      const list = tags.length === 0 ? '<tag/>' : `<tag>${members}${s}</tag>`;
      return `<entry ip=${q}${ip}${q} from_agent=${q}${agent}${q} persistent=${q}${persistent}${q}>${s}${list}${s}</entry>`;
    }),
  );

const pages = fc
  .record({
    texts: fc.array(entryTexts, { maxLength: 6 }),
    s: space,
    declaration: fc.constantFrom('', '<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-8"?>\n'),
  })
  .map(({ texts, s, declaration }) => {
    const inner = [...texts, `<count>${texts.length}</count>`].join(s);
    return `${declaration}<response status="success">${s}<result>${s}${inner}${s}</result>${s}</response>`;
  });

test('every page reads as a general parser reads it', () => {
  const shared = createRegisteredIpReader();
  fc.assert(
    fc.property(pages, (text) => {
      const wanted = parsePage(text);
      assert.deepEqual(readPage(text), wanted);
      assert.deepEqual(shared(text), wanted, 'with a reader that has read other pages');
    }),
    { numRuns: 500 },
  );
});

test('every page cut off anywhere is InvalidResponse', () => {
  fc.assert(
    fc.property(pages, (text) => {
      const read = createRegisteredIpReader();
      read(text);
      for (let length = 0; length < text.length; length += 1) {
        const { reason } = failureOf(() => read(text.slice(0, length)));
        assert.equal(reason, 'InvalidResponse', `cut after ${length} characters`);
      }
    }),
    { numRuns: 50 },
  );
});

/** A page with a piece of it replaced, doubled or removed. */
const damaged = fc
  .record({
    text: pages,
    at: fc.nat(),
    length: fc.nat({ max: 20 }),
    patch: fc.oneof(
      fc.constantFrom(
        '',
        '<',
        '>',
        '"',
        '&',
        '</entry>',
        '<member>',
        '</tag>',
        '<count>0</count>',
        '<!--',
        ']]>',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
  })
  .map(({ text, at, length, patch }) => {
    const start = at % text.length;
    return text.slice(0, start) + patch + text.slice(start + length);
  });

test('any damage gives a DeviceError, or the page that a general parser sees too', () => {
  fc.assert(
    fc.property(damaged, (text) => {
      let read: readonly RegisteredIp[];
      try {
        read = readPage(text);
      } catch (error) {
        assert.ok(error instanceof DeviceError, String(error));
        return;
      }
      // Of an entry that is no XML only the address is told; the general parser cannot read the page then.
      const readable = read.filter((entry) => entry.unreadable !== true);
      if (readable.length < read.length) return assert.ok(read.every(({ ip }) => ip !== ''));
      // The general parser reads processing instructions and comments more narrowly.
      if (/<\?(?!xml version="1\.0"(?: encoding="UTF-8")?\?>)|<!/.test(text)) return;
      const wanted = parsePage(text);
      assert.deepEqual(
        read.map(({ ip }) => ip),
        wanted.map(({ ip }) => ip),
      );
      const withText = wanted.flatMap(({ tags }) => tags);
      assert.equal(read.flatMap(({ tags }) => tags).length, withText.length);
    }),
    { numRuns: 5000 },
  );
});

test('law: whatever stands in one entry, the others are read or the page is none, and nobody gets its tags', () => {
  const inner = fc
    .array(
      fc.oneof(
        fc.constantFrom('<', '>', '&', '"', '=', '<=>', '<!--', '-->', '<![CDATA[', ']]>', '<tag>', '</tag>'),
        fc.constantFrom(
          '<member>',
          '</member>',
          '<member/>',
          '<entry>',
          '</entry>',
          '<?',
          '?>',
          'R&D',
          'k8s.x',
        ),
        fc.string({ unit: 'binary', maxLength: 4 }),
      ),
      { maxLength: 10 },
    )
    .map((parts) => parts.join(''));
  const good = (n: number) =>
    `<entry ip="10.0.0.${n}" from_agent="0" persistent="1"><tag><member>t${n}</member></tag></entry>`;
  fc.assert(
    fc.property(inner, (text) => {
      const bad = `<entry ip="10.0.0.2" from_agent="0" persistent="1"><tag><member>${text}</member></tag></entry>`;
      let read: readonly RegisteredIp[];
      try {
        read = readPage(page(`${good(1)}${bad}${good(3)}<count>3</count>`));
      } catch (error) {
        assert.ok(error instanceof DeviceError, String(error));
        // The text was taken for the end of the entry, or opened something that swallowed its end.
        assert.match(text, /<\/?entry|<!|<\?/);
        return;
      }
      assert.deepEqual(
        read.map(({ ip }) => ip),
        ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
      );
      assert.deepEqual([read[0]?.tags, read[2]?.tags], [['t1'], ['t3']]);
    }),
    { numRuns: 5000 },
  );
});

test('any text gives a value or a DeviceError', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (text) => {
      for (const whole of [text, page(text), `<response status="success">${text}`]) {
        try {
          assert.ok(Array.isArray(readPage(whole)));
        } catch (error) {
          assert.ok(error instanceof DeviceError, String(error));
        }
      }
    }),
    { numRuns: 2000 },
  );
});
