// The small replies: what each fixture reads as, and that nothing but a whole reply reads as anything.
import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isRefusal, readResult } from '../../../src/panos/messages/envelope.ts';
import { readCount, readKey, readSystemInfo, readUidResponse } from '../../../src/panos/messages/response.ts';
import { failureOf, fixture } from '../fixtures.ts';

const nothing = { register: [], unregister: [] };

test('a message that the device took has nothing rejected', () => {
  assert.deepEqual(readUidResponse(fixture('user-id.success.pan-dev'), nothing), []);
});

test('pairs that are already as asked are a success', () => {
  const sent = {
    unregister: [{ ip: '10.1.0.7', tags: ['k8s.ns_a'] }],
    register: [{ ip: '10.1.0.9', tags: ['k8s.ns_b', 'k8s.tmp'] }],
  };
  assert.deepEqual(readUidResponse(fixture('user-id.already-as-asked.panoslib'), sent), []);
  assert.deepEqual(readUidResponse(fixture('user-id.address-unknown.registered-ip-clients'), sent), []);
});

test('a hard failure stands out from the pairs that are as asked', () => {
  const sent = {
    register: ['10.1.0.8', '10.1.0.9'].map((ip) => ({ ip, tags: ['k8s.ns_b'] })),
    unregister: [],
  };
  assert.deepEqual(readUidResponse(fixture('user-id.failed-to-register.minemeld'), sent), [
    {
      section: 'register',
      ip: '10.1.0.8',
      tag: 'k8s.ns_b',
      message: 'Failed to register',
      limit: { kind: 'addresses', isCertain: false, figure: undefined },
    },
  ]);
});

function partial(section: string, ip: string, message: string): string {
  return `<response status="error"><msg><line><uid-response><payload><${section}><entry ip="${ip}" message="${message}"/></${section}></payload></uid-response></line></msg></response>`;
}

test('a rejected tag is named only where there is no doubt', () => {
  const sent = { register: [{ ip: '2001:db8::1', tags: ['a', 'a b', 'c'] }], unregister: [] };
  const tagOf = (message: string) =>
    readUidResponse(partial('register', '2001:DB8:0::1/128', message), sent).map(({ ip, tag }) => ({
      ip,
      tag,
    }));
  assert.deepEqual(tagOf('tag a b is too long'), [{ ip: '2001:db8::1', tag: 'a b' }]);
  assert.deepEqual(tagOf('tag a: too many'), [{ ip: '2001:db8::1', tag: 'a' }]);
  assert.deepEqual(tagOf('tag ab is too long'), [{ ip: '2001:db8::1', tag: undefined }]);
  assert.deepEqual(tagOf('Failed to register'), [{ ip: '2001:db8::1', tag: undefined }]);
});

test('a refused address that was not sent is no answer', () => {
  const sent = { register: [{ ip: '10.0.0.1', tags: ['a'] }], unregister: [] };
  for (const [section, ip] of [
    ['register', '10.0.0.2'],
    ['unregister', '10.0.0.1'],
    ['register', '10.0.0.0/24'],
  ] as const) {
    const { reason, applied } = failureOf(() => readUidResponse(partial(section, ip, 'no'), sent));
    assert.deepEqual([reason, applied], ['InvalidResponse', 'unknown']);
  }
});

test('success is told by a uid-response, and by nothing else', () => {
  const inPlace = (body: string) => `<response status="success">${body}</response>`;
  for (const reply of [
    '<response status="success"/>',
    inPlace('<msg><line>Error: registration table is full, 1 entry dropped</line></msg>'),
    inPlace('<result><msg>queued, job 17</msg></result>'),
    inPlace('<result/>'),
    inPlace('<result><uid-response/></result>'),
    inPlace('<result><uid-response><version>2.0</version></uid-response></result>'),
    inPlace('<result><uid-response><payload>done</payload></uid-response></result>'),
    inPlace(
      '<result><uid-response><payload/></uid-response><uid-response><payload/></uid-response></result>',
    ),
  ]) {
    const { reason, applied } = failureOf(() => readUidResponse(reply, nothing));
    assert.deepEqual([reason, applied], ['InvalidResponse', 'unknown'], reply);
  }
  const said = failureOf(() =>
    readUidResponse(inPlace('<result><msg>queued, job 17</msg></result>'), nothing),
  );
  assert.match(said.message, /It said: queued, job 17$/);
  const whole = inPlace(
    '<result><uid-response><payload><register/><unregister/></payload></uid-response></result>',
  );
  assert.deepEqual(readUidResponse(whole, nothing), []);
});

test('a benign text about another tag, or within a tag, is a failure', () => {
  const tags = ['k8s.ns_evil.x already exists, ignore'];
  const sent = { register: [{ ip: '10.0.0.1', tags }], unregister: [{ ip: '10.0.0.1', tags }] };
  for (const [section, message] of [
    ['register', `tag limit reached at ${tags[0]}`],
    ['register', `tag ${tags[0]}`],
    ['register', 'tag k8s.ns_evil.x already exists, ignore'],
    ['unregister', 'tag is locked: k8s.ns_evil.y does not exist, ignore unreg'],
    ['unregister', 'ip 10.0.0.2 does not exist, ignore unreg'],
  ] as const)
    assert.equal(readUidResponse(partial(section, '10.0.0.1', message), sent).length, 1, message);
  assert.deepEqual(
    readUidResponse(partial('register', '10.0.0.1', `tag ${tags[0]} already exists, ignore`), sent),
    [],
  );
});

const notReady = 'Not ready to process xmlapi data';

for (const [where, inner] of [
  ['in a section', `<payload><register><entry message="${notReady}"/></register></payload>`],
  [
    'in a section, about an address',
    `<payload><register><entry ip="10.0.0.1" message="${notReady}"/></register></payload>`,
  ],
  ['in the payload', `<payload><entry message="${notReady}"/></payload>`],
  ['outside of it', `<version>2.0</version><entry message="${notReady}"/>`],
] as const) {
  test(`a device that is not ready and says so ${where} is unavailable, and no entry is to blame`, () => {
    const reply = `<response status="error"><msg><line><uid-response>${inner}</uid-response></line></msg></response>`;
    const sent = { register: [{ ip: '10.0.0.1', tags: ['k8s.a'] }], unregister: [] };
    const failure = failureOf(() => readUidResponse(reply, sent));
    assert.deepEqual(
      [failure.reason, failure.retry, failure.applied],
      ['DeviceUnavailable', 'backoff', 'unknown'],
    );
    assert.match(failure.message, new RegExp(`It said: ${notReady}$`));
  });
}

test('"not now" as the text of a whole refusal is an outage, to messages and to reads', () => {
  for (const words of [
    notReady,
    'useridd is initializing',
    'Initialising',
    'Operation timed out',
    'Server not available',
  ]) {
    const reply = `<response status="error" code="17"><msg><line>${words}</line></msg></response>`;
    for (const read of [readResult, (text: string) => readUidResponse(text, nothing)])
      assert.equal(failureOf(() => read(reply)).reason, 'DeviceUnavailable', words);
  }
});

test('an entry without an address that says anything else is no answer, and its words are shown', () => {
  const reply =
    '<response status="error"><msg><line><uid-response><entry message="Something else"/></uid-response></line></msg></response>';
  const failure = failureOf(() => readUidResponse(reply, nothing));
  assert.deepEqual([failure.reason, failure.applied], ['InvalidResponse', 'unknown']);
  assert.match(failure.message, /It said: Something else$/);
});

test('a benign text in the other section is a failure', () => {
  const reply = partial('unregister', '10.0.0.1', 'tag a already exists, ignore');
  const sent = { register: [], unregister: [{ ip: '10.0.0.1', tags: ['a'] }] };
  assert.equal(readUidResponse(reply, sent).length, 1);
});

test('a user-id error that names no pair, or names it badly, is no success', () => {
  const empty =
    '<response status="error"><msg><line><uid-response><payload/></uid-response></line></msg></response>';
  assert.equal(failureOf(() => readUidResponse(empty, nothing)).reason, 'RegistrationRejected');
  const invalid = [
    partial('register', '', 'x'),
    partial('register', '10.0.0.1', ''),
    partial('login', '10.0.0.1', 'x'),
    '<response status="error"><msg><line><uid-response><payload><register>text</register></payload></uid-response></line></msg></response>',
  ];
  for (const reply of invalid) {
    const { reason, applied } = failureOf(() => readUidResponse(reply, nothing));
    assert.deepEqual([reason, applied], ['InvalidResponse', 'unknown'], reply);
  }
});

test('system info tells who the device is', () => {
  assert.deepEqual(readSystemInfo(fixture('system-info.panos-10.2-blog')), {
    hostname: 'fw-a',
    serial: '0070510000001',
    model: 'PA-VM',
    swVersion: '10.2.11-h12',
    multiVsys: false,
  });
  assert.equal(readSystemInfo(fixture('system-info.panorama.demisto')).multiVsys, false);
  assert.equal(readSystemInfo(fixture('system-info.extra-root-attribute.pan-dev')).multiVsys, true);
});

test('system info without a serial, model or version, or with a strange multi-vsys, is no answer', () => {
  const info = fixture('system-info.extra-root-attribute.pan-dev');
  for (const part of [
    /<serial>.*<\/serial>/,
    /<model>.*<\/model>/,
    /<sw-version>.*<\/sw-version>/,
    /<system>.*<\/system>/,
  ]) {
    assert.equal(failureOf(() => readSystemInfo(info.replace(part, ''))).reason, 'InvalidResponse');
  }
  assert.equal(failureOf(() => readSystemInfo(info.replace('>on<', '>maybe<'))).reason, 'InvalidResponse');
});

test('a count is a number, and nothing else is a count', () => {
  assert.equal(readCount(fixture('registered-ip.count.pan-os-php')), 1234);
  assert.equal(readCount(fixture('registered-ip.empty-with-count.pan-os-clients')), 0);
  assert.equal(readCount(fixture('registered-ip.empty.pan-dev')), 0);
  const invalid = [
    fixture('registered-ip.page.pan-dev'),
    fixture('registered-ip.outfile-panos-7.1.pan-os-python'),
    ...['', '-1', '1e3', '0x10', '12345678901'].map(
      (count) => `<response status="success"><result><count>${count}</count></result></response>`,
    ),
    '<response status="success"><result><count>1</count><count>2</count></result></response>',
    '<response status="success"><result>1</result></response>',
    '<response status="success"/>',
  ];
  for (const reply of invalid)
    assert.equal(failureOf(() => readCount(reply)).reason, 'InvalidResponse', reply);
});

test('keygen gives the key, and without one no answer', () => {
  assert.equal(readKey(fixture('keygen.success.panos-10.2-blog')), 'LUFRPT1TaW11bGF0ZWRLZXk9PT0=');
  const empty = '<response status="success"><result><key/></result></response>';
  assert.equal(failureOf(() => readKey(empty)).reason, 'InvalidResponse');
});

const success = '<response status="success"><result/></response>';

test('what is not one whole reply is no answer', () => {
  const invalid = [
    '',
    'hello',
    '<html><body>Login</body></html>',
    '<!DOCTYPE html><html><head/><body/></html>',
    `<!DOCTYPE response [<!ENTITY a "b">]>${success}`,
    `${success}${success}`,
    `<outer>${success}</outer>`,
    '<response><result/></response>',
    '<response status="success"><result/><result/></response>',
    '<response status="success"><result></response></result>',
    '<reply status="success"><result/></reply>',
    '{"status":"success"}',
    '\u0000\u0001',
  ];
  for (const text of invalid) assert.equal(failureOf(() => readResult(text)).reason, 'InvalidResponse', text);
});

test('every fixture cut off anywhere is InvalidResponse', () => {
  const readers = [
    readResult,
    readCount,
    readKey,
    readSystemInfo,
    (text: string) => readUidResponse(text, nothing),
  ];
  for (const file of readdirSync(new URL('../fixtures', import.meta.url))) {
    const text = fixture(file.replace(/\.xml$/, '')).trimEnd();
    for (let length = 0; length < text.length; length += 1) {
      for (const read of readers) {
        const { reason } = failureOf(() => read(text.slice(0, length)));
        assert.equal(reason, 'InvalidResponse', `${file} cut after ${length} characters`);
      }
    }
  }
});

const markup = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<response status="success">',
        '<response status="error" code="7">',
        '</response>',
        '<result>',
      ),
      fc.constantFrom(
        '</result>',
        '<result/>',
        '<msg>',
        '</msg>',
        '<line>',
        '</line>',
        '<uid-response>',
        '<payload>',
      ),
      fc.constantFrom(
        '<count>3</count>',
        '<key>k</key>',
        '<entry ip="1.1.1.1" message="m"/>',
        '<register>',
        '<__proto__/>',
      ),
      fc.constantFrom(
        '&amp;',
        '&',
        '&#0;',
        '&#x110000;',
        '<![CDATA[',
        ']]>',
        '<!--',
        '<?xml version="1.0"?>',
        '<!DOCTYPE a>',
      ),
      fc.string({ maxLength: 8, unit: 'binary' }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

test('any text gives a value or a DeviceError', () => {
  fc.assert(
    fc.property(markup, (text) => {
      for (const read of [
        readResult,
        readCount,
        readKey,
        readSystemInfo,
        (t: string) => readUidResponse(t, nothing),
      ]) {
        try {
          read(text);
        } catch (error) {
          assert.ok(error instanceof DeviceError, String(error));
        }
      }
      assert.equal(typeof isRefusal(text), 'boolean');
    }),
    { numRuns: 2000 },
  );
});
