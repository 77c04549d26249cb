// The registered-ip table by itself: order, listings, flags, deadlines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RegisteredIpTable } from '../../simulator/device/table.ts';

const ips = (table: RegisteredIpTable, tags?: readonly string[]): string[] =>
  table.rows(tags).map((row) => row.ip);

test('rows stay in the order of registration, and one that comes again comes last', () => {
  const table = new RegisteredIpTable();
  for (const ip of ['c', 'a', 'b']) table.register(ip, 't', Infinity);
  table.register('c', 'u', Infinity);
  assert.deepEqual(ips(table), ['c', 'a', 'b']);
  table.unregister('a', 't');
  table.register('a', 't', Infinity);
  assert.deepEqual(ips(table), ['c', 'b', 'a']);
});

test('a listing is one array until the table changes', () => {
  const table = new RegisteredIpTable();
  table.register('a', 't', Infinity);
  assert.equal(table.rows(), table.rows());
  assert.equal(table.rows(['t']), table.rows(['t']));
  const before = table.rows(['u']);
  table.register('a', 'u', Infinity);
  assert.deepEqual([before.length, table.rows(['u']).length], [0, 1]);
});

test('the last tag takes the address along', () => {
  const table = new RegisteredIpTable();
  table.register('a', 't', Infinity);
  assert.equal(table.unregister('a', 'u'), false);
  assert.equal(table.unregister('a', 't'), true);
  assert.equal(table.size, 0);
  assert.equal(table.unregister('a', 't'), false);
});

test('what runs out goes within the second after its deadline, unless it was renewed', () => {
  const table = new RegisteredIpTable();
  table.register('a', 'short', 1500);
  table.register('a', 'renewed', 1500);
  table.register('a', 'kept', Infinity);
  table.register('a', 'renewed', 9000);
  table.expire(1499);
  assert.deepEqual([...(table.get('a')?.tags.keys() ?? [])], ['short', 'renewed', 'kept']);
  table.expire(2000);
  assert.deepEqual([...(table.get('a')?.tags.keys() ?? [])], ['renewed', 'kept']);
  table.expire(9000);
  assert.deepEqual([...(table.get('a')?.tags.keys() ?? [])], ['kept']);
});

test('a reboot keeps what is persistent', () => {
  const table = new RegisteredIpTable();
  table.register('a', 't', Infinity);
  table.register('b', 't', Infinity, { persistent: false });
  table.reboot();
  assert.deepEqual(ips(table), ['a']);
});

test('after any changes the listings hold what a plain map of sets would', () => {
  const change = fc.record({
    ip: fc.constantFrom('a', 'b', 'c'),
    tag: fc.constantFrom('t', 'u'),
    register: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const table = new RegisteredIpTable();
      const model = new Map<string, Set<string>>();
      for (const { ip, tag, register } of changes) {
        const tags = model.get(ip) ?? new Set<string>();
        if (register) table.register(ip, tag, Infinity);
        else assert.equal(table.unregister(ip, tag), tags.has(tag));
        if (register) tags.add(tag);
        else tags.delete(tag);
        model.delete(ip);
        if (tags.size > 0) model.set(ip, tags);
        assert.deepEqual(
          new Set(ips(table, ['t'])),
          new Set([...model].filter(([, set]) => set.has('t')).map(([key]) => key)),
        );
      }
      assert.deepEqual(new Map(table.rows().map((row) => [row.ip, new Set(row.tags.keys())])), model);
      assert.equal(table.size, model.size);
    }),
  );
});
