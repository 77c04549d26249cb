// The page scanner: equal to a general parser on every page, and an error on everything that is no whole page.
import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRegisteredIpReader } from '../../../src/panos/messages/registered-ip-reader.ts';
import { failureOf, fixture } from '../fixtures.ts';

const readPage = (text: string) => createRegisteredIpReader()(text);
const page = (inner: string) => `<response status="success"><result>${inner}</result></response>`;
const entry = (inner: string, attributes = 'ip="10.0.0.1" from_agent="0" persistent="1"') =>
  `<entry ${attributes}>${inner}</entry>`;
const one = (inner: string, attributes?: string) => page(`${entry(inner, attributes)}<count>1</count>`);
const tagged = '<tag><member>a</member></tag>';

test('a page is read as the device means it', () => {
  assert.deepEqual(readPage(fixture('registered-ip.page.pan-dev')), [
    { ip: '10.1.0.9', fromAgent: false, persistent: true, tags: ['k8s.ns_b', 'k8s.tmp'] },
  ]);
});

test('an empty table may be written in several ways', () => {
  assert.deepEqual(readPage(fixture('registered-ip.empty.pan-dev')), []);
  assert.deepEqual(readPage(fixture('registered-ip.empty-with-count.pan-os-clients')), []);
  assert.deepEqual(readPage(page('')), []);
  assert.deepEqual(readPage(page(' <count> 0 </count>\n')), []);
});

test('addresses are canonical, ranges and networks as they are written', () => {
  const addressOf = (ip: string) => readPage(one(tagged, `ip="${ip}"`)).map((read) => read.ip);
  assert.deepEqual(addressOf('2001:DB8:0:0::1'), ['2001:db8::1']);
  assert.deepEqual(addressOf('10.0.0.9/32'), ['10.0.0.9']);
  assert.deepEqual(addressOf('10.0.0.0/24'), ['10.0.0.0/24']);
  assert.deepEqual(addressOf('10.0.0.1-10.0.0.9'), ['10.0.0.1-10.0.0.9']);
});

test('flags, references, quotes, declarations and white space are read as XML wants them', () => {
  const text = `\uFEFF<?xml version="1.0" encoding="UTF-8" standalone='yes'?>\r\n<response cmd='show' status = 'success' code="19" >
  <result total-count="1">
    <count>1</count>
    <entry persistent='0' from_agent = "1"
           ip='10.0.0.1' extra="&lt;&#65;&#x42;" >
      <tag ><member timeout="5">&lt;a&gt; &amp; &quot;b&quot; &apos;c&apos; &#xe4;&#128512; ></member >
      <member/><member></member>
      </tag>
    </entry>
  </result>
</response>\n`;
  assert.deepEqual(readPage(text), [
    { ip: '10.0.0.1', fromAgent: true, persistent: false, tags: [`<a> & "b" 'c' ä😀 >`, '', ''] },
  ]);
});

test('a line end inside a tag is read as XML wants it', () => {
  assert.deepEqual(readPage(one('<tag><member>a\r\nb\rc</member></tag>'))[0]?.tags, ['a\nb\nc']);
});

test('an entry without tags is one with an empty <tag>', () => {
  assert.deepEqual(readPage(one('<tag/>'))[0]?.tags, []);
  assert.deepEqual(readPage(one('<tag> </tag>'))[0]?.tags, []);
});

const invalid: Readonly<Record<string, string>> = {
  'no text': '',
  'another text': 'hello',
  'a login page': '<!DOCTYPE html><html><body>Login</body></html>',
  'another root': '<responses status="success"><result/></responses>',
  'a root without status': '<response><result/></response>',
  'a success with a code of an error': '<response status="success" code="7"><result/></response>',
  'no result': '<response status="success"></response>',
  'an empty root': '<response status="success"/>',
  'two results': '<response status="success"><result/><result/></response>',
  'text after the end': `${page('')}x`,
  'a second document': page('') + page(''),
  'a dump file instead of entries': fixture('registered-ip.outfile-panos-7.1.pan-os-python'),
  'an unknown element among the entries': page('<registered-ip/><count>0</count>'),
  'text among the entries': page('none<count>0</count>'),
  'fewer entries than its count': page(`${entry(tagged)}<count>2</count>`),
  'more entries than its count': page(`${entry(tagged)}<count>0</count>`),
  'entries without a count': page(entry(tagged)),
  'two counts': page(`${entry(tagged)}<count>1</count><count>1</count>`),
  'an empty count': page('<count/>'),
  'a count that is no number': page('<count>none</count>'),
  'a negative count': page('<count>-0</count>'),
  'an unknown element for a tag': one('<tag><entry>a</entry></tag>'),
  'an entry without ip': one(tagged, 'from_agent="0"'),
  'an entry with an empty ip': one(tagged, 'ip=""'),
  'an empty entry element': page('<entry ip="10.0.0.1"/><count>1</count>'),
  'a flag that is neither 0 nor 1': one(tagged, 'ip="10.0.0.1" from_agent="yes"'),
  'a repeated attribute': one(tagged, 'ip="10.0.0.1" ip="10.0.0.2"'),
  'attributes without white space': one(tagged, 'ip="10.0.0.1"from_agent="0"'),
  'an attribute without quotes': one(tagged, 'ip=10.0.0.1'),
  'an attribute without a value': one(tagged, 'ip="10.0.0.1" persistent'),
  'a tag within an attribute': one(tagged, 'ip="10.0.0.1<b"'),
  'a DOCTYPE': `<!DOCTYPE response>${page('')}`,
};

for (const [what, text] of Object.entries(invalid)) {
  test(`a page with ${what} is InvalidResponse`, () => {
    const failure = failureOf(() => readPage(text));
    assert.deepEqual([failure.reason, failure.applied], ['InvalidResponse', 'no']);
  });
}

const unreadable: Readonly<Record<string, string>> = {
  'an entry without a tag element': one(''),
  'an unknown element in an entry': one(`${tagged}<vsys>vsys1</vsys>`),
  'an unknown element for tags': one('<tags><member>a</member></tags>'),
  'two tag elements': one(tagged + tagged),
  'text beside the tags': one(`x${tagged}`),
  'text after the tags': one(`${tagged}x`),
  'an element in a tag': one('<tag><member><b/></member></tag>'),
  'a bare ampersand': one('<tag><member>a & b</member></tag>'),
  'an unknown reference': one('<tag><member>&nbsp;</member></tag>'),
  'a reference without an end': one('<tag><member>&amp</member></tag>'),
  'a reference to what XML does not allow': one('<tag><member>&#0;</member></tag>'),
  'a reference beyond Unicode': one('<tag><member>&#x110000;</member></tag>'),
  'a character that XML does not allow': one('<tag><member>\u0001</member></tag>'),
  'half a surrogate pair': one('<tag><member>\ud83d</member></tag>'),
  'the end of a CDATA section': one('<tag><member>]]></member></tag>'),
  'mis-nested elements': page(`<entry ip="10.0.0.1"><tag><member>a</tag></member></entry><count>1</count>`),
  'an end tag of another element': one('<tag><member>a</members></tag>'),
  'a tag that is not escaped': one('<tag><member>border2<=>fw2</member></tag>'),
  'a CDATA section without an end': one('<tag><member><![CDATA[a</member></tag>'),
};

for (const [what, text] of Object.entries(unreadable)) {
  test(`an entry with ${what} costs itself: its address is told, and all others are read`, () => {
    const others = [1, 3].map((n) => entry(tagged, `ip="10.0.0.${n}" from_agent="0" persistent="1"`));
    const bad = /<entry[^]*<\/entry>/.exec(text)?.[0] ?? '';
    const [first, middle, last, ...more] = readPage(page(`${others[0]}${bad}${others[1]}<count>3</count>`));
    assert.deepEqual([first?.ip, first?.tags], ['10.0.0.1', ['a']]);
    assert.deepEqual([middle?.ip, middle?.tags, middle?.unreadable], ['10.0.0.1', [], true]);
    assert.deepEqual([last?.ip, last?.tags, last?.unreadable], ['10.0.0.3', ['a'], undefined]);
    assert.deepEqual(more, []);
    assert.throws(() => readPage(page(`${bad}<count>2</count>`)), DeviceError, 'the count decides');
    assert.throws(
      () => readPage(page(`${bad.replace('</entry>', '')}<count>1</count>`)),
      DeviceError,
      'cut off',
    );
  });
}

test('CDATA, comments, processing instructions and references are text like any other', () => {
  const tags = (inner: string) => readPage(one(inner)).map((read) => [read.tags, read.unreadable]);
  const member = (text: string) => `<tag><member>${text}</member></tag>`;
  assert.deepEqual(tags(member('<![CDATA[a & <b> </entry>]]>')), [[['a & <b> </entry>'], undefined]]);
  assert.deepEqual(tags(member('a<!-- </entry> -->b<?pi x?>c')), [[['abc'], undefined]]);
  assert.deepEqual(tags(member('&#97;&amp;<![CDATA[&amp;]]>')), [[['a&&amp;'], undefined]]);
  assert.deepEqual(tags(`<!-- ${tagged} -->${tagged}<!-- -->`), [[['a'], undefined]]);
  const commented = page(`<!-- one -->${entry(tagged)}<!-- two --><count><!-- -->1</count><?pi?>`);
  assert.equal(readPage(commented).length, 1);
});

test('a table with more text than any device holds comes to an end', () => {
  const read = createRegisteredIpReader();
  const tag = (n: number) => `<member>${String(n).padStart(8, '0').repeat(2000)}</member>`;
  let pages = 0;
  assert.throws(() => {
    for (; pages < 100; pages++) {
      const entries = Array.from({ length: 100 }, (_, n) => entry(`<tag>${tag(pages * 100 + n)}</tag>`));
      read(page(`${entries.join('')}<count>100</count>`));
    }
  }, /more text than any device holds/);
  assert.ok(pages > 10 && pages < 60, `${pages} pages of 1.6 MB`);
});

test('what a reader has read before makes nothing readable that is not', () => {
  const read = createRegisteredIpReader();
  read(one(tagged));
  for (const rest of ['x', '<x/>', tagged]) {
    assert.equal(read(one(tagged + rest))[0]?.unreadable, true);
    assert.equal(read(one(tagged + rest))[0]?.unreadable, true, 'the second time');
  }
  assert.throws(() => read(`<response status="success"><result><entry ip="10.0.0.1">${tagged}`), DeviceError);
  assert.deepEqual(read(one(tagged))[0]?.tags, ['a']);
});

test('equal tag lists of one reader are one instance, and so are equal tags', () => {
  const read = createRegisteredIpReader();
  const list = (...tags: string[]) => `<tag>${tags.map((tag) => `<member>${tag}</member>`).join('')}</tag>`;
  const [first] = read(one(list('a', 'b')));
  const [second] = read(one(list('a', 'b')));
  assert.equal(first?.tags, second?.tags);
});

test("the device's own refusal comes through", () => {
  assert.equal(
    failureOf(() => readPage(fixture('op.role-not-authorized.pan-os-clients'))).reason,
    'RoleNotAuthorized',
  );
  assert.equal(
    failureOf(() => readPage(fixture('keygen.invalid-credential.panos-10.2-blog'))).reason,
    'AuthenticationFailed',
  );
  assert.equal(
    failureOf(() => readPage(fixture('op.unauth-code-16.pan-os-clients'))).reason,
    'AuthenticationFailed',
  );
});
