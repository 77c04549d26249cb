// Networks: what is one, that nothing is read into it, and that it contains what Node's own BlockList says.
import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalAddress, groupsOfAddress } from '../../../src/core/syntax/address.ts';
import { contains, parseNetwork } from '../../../src/core/syntax/network.ts';

/** 128 or 32 bits, with long runs of equal ones, so that networks contain something. */
const bitsOf = (size: number) =>
  fc
    .array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: size })), { minLength: 1, maxLength: 4 })
    .map((runs) => runs.map(([bit, length]) => (bit ? '1' : '0').repeat(length)).join(''))
    .map((bits) => bits.padEnd(size, '0').slice(0, size));

const parts = (bits: string, size: number) =>
  Array.from({ length: bits.length / size }, (_, i) =>
    Number.parseInt(bits.slice(i * size, (i + 1) * size), 2),
  );
const ipv4 = (bits: string) => parts(bits, 8).join('.');
const ipv6 = (bits: string) =>
  parts(bits, 16)
    .map((group) => group.toString(16))
    .join(':');

const families = [
  { family: 'ipv4', size: 32, text: ipv4 },
  { family: 'ipv6', size: 128, text: ipv6 },
] as const;

for (const { family, size, text } of families) {
  test(`law: of ${family}, a network is accepted exactly when no bit is set after its length, and the fix is accepted`, () => {
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(bitsOf(size), fc.integer({ min: 0, max: size }), (bits, length) => {
        fc.pre(family === 'ipv4' || !bits.startsWith(`${'0'.repeat(80)}1111111111111111`));
        const parsed = parseNetwork(`${text(bits)}/${length}`);
        assert.equal(parsed.ok, !bits.slice(length).includes('1'));
        seen[parsed.ok ? 'accepted' : 'refused'] += 1;
        if (parsed.ok) return;
        const [, fix = ''] = /write (\S+)$/.exec(parsed.problem) ?? [];
        const masked = text(bits.slice(0, length).padEnd(size, '0'));
        assert.equal(fix, `${canonicalAddress(masked)}/${length}`);
        assert.ok(parseNetwork(fix).ok, fix);
      }),
      { numRuns: 3000 },
    );
    assert.ok(seen.accepted > 0 && seen.refused > 0, JSON.stringify(seen));
  });

  test(`law: of ${family}, a network contains the addresses that begin with its bits, as BlockList has it`, () => {
    const seen = { inside: 0, outside: 0 };
    const near = fc.tuple(bitsOf(size), fc.integer({ min: 0, max: size }), bitsOf(size), fc.boolean());
    fc.assert(
      fc.property(near, ([network, length, other, share]) => {
        const prefix = network.slice(0, length);
        fc.pre(family === 'ipv4' || !prefix.startsWith(`${'0'.repeat(80)}1111111111111111`));
        const address = canonicalAddress(text(share ? prefix + other.slice(length) : other)) ?? '';
        fc.pre(family === 'ipv4' || !address.includes('.'));
        const net = text(prefix.padEnd(size, '0'));
        const parsed = parseNetwork(`${net}/${length}`);
        assert.ok(parsed.ok);
        const list = new BlockList();
        list.addSubnet(net, length, family);
        const inside = contains(parsed.network, groupsOfAddress(address));
        assert.equal(inside, list.check(address, family), `${address} in ${net}/${length}`);
        seen[inside ? 'inside' : 'outside'] += 1;
      }),
      { numRuns: 3000 },
    );
    assert.ok(seen.inside > 0 && seen.outside > 0, JSON.stringify(seen));
  });
}

test('known texts', () => {
  const good = [
    '0.0.0.0/0',
    '10.20.0.0/16',
    '10.0.0.1/32',
    '::/0',
    'fd00:10::/48',
    'FD00::0:1/128',
    '64:ff9b::192.0.2.0/120',
  ];
  for (const text of good) assert.equal(parseNetwork(text).ok, true, text);
  const bad = [
    'x/10.0.0.0/8',
    '',
    '/',
    '/10.20.0.0/16',
    'x/10.20.0.0/16',
    '10.20.0.0',
    '10.20.0.0/',
    '10.20.0.0/33',
    '10.20.0.0/016',
    '10.20.0.0/+16',
    '10.20.0.0/16/16',
    '10.20.0.0/255.255.0.0',
    '10.20.0/16',
    '010.20.0.0/16',
    ' 10.20.0.0/16',
    '10.20.0.0/16 ',
    '10.20.0.0 /16',
    '10.20.0.0-10.20.0.9',
    'fd00::/129',
    'fd00::/1000',
    'fe80::%eth0/64',
    '[fd00::]/16',
    '::ffff:10.0.0.0/104',
    '::ffff:a00:0/104',
    'example.net/16',
    '*',
  ];
  for (const text of bad) assert.match(problemOf(text), /^must be a network such as /, text);
  assert.equal(problemOf('10.20.3.4/16'), 'has bits set after its length: write 10.20.0.0/16');
  assert.equal(problemOf('fd00::7/64'), 'has bits set after its length: write fd00::/64');
  assert.equal(problemOf('1.2.3.4/0'), 'has bits set after its length: write 0.0.0.0/0');
});

function problemOf(text: string): string {
  const parsed = parseNetwork(text);
  return parsed.ok ? '' : parsed.problem;
}
