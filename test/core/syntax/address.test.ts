// The one text of an IP address: every spelling of an address gives it, and nothing else gives anything.
import assert from 'node:assert/strict';
import { isIP, SocketAddress } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalAddress, canonicalHost, podAddress } from '../../../src/core/syntax/address.ts';

const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
/** Zero groups are frequent, so that runs to shorten are. */
const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});

const hex = (parts: readonly number[]) => parts.map((part) => part.toString(16)).join(':');

/** Every legal way to write eight groups: padded, upper case, any zero run shortened, the last two as IPv4. */
const spellings = fc
  .record({
    groups,
    pad: fc.boolean(),
    upper: fc.boolean(),
    from: fc.nat(7),
    to: fc.nat(8),
    dotted: fc.boolean(),
  })
  .map(({ groups, pad, upper, from, to, dotted }) => {
    let parts = groups.map((group) => group.toString(16).padStart(pad ? 4 : 1, '0'));
    if (dotted) {
      const [a = 0, b = 0] = groups.slice(6);
      parts = [...parts.slice(0, 6), `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`];
    }
    const last = dotted ? 6 : 8;
    const end = Math.min(to, last);
    const shorten = from < end && groups.slice(from, end).every((group) => group === 0);
    const text = shorten
      ? `${parts.slice(0, from).join(':')}::${parts.slice(end).join(':')}`
      : parts.join(':');
    return { groups, text: upper ? text.toUpperCase() : text };
  });

test('an IPv4 dotted quad is its own canonical text', () => {
  fc.assert(fc.property(octets, (parts) => canonicalAddress(parts.join('.')) === parts.join('.')));
});

test('every spelling of an IPv6 address has the same canonical text, and it is canonical itself', () => {
  fc.assert(
    fc.property(spellings, ({ groups, text }) => {
      const canonical = canonicalAddress(text);
      assert.ok(canonical !== undefined, text);
      assert.equal(canonical, canonicalAddress(hex(groups)));
      assert.equal(canonicalAddress(canonical), canonical);
    }),
    { numRuns: 2000 },
  );
});

test('IPv6 text is what the operating system writes', () => {
  fc.assert(
    fc.property(groups, (parts) => {
      // inet_ntop alone still writes ::/96 in the deprecated mixed form, which RFC 5952 does not ask for.
      fc.pre(parts.slice(0, 6).some((group) => group !== 0));
      const system = new SocketAddress({ address: hex(parts), family: 'ipv6' }).address;
      assert.equal(canonicalAddress(hex(parts)), system);
    }),
    { numRuns: 2000 },
  );
});

test('exactly what Node takes for an address without a zone has a canonical text', () => {
  const near = fc.string({
    unit: fc.constantFrom(...'0123456789abcdefABCDEF:.%/- '.split('')),
    maxLength: 40,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        near,
        fc.string(),
        spellings.map((s) => s.text),
      ),
      (text) => {
        const expected = isIP(text) !== 0 && !text.includes('%');
        assert.equal(canonicalAddress(text) !== undefined, expected, text);
      },
    ),
    { numRuns: 5000 },
  );
});

test('known texts', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['fd00:10::0:30', 'fd00:10::30'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::FFFF:10.0.0.1', '::ffff:10.0.0.1'],
    ['::ffff:a00:1', '::ffff:10.0.0.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['10.0.0.1', '10.0.0.1'],
    ['010.0.0.1', undefined],
    ['10.0.0.256', undefined],
    ['10.0.1', undefined],
    [' 10.0.0.1', undefined],
    ['fe80::1%eth0', undefined],
    ['10.0.0.0/24', undefined],
    ['10.0.0.1-10.0.0.9', undefined],
    ['1:2:3:4:5:6:7:8:9', undefined],
    ['1:2:3:4:5:6:7::8', undefined],
    ['1:2:3:4:5:6::8', '1:2:3:4:5:6:0:8'],
    ['1::2::3', undefined],
    ['1:2:3:4:5:6:7:8::', undefined],
    ['[::1]', undefined],
    ['', undefined],
    [':', undefined],
    [':::', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(canonicalAddress(text), expected, text);
});

test('a network of one host is the host, any other network is none', () => {
  fc.assert(
    fc.property(octets, fc.integer({ min: 0, max: 140 }), (parts, length) => {
      const host = parts.join('.');
      assert.equal(canonicalHost(`${host}/${length}`), length === 32 ? host : undefined);
    }),
  );
  assert.equal(canonicalHost('10.0.0.1'), '10.0.0.1');
  assert.equal(canonicalHost('FD00::0:1/128'), 'fd00::1');
  assert.equal(canonicalHost('fd00::1/32'), undefined);
  assert.equal(canonicalHost('10.0.0.1/128'), undefined);
  assert.equal(canonicalHost('10.0.0.1/032'), undefined);
  assert.equal(canonicalHost('10.0.0.1/32/32'), undefined);
  assert.equal(canonicalHost('10.0.0.1/'), undefined);
});

test("a Pod's address is read as Kubernetes reads it: leading zeros are decimal, a mapped address is the IPv4 one", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['010.020.000.005', '10.20.0.5'],
    ['10.20.0.5', '10.20.0.5'],
    ['000.0.0.0', '0.0.0.0'],
    ['10.0200.0.5', '10.200.0.5'],
    ['10.256.0.5', undefined],
    ['10.20.0', undefined],
    ['::ffff:10.20.0.5', '10.20.0.5'],
    ['::FFFF:010.020.000.005', '10.20.0.5'],
    ['::ffff:a14:5', '10.20.0.5'],
    ['0:0:0:0:0:ffff:0a14:0005', '10.20.0.5'],
    ['fd00::010', 'fd00::10'],
    ['64:ff9b::10.20.0.5', '64:ff9b::a14:5'],
    ['fe80::1%eth0', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(podAddress(text), expected, text);
});
