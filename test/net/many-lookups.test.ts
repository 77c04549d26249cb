// Lookups where libuv has more threads for them than by default: names without an answer leave others theirs at a start, too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesOf, allowLookups } from '../../src/net/names.ts';
import { scriptResolver } from './resolver.ts';

const never = new AbortController().signal;

test('at a start, when nobody knows which names have no answer, others are looked up beside them', async (context) => {
  const threads = 32;
  allowLookups(threads);
  const resolver = scriptResolver(context, { 'fw-a.example.net': ['10.0.0.1'] }, threads);
  const silent = Array.from({ length: threads - 1 }, (_, n) => `fw-${n}.silent.example.net`);
  const away = silent.map((name) => assert.rejects(addressesOf(name, 500, never), { code: 'DNS_TIMEOUT' }));
  assert.deepEqual(await addressesOf('fw-a.example.net', 500, never), ['10.0.0.1']);
  await Promise.all(away);
  // One that finds no thread waits for it, in the order of asking.
  const last = addressesOf('fw-b.example.net', 5_000, never);
  const more = addressesOf('fw-a.example.net', 5_000, never);
  assert.equal(resolver.asked.length, threads + 1);
  resolver.answer(['10.0.0.2']);
  await more;
  resolver.answer(['10.0.0.2']);
  await last;
});
