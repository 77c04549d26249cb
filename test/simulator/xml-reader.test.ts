// The strict reader of XML.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readXml, XmlError, type XmlElement } from '../../simulator/xml/xml-reader.ts';
import { cdata, escapeAttribute, escapeText } from '../../simulator/xml/xml-writer.ts';

const shape = ({ name, attributes, children, text }: XmlElement): unknown => ({
  name,
  ...(attributes.size > 0 && { attributes: Object.fromEntries(attributes) }),
  ...(children.length > 0 && { children: children.map(shape) }),
  ...(text !== '' && { text }),
});

const accepted: readonly (readonly [string, unknown])[] = [
  ['<a/>', { name: 'a' }],
  ['<a></a >', { name: 'a' }],
  ['\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<!-- c --><a/><?pi x?>\n', { name: 'a' }],
  [`<a b='1' c = "2"/>`, { name: 'a', attributes: { b: '1', c: '2' } }],
  ['<a> t  u </a>', { name: 'a', text: ' t  u ' }],
  ['<a>&#38;&#x41;&lt;&quot;&apos;&gt;</a>', { name: 'a', text: `&A<"'>` }],
  ['<a b="&#10;&amp;"/>', { name: 'a', attributes: { b: '\n&' } }],
  ['<a b="x\ny"/>', { name: 'a', attributes: { b: 'x y' } }],
  ['<a>x\r\ny</a>', { name: 'a', text: 'x\ny' }],
  ['<a><![CDATA[x<y&]]>z</a>', { name: 'a', text: 'x<y&z' }],
  ['<a><b/>1<b>2</b></a>', { name: 'a', children: [{ name: 'b' }, { name: 'b', text: '2' }], text: '1' }],
  ['<__proto__ constructor="1"/>', { name: '__proto__', attributes: { constructor: '1' } }],
  ['<ä-1.b:c/>', { name: 'ä-1.b:c' }],
];

test('well-formed documents are read with text and attributes as they are', () => {
  for (const [document, expected] of accepted) assert.deepEqual(shape(readXml(document)), expected, document);
});

const refused: readonly string[] = [
  '',
  ' ',
  'text',
  '<a',
  '<a>',
  '<a></b>',
  '<a></a',
  '</a>',
  '<a/><b/>',
  '<a/>x',
  'x<a/>',
  '<a/><![CDATA[x]]>',
  '<a>&foo;</a>',
  '<a>&amp</a>',
  '<a>& </a>',
  '<a>&#0;</a>',
  '<a>&#1;</a>',
  '<a>&#xD800;</a>',
  '<a>&#x110000;</a>',
  '<a>\u0001</a>',
  '<a>\ud800</a>',
  '<a>]]></a>',
  '<a><![CDATA[x</a>',
  '<a><!-- x</a>',
  '<a><!-- x -- y --></a>',
  '<a b/>',
  '<a b=1/>',
  '<a b="1"c="2"/>',
  '<a b="1" b="2"/>',
  '<a b="<"/>',
  '<a b="&bad;"/>',
  '<a b="1/>',
  '< a/>',
  '<1/>',
  ' <?xml version="1.0"?><a/>',
  '<a><?xml version="1.0"?></a>',
  '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
  `${'<a>'.repeat(300)}${'</a>'.repeat(300)}`,
];

test('everything else is refused', () => {
  for (const document of refused) assert.throws(() => readXml(document), XmlError, document);
});

test('any text is read or refused with the one error, also deep and long ones', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '/',
    '<a>',
    '</a>',
    '&',
    ';',
    '"',
    "'",
    '=',
    ' ',
    'a',
    ']]>',
    '<![CDATA[',
    '<!--',
    '-->',
    '<?',
    '?>',
    '#',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
  fc.assert(
    fc.property(text, (document) => {
      try {
        readXml(document);
      } catch (error) {
        assert.ok(error instanceof XmlError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
  assert.throws(() => readXml('<a>'.repeat(500_000)), XmlError);
});

test('a document cut off anywhere is refused', () => {
  const document = '<?xml version="1.0"?><a b="1"><c>x &amp; y</c><!-- z --><![CDATA[q]]><d/></a>';
  for (let end = 0; end < document.length; end++) {
    assert.throws(() => readXml(document.slice(0, end)), XmlError, document.slice(0, end));
  }
});

test('whatever is written is read back, characters that XML cannot carry as U+FFFD', () => {
  // oxlint-disable-next-line no-control-regex -- these are the characters that XML 1.0 cannot carry
  const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const carried = text.toWellFormed().replace(forbidden, '\ufffd');
      assert.equal(readXml(`<a>${escapeText(text)}</a>`).text, carried);
      assert.equal(readXml(`<a b="${escapeAttribute(text)}"/>`).attributes.get('b'), carried);
      assert.equal(readXml(`<a>${cdata(text)}</a>`).text, carried.replace(/\r\n?/g, '\n'));
    }),
    { numRuns: 1000 },
  );
});
