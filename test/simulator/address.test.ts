// Addresses and tags as the device takes and prints them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalAddress, printAddress } from '../../simulator/device/address.ts';
import { isTag } from '../../simulator/device/tag-rules.ts';

test('addresses have one canonical text', () => {
  const cases = {
    '10.1.0.9': '10.1.0.9',
    '10.1.0.9/32': '10.1.0.9',
    '2001:DB8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
    '2001:db8::7/128': '2001:db8::7',
    '::FFFF:10.0.0.1': '::ffff:10.0.0.1',
    '10.1.2.3/24': '10.1.2.0/24',
    '255.255.255.255/1': '128.0.0.0/1',
    '0.0.0.0/0': '0.0.0.0/0',
    '10.0.0.1-10.0.0.9': '10.0.0.1-10.0.0.9',
  };
  for (const [text, canonical] of Object.entries(cases))
    assert.equal(canonicalAddress(text), canonical, text);
});

test('what is no address is none', () => {
  const texts = [
    '',
    ' ',
    'web',
    '10.1.0',
    '10.1.0.256',
    '010.1.0.9',
    '10.1.0.9/33',
    '10.1.0.9/',
    '10.1.0.9/32/32',
  ];
  const more = [
    'fe80::1%eth0',
    '2001:db8::/64',
    '::1/129',
    '10.0.0.9-10.0.0.1',
    '10.0.0.1-',
    '::1-::2',
    ' 10.1.0.9',
  ];
  for (const text of [...texts, ...more]) assert.equal(canonicalAddress(text), undefined, text);
});

test('hosts are printed plain or as CIDR, networks and ranges as they are', () => {
  for (const ip of ['10.1.0.9', '::1', '10.0.0.0/8', '10.0.0.1-10.0.0.2']) {
    assert.equal(printAddress(ip, false), ip);
  }
  assert.equal(printAddress('10.1.0.9', true), '10.1.0.9/32');
  assert.equal(printAddress('::1', true), '::1/128');
  assert.equal(printAddress('10.0.0.0/8', true), '10.0.0.0/8');
});

test('tags follow the rules of the API lab', () => {
  for (const tag of ['a', 'k8s.ns_b', 'a b', 'and then', 'Ä&<>', 'x'.repeat(127), '😀'.repeat(127)]) {
    assert.equal(isTag(tag, 127), true, tag);
  }
  for (const tag of ['', "it's", 'say "x"', 'a  b', 'and', 'OR', 'Not', 'x'.repeat(128), '😀'.repeat(128)]) {
    assert.equal(isTag(tag, 127), false, tag);
  }
});
