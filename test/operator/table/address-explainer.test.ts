// The debug line about an address that is not as it should be: when it comes, of which address, and that it harms nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Table } from '../../../src/core/table/table.ts';
import { addressExplainer } from '../../../src/operator/table/address-explainer.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { simulate } from './simulated-worker.ts';
import { confirmBatch, nextBatch } from '../../core/table/messages.ts';

type Line = Readonly<Record<string, unknown>> & { readonly msg: string };

function logTo(lines: Line[], level: 'debug' | 'info' = 'debug') {
  const log = createLogger({ level: 'silent', format: 'json' });
  return Object.assign(Object.create(log) as typeof log, {
    isLevelEnabled: (asked: string) => asked !== 'debug' || level === 'debug',
    debug: (fields: object, msg: string) => void lines.push({ ...fields, msg }),
  });
}

/** A table that was read and found empty; the addresses were wanted at 0. */
function explaining(addresses: readonly string[], level: 'debug' | 'info' = 'debug') {
  const tags = {
    tagsOf: (one: string) => (addresses.includes(one) ? ['k8s.a'] : []),
    addresses: () => addresses,
  };
  const table = new Table(tags, () => undefined, { percent: 100, minimum: 1000 });
  table.beginRead();
  table.endRead({ owned: new Map(), others: new Map(), agreed: true }, 0);
  const lines: Line[] = [];
  const clock = { now: 0 };
  const parts = {
    table,
    explainDesired: (address: string) => ({ holder: `the Pod at ${address}` }),
    rights: () => ({ mayWrite: false }),
    log: logTo(lines, level),
    now: () => clock.now,
  };
  return { table, lines, clock, parts, look: addressExplainer(parts) };
}

test('an address that is pending for 5 s is explained from both sides, one a minute, in turn', () => {
  const { lines, clock, look, table } = explaining(['10.0.0.1', '10.0.0.2']);
  clock.now = 4_999;
  look();
  assert.deepEqual(lines, []);
  clock.now = 5_000;
  look();
  look();
  assert.equal(lines.length, 1);
  const [line] = lines;
  const { address, ...known } = table.explain('10.0.0.1', 5_000);
  assert.deepEqual(line, {
    msg: 'address explained',
    address,
    state: 'pending',
    mayWrite: false,
    table: known,
    desired: { holder: 'the Pod at 10.0.0.1' },
  });
  clock.now = 64_999;
  look();
  assert.equal(lines.length, 1);
  clock.now = 65_000;
  look();
  assert.equal(lines.length, 2);
});

test('a refused address is explained, and one that waits, and one that is held', () => {
  const { table, lines, clock, look } = explaining(['10.0.0.1']);
  const batch = nextBatch(table, { entries: 10, bytes: 10_000 }, 0);
  assert.ok(batch);
  const message = 'no room';
  confirmBatch(batch, [{ section: 'register', address: '10.0.0.1', tag: 'k8s.a', message }], 0);
  look();
  assert.deepEqual([lines.at(-1)?.['address'], lines.at(-1)?.['state']], ['10.0.0.1', 'refused']);

  table.setKnowledge({ gate: () => 'something is not known' }, 0);
  table.beginRead();
  const owned = new Map([['10.0.0.9', ['k8s.b']]]);
  table.endRead({ owned, others: new Map(), agreed: true }, 0);
  clock.now = 60_000;
  look();
  assert.deepEqual([lines.at(-1)?.['address'], lines.at(-1)?.['state']], ['10.0.0.9', 'waiting']);

  table.setKnowledge({ gate: () => undefined }, 0);
  table.configureGuard({ percent: 0, minimum: 0 });
  nextBatch(table, { entries: 10, bytes: 10_000 }, 60_000);
  assert.equal(table.held.length, 1);
  const states = [120_000, 180_000].map((at) => {
    clock.now = at;
    look();
    return lines.at(-1)?.['state'];
  });
  assert.ok(states.includes('held'), String(states));
});

test('without level debug nothing is looked at, and what fails while it is looked at is told as that', () => {
  const quiet = explaining(['10.0.0.1'], 'info');
  quiet.clock.now = 60_000;
  quiet.look();
  assert.deepEqual(quiet.lines, []);

  const { parts, clock, lines } = explaining(['10.0.0.1']);
  const explainDesired = () => {
    throw new Error('a fault');
  };
  clock.now = 60_000;
  addressExplainer({ ...parts, explainDesired })();
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['address not explained'],
  );
});

test('a worker in mode Observe explains what it does not write, for as long as it runs', async () => {
  const lines: Line[] = [];
  const context = { writeMode: 'observe' as const, log: logTo(lines) };
  const told = () => lines.filter(({ msg }) => msg === 'address explained');
  await simulate({ context }, async ({ want, pass }) => {
    await pass(1000);
    want('10.0.0.1', 'k8s.a');
    await pass(10_000);
    assert.deepEqual(
      told().map(({ address, state, writeMode, mayWrite }) => [address, state, writeMode, mayWrite]),
      [['10.0.0.1', 'pending', 'observe', false]],
    );
    await pass(60_000);
    assert.equal(told().length, 2);
  });
});
