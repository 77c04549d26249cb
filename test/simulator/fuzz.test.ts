// Whatever is sent to /api, the device answers with XML and goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { startPanorama } from '../../simulator/panorama/panorama.ts';
import { Lab, openLab, readXml, registerXml, uidMessage, unregisterXml } from './api-client.ts';
import { readXml as parse } from '../../simulator/xml/xml-reader.ts';

const contentTypes = [
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
  'multipart/form-data',
  'text/xml',
  '',
];

const assertXmlAnswer = async (lab: Lab, send: Parameters<Lab['send']>[0]): Promise<void> => {
  const { status, contentType, body } = await lab.send(send);
  assert.ok([200, 400, 403].includes(status), `${status} ${body}`);
  assert.equal(contentType, 'application/xml; charset=UTF-8');
  const root = parse(body);
  assert.equal(root.name, 'response');
  assert.match(root.attributes.get('status') ?? '', /^(?:success|error)$/);
};

test('any bytes get an XML answer', async () => {
  await using lab = await openLab();
  const bytes = fc.uint8Array({ maxLength: 300 });
  const property = fc.asyncProperty(
    bytes,
    fc.constantFrom(...contentTypes),
    fc.constantFrom('', '?type=op', '?type=user-id', '?type=%ff&vsys=%00'),
    async (body, contentType, query) => {
      const headers = {
        'x-pan-key': lab.simulator.apiKey,
        ...(contentType && { 'content-type': contentType }),
      };
      await assertXmlAnswer(lab, { path: `/api/${query}`, headers, body: Buffer.from(body) });
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

const seeds = [
  uidMessage(
    `${registerXml({ '10.1.0.9': ['a', 'b'] })}${unregisterXml({ '10.1.0.8': ['c'], '10.1.0.7': [] })}`,
  ),
  uidMessage('<clear><registered-ip><all/></registered-ip></clear>'),
  readXml('<tag><entry name="a"/></tag><limit>5</limit><start-point>1</start-point><ip>10.1.0.9</ip>'),
  readXml('<all><option>count</option></all>'),
  '<show><system><info></info></system></show>',
  uidMessage(
    '<login><entry name="u" ip="10.1.0.5" timeout="9"/></login><logout><entry ip="10.1.0.5"/></logout>' +
      '<groups><entry name="g"><members><entry name="u"/></members></entry></groups>' +
      '<register-user><entry user="u"><tag><member timeout="9">a</member></tag></entry></register-user>' +
      '<unregister-user><entry user="u"/></unregister-user>',
  ),
  '<show><object><registered-user><all><limit>5</limit><start-point>1</start-point></all></registered-user></object></show>',
  '<show><object><dynamic-address-group><name>g</name></dynamic-address-group></object></show>',
  '<show><user><ip-user-mapping><all><type>XMLAPI</type></all></ip-user-mapping></user></show>',
  '<show><user><group><list><entry name="xmlapi"/></list></group></user></show>',
  '<show><devices><connected/></devices></show>',
];

/** A seed with a piece replaced by another text. */
const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.nat(),
    fc.nat(20),
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        '<',
        '>',
        '/>',
        '"',
        '&',
        '</entry>',
        '<entry ip="::1"/>',
        '\u0000',
        ']]>',
        '<![CDATA[',
      ),
    ),
  )
  .map(([seed, at, length, text]) => {
    const start = at % seed.length;
    return seed.slice(0, start) + text + seed.slice(start + length);
  });

test('any command near a real one gets an XML answer', async () => {
  await using lab = await openLab({ vsys: ['vsys1', 'vsys2'] });
  await using panorama = new Lab(await startPanorama({ firewalls: [{ serial: '1' }] }));
  const parameters = fc.record({
    type: fc.constantFrom('user-id', 'op'),
    cmd: mutated,
    target: fc.oneof(fc.constantFrom('', '1', '2'), fc.string({ unit: 'binary' })),
    vsys: fc.option(fc.oneof(fc.constantFrom('vsys1', 'vsys2'), fc.string({ unit: 'binary' })), {
      nil: 'vsys1',
    }),
  });
  const property = fc.asyncProperty(parameters, async (fields) => {
    for (const one of [lab, panorama]) {
      const headers = {
        'x-pan-key': one.simulator.apiKey,
        'content-type': 'application/x-www-form-urlencoded',
      };
      await assertXmlAnswer(one, { headers, body: new URLSearchParams(fields).toString() });
    }
  });
  await fc.assert(property, { numRuns: 500 });
  for (const one of [lab, panorama]) assert.equal((await one.call({ type: 'version' })).status, 200);
});

/** What the device must hold after messages, by a model that knows nothing of its code. */
test('after any messages the table is what their pairs say, unregister first', async () => {
  await using lab = await openLab({ settings: { limits: { tagsPerAddress: 2, registeredAddresses: 2 } } });
  const pairs = fc.array(
    fc.tuple(fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3'), fc.constantFrom('a', 'b', 'c')),
    { maxLength: 6 },
  );
  const section = (list: [string, string][], write: typeof registerXml): string =>
    write({}).replace(
      '><',
      `>${list.map(([ip, tag]) => write({ [ip]: [tag] }).replace(/^<\w+>|<\/\w+>$/g, '')).join('')}<`,
    );
  const property = fc.asyncProperty(fc.array(fc.tuple(pairs, pairs), { maxLength: 6 }), async (messages) => {
    lab.simulator.wipe();
    const model = new Map<string, Set<string>>();
    for (const [register, unregister] of messages) {
      const answer = await lab.message(
        `${section(register, registerXml)}${section(unregister, unregisterXml)}`,
      );
      let failures = 0;
      for (const [ip, tag] of unregister) {
        if (!model.get(ip)?.delete(tag)) failures++;
        if (model.get(ip)?.size === 0) model.delete(ip);
      }
      for (const [ip, tag] of register) {
        const tags = model.get(ip) ?? new Set<string>();
        const fits = !tags.has(tag) && tags.size < 2 && (model.has(ip) || model.size < 2);
        if (fits) model.set(ip, tags.add(tag));
        else failures++;
      }
      assert.equal(answer.split('<entry ').length - 1, failures);
      assert.equal(/^<response status="(\w+)"/.exec(answer)?.[1], failures > 0 ? 'error' : 'success');
    }
    assert.deepEqual(new Map(Object.entries(lab.tags()).map(([ip, tags]) => [ip, new Set(tags)])), model);
  });
  await fc.assert(property, { numRuns: 60 });
});
