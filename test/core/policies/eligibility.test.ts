// Addresses that a firewall takes: never those that mean no single host, and of the rest those in its networks.
import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalAddress } from '../../../src/core/syntax/address.ts';
import { takes } from '../../../src/core/policies/eligibility.ts';
import { parseNetwork } from '../../../src/core/syntax/network.ts';

const network = (text: string) => {
  const parsed = parseNetwork(text);
  assert.ok(parsed.ok, text);
  return parsed.network;
};
const any = { addressCIDRs: undefined };
const everything = { addressCIDRs: ['0.0.0.0/0', '::/0'].map(network) };

/** As the contract words them, first and last address of each. */
const never: readonly (readonly [meaning: string, first: string, last: string])[] = [
  ['unspecified and this network', '0.0.0.0', '0.255.255.255'],
  ['loopback', '127.0.0.0', '127.255.255.255'],
  ['link-local', '169.254.0.0', '169.254.255.255'],
  ['the marker’s 192.0.2.0/24', '192.0.2.0', '192.0.2.255'],
  ['multicast', '224.0.0.0', '239.255.255.255'],
  ['broadcast', '255.255.255.255', '255.255.255.255'],
  ['unspecified and loopback of IPv6', '::', '::1'],
  ['link-local of IPv6', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['multicast of IPv6', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['unspecified, IPv4-mapped', '::ffff:0.0.0.0', '::ffff:0.255.255.255'],
  ['loopback, IPv4-mapped', '::ffff:127.0.0.0', '::ffff:127.255.255.255'],
  ['link-local, IPv4-mapped', '::ffff:169.254.0.0', '::ffff:169.254.255.255'],
  ['192.0.2.0/24, IPv4-mapped', '::ffff:192.0.2.0', '::ffff:192.0.2.255'],
  ['multicast, IPv4-mapped', '::ffff:224.0.0.0', '::ffff:239.255.255.255'],
  ['broadcast, IPv4-mapped', '::ffff:255.255.255.255', '::ffff:255.255.255.255'],
];

test('loopback, link-local, multicast, broadcast, unspecified and the marker’s network are never taken', () => {
  for (const [meaning, first, last] of never) {
    for (const address of [first, last]) {
      assert.equal(takes(any, address), false, `${meaning}: ${address}`);
      assert.equal(takes(everything, address), false, `${meaning}: ${address}`);
    }
  }
});

test('their neighbours on either side are taken', () => {
  const neighbours = [
    ['1.0.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '192.0.1.255', '192.0.3.0'],
    ['223.255.255.255', '240.0.0.0', '255.255.255.254', '10.0.0.1', '192.168.0.1', '22.4.0.1', '2.55.0.1'],
    ['::2', 'fe7f:ffff::1', 'fec0::', 'feff::1', 'fd00::1', 'fc00::', '2001:db8::1', '64:ff9b::7f00:1'],
    ['::ffff:10.0.0.1', '::ffff:126.255.255.255', '::ffff:240.0.0.0', '::fffe:7f00:1', '::1:0'],
  ];
  for (const address of neighbours.flat()) {
    assert.equal(canonicalAddress(address), address);
    assert.equal(takes(any, address), true, address);
    assert.equal(takes(everything, address), true, address);
  }
});

test('addressCIDRs take their own family only, and a mapped address as the IPv4 address that it holds', () => {
  const ipv4 = { addressCIDRs: [network('10.0.0.0/8')] };
  assert.equal(takes(ipv4, '10.1.2.3'), true);
  assert.equal(takes(ipv4, '11.1.2.3'), false);
  assert.equal(takes(ipv4, 'a00::1'), false);
  for (let group = 0; group < 5; group += 1) {
    const groups = ['0', '0', '0', '0', '0', 'ffff', 'a01', '203'].with(group, '1').join(':');
    const address = canonicalAddress(groups) ?? '';
    assert.equal(takes(ipv4, address), false, address);
    assert.equal(takes({ addressCIDRs: [network(`${address}/128`)] }, address), true, address);
  }
  assert.equal(takes(ipv4, 'fd00::a01:203'), false);
  assert.equal(takes(ipv4, '::ffff:10.1.2.3'), true);
  const ipv6 = { addressCIDRs: [network('fd00::/8')] };
  assert.equal(takes(ipv6, 'fd12::1'), true);
  assert.equal(takes(ipv6, 'fc12::1'), false);
  assert.equal(takes(ipv6, '253.0.0.1'), false);
  const allOfIPv6 = { addressCIDRs: [network('::/0')] };
  assert.equal(takes(allOfIPv6, '::2'), true);
  assert.equal(takes(allOfIPv6, '10.1.2.3'), false);
  assert.equal(takes(allOfIPv6, '::ffff:10.1.2.3'), false);
  assert.equal(takes({ addressCIDRs: [] }, '10.1.2.3'), false);
});

test('law: what is taken lies in a network of the list and in none of those that are never, as BlockList has it', () => {
  // BlockList also looks for IPv4 addresses in networks of IPv6: it is asked within one family.
  const list = (texts: readonly string[], family: 'ipv4' | 'ipv6') => {
    const blocks = new BlockList();
    for (const text of texts.filter((one) => one.includes(':') === (family === 'ipv6'))) {
      const [net = '', length] = text.split('/');
      blocks.addSubnet(net, Number(length), family);
    }
    return blocks;
  };
  const forbidden = new BlockList();
  for (const [, first, last] of never) {
    // BlockList knows mapped addresses by itself.
    const family = first.includes(':') ? 'ipv6' : 'ipv4';
    if (!first.startsWith('::ffff:')) forbidden.addRange(first, last, family);
  }
  const byte = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0, 2, 10, 127, 169, 192, 224, 254, 255),
  );
  const quad = fc.array(byte, { minLength: 4, maxLength: 4 }).map((bytes) => bytes.join('.'));
  const group = fc.oneof(
    fc.constantFrom(0, 0, 0, 0xfd00, 0xfe80, 0xffff, 1),
    fc.integer({ min: 0, max: 0xffff }),
  );
  const groups = fc
    .array(group, { minLength: 8, maxLength: 8 })
    .map((all) => all.map((one) => one.toString(16)).join(':'));
  const address = fc
    .oneof(
      quad,
      groups,
      quad.map((text) => `::ffff:${text}`),
    )
    .map((text) => canonicalAddress(text) ?? '');
  const texts = [
    '10.0.0.0/8',
    '127.0.0.0/8',
    '0.0.0.0/0',
    '192.0.0.0/16',
    '::/0',
    'fd00::/16',
    'fe80::/10',
    '::/16',
  ];
  const seen = { taken: 0, left: 0 };
  fc.assert(
    fc.property(address, fc.option(fc.subarray(texts, { minLength: 1 })), (text, chosen) => {
      const plain = text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text;
      const family = plain.includes(':') ? 'ipv6' : 'ipv4';
      const inside = (blocks: BlockList) => blocks.check(plain, family);
      const expected = !inside(forbidden) && (chosen === null || inside(list(chosen, family)));
      const actual = takes({ addressCIDRs: chosen?.map(network) }, text);
      assert.equal(actual, expected, text);
      seen[actual ? 'taken' : 'left'] += 1;
    }),
    { numRuns: 5000 },
  );
  assert.ok(seen.taken > 0 && seen.left > 0, JSON.stringify(seen));
});
