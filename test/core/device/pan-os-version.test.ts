// Releases of PAN-OS that are supported, and what each of them may be sent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { featuresOf, whyUnsupported } from '../../../src/core/device/pan-os-version.ts';

const cases = [
  { version: '6.1.22', paging: false, timeouts: false },
  { version: '7.1.26-h1', paging: false, timeouts: false },
  { version: '8.0.0', paging: true, timeouts: false },
  { version: '8.1.25-h3', paging: true, timeouts: false },
  { version: '9.0', paging: true, timeouts: true },
  { version: '9.1.0-b12', paging: true, timeouts: true },
  { version: '10.2.11-h12', paging: true, timeouts: true },
  { version: '11.1.4', paging: true, timeouts: true },
  { version: '12.1.2.c5', paging: true, timeouts: true },
];

for (const { version, ...features } of cases) {
  test(`${version}: ${JSON.stringify(features)}`, () => {
    assert.deepEqual(featuresOf(version), features);
    assert.equal(whyUnsupported(version) === undefined, features.paging);
  });
}

test('too old a release is told with its version and what to do', () => {
  assert.match(whyUnsupported('7.1.26') ?? '', /PAN-OS "7\.1\.26".*nothing is written.*upgrade it to 8\.0/);
});

for (const version of ['', 'unknown', '10', 'v10.2.1', '10.x', ' 10.2', '10,2', '99999.1']) {
  test(`a version that cannot be read (${JSON.stringify(version)}) has no feature and is not worked with`, () => {
    assert.deepEqual(featuresOf(version), { paging: false, timeouts: false });
    assert.match(whyUnsupported(version) ?? '', /cannot be read as one of PAN-OS/);
  });
}

test('law: whatever follows major and minor changes nothing, and a newer release has all that an older one has', () => {
  const part = fc.nat({ max: 30 });
  fc.assert(
    fc.property(part, part, part, fc.stringMatching(/^(?:[.-][ -~]*)?$/), (major, minor, more, rest) => {
      const of = featuresOf(`${major}.${minor}`);
      assert.deepEqual(featuresOf(`${major}.${minor}${rest}`), of);
      const newer = featuresOf(`${major + more}.${minor}`);
      assert.ok(newer.paging || !of.paging);
      assert.ok(newer.timeouts || !of.timeouts);
    }),
  );
});

test('law: whatever a device writes, the sentence is short and of one line', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 500, unit: 'binary' }), (version) => {
      const why = whyUnsupported(version) ?? '';
      assert.ok(why.length < 450);
      assert.doesNotMatch(why, /[\n\r]/);
    }),
  );
});
