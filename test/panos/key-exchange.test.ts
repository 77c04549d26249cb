// Which key exchange groups are tried with a device whose handshakes are cut, and for how long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createKeyExchange, type Groups, type HandshakeOutcome } from '../../src/panos/key-exchange.ts';

/** Makes handshakes with these outcomes, and tells with which groups. */
function groupsOf(outcomes: readonly HandshakeOutcome[], found: string[] = []): Groups[] {
  const exchange = createKeyExchange((device) => found.push(device));
  return outcomes.map((outcome) => {
    const groups = exchange.next('fw');
    exchange.ended('fw', groups, outcome);
    return groups;
  });
}

test('after three cuts in a row one handshake is tried with classical groups, and once it is made all others are', () => {
  const found: string[] = [];
  const groups = groupsOf(['cut', 'cut', 'cut', 'made', 'cut', 'other', 'made'], found);
  assert.deepEqual(groups, ['all', 'all', 'all', ...Array<Groups>(4).fill('classical')]);
  assert.deepEqual(found, ['fw']);
});

test('a classical handshake that is cut, too, proves nothing: it is one in four', () => {
  const found: string[] = [];
  const groups = groupsOf(Array<HandshakeOutcome>(8).fill('cut'), found);
  assert.deepEqual(groups, ['all', 'all', 'all', 'classical', 'all', 'all', 'all', 'classical']);
  assert.deepEqual(found, []);
});

test('only cuts in a row count', () => {
  for (const between of ['made', 'other'] as const) {
    const groups = groupsOf(['cut', 'cut', between, 'cut', 'cut', between, 'cut']);
    assert.ok(!groups.includes('classical'));
  }
});

test('devices are told apart', () => {
  const exchange = createKeyExchange();
  for (let n = 0; n < 3; n += 1) exchange.ended('a', exchange.next('a'), 'cut');
  assert.equal(exchange.next('b'), 'all');
  assert.equal(exchange.next('a'), 'classical');
});

test('law: a device is given up as classical only by a handshake that was made after three cuts in a row', () => {
  const outcome = fc.constantFrom<HandshakeOutcome>('made', 'cut', 'other');
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 40 }), (outcomes) => {
      const found: string[] = [];
      const groups = groupsOf(outcomes, found);
      const first = groups.findIndex((one, at) => one === 'classical' && outcomes[at] === 'made');
      assert.equal(found.length, first < 0 ? 0 : 1);
      groups.forEach((one, at) => {
        const isKept = first >= 0 && at > first;
        const afterThree = at >= 3 && outcomes.slice(at - 3, at).every((before) => before === 'cut');
        if (isKept) assert.equal(one, 'classical');
        else if (one === 'classical') assert.ok(afterThree);
      });
    }),
  );
});

test('endpoints that come and go do not fill the memory', () => {
  const exchange = createKeyExchange();
  const cutOff = (device: string) => {
    for (let n = 0; n < 3; n += 1) exchange.ended(device, 'all', 'cut');
  };
  cutOff('the first');
  for (let n = 0; n < 1000; n += 1) cutOff(`device ${n}`);
  assert.equal(exchange.next('the first'), 'all', 'forgotten');
  assert.equal(exchange.next('device 999'), 'classical');
});
