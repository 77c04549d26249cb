// Key exchange groups that are tried with a device whose handshakes are cut, and for how long.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  createKeyExchange,
  type Groups,
  type HandshakeOutcome,
} from '../../../src/panos/http/key-exchange.ts';

type Handshake = { readonly groups: Groups; readonly outcome: HandshakeOutcome; readonly isFound: boolean };
/** What becomes of the next handshake on the way to the device. */
type Path = (groups: Groups) => HandshakeOutcome;

/** Makes a handshake on each of the paths in turn. */
function handshakesOn(paths: readonly Path[]): Handshake[] {
  let found = 0;
  const exchange = createKeyExchange(() => {
    found += 1;
  });
  return paths.map((path) => {
    const before = found;
    const groups = exchange.next('fw');
    const outcome = path(groups);
    exchange.ended('fw', groups, outcome);
    return { groups, outcome, isFound: found > before };
  });
}

const always =
  (outcome: HandshakeOutcome): Path =>
  () =>
    outcome;
const down = always('cut');
const open = always('made');
/** Cuts a ClientHello of more than one packet. */
const middlebox: Path = (groups) => (groups === 'all' ? 'cut' : 'made');
const times = <T>(n: number, one: T): T[] => Array<T>(n).fill(one);
/** What may have happened before, in pieces that lead to each state. */
const anything = fc
  .array(
    fc.constantFrom<Path[]>(
      [down],
      [open],
      [middlebox],
      [always('other')],
      times(3, down),
      times(4, middlebox),
      times(6, middlebox),
    ),
    { maxLength: 15 },
  )
  .map((pieces) => pieces.flat());

const groupsOf = (outcomes: readonly HandshakeOutcome[]): Groups[] =>
  handshakesOn(outcomes.map(always)).map(({ groups }) => groups);
const whereFound = (handshakes: readonly Handshake[]): number[] =>
  handshakes.flatMap(({ isFound }, at) => (isFound ? [at] : []));

test('after three cuts in a row one handshake is classical; once all groups are cut again and it is made again, it stays', () => {
  const handshakes = handshakesOn(times(10, middlebox));
  assert.deepEqual(
    handshakes.map(({ groups }) => groups),
    ['all', 'all', 'all', 'classical', 'all', ...times(5, 'classical')],
  );
  assert.deepEqual(whereFound(handshakes), [5]);
});

test('a reboot whose end happens to be the classical try leaves nothing behind', () => {
  const handshakes = handshakesOn([down, down, down, ...times(4, open)]);
  assert.deepEqual(
    handshakes.map(({ groups }) => groups),
    ['all', 'all', 'all', 'classical', 'all', 'all', 'all'],
  );
  assert.deepEqual(whereFound(handshakes), []);
});

test('nor does the next reboot, which ends the connection that the classical try had made', () => {
  const handshakes = handshakesOn([down, down, down, open, down, down, open, open]);
  assert.deepEqual(
    handshakes.map(({ groups }) => groups),
    ['all', 'all', 'all', 'classical', 'all', 'classical', 'all', 'all'],
  );
  assert.deepEqual(whereFound(handshakes), []);
});

test('where classical groups have stayed, three handshakes in a row that fail lead to one with all, which ends it', () => {
  for (const failure of ['cut', 'other'] as const) {
    const fails = times(3, always(failure));
    const handshakes = handshakesOn([...times(6, middlebox), ...fails, middlebox, ...fails, open, open]);
    assert.deepEqual(
      handshakes.slice(6).map(({ groups }) => groups),
      [...times(3, 'classical'), 'all', ...times(3, 'classical'), 'all', 'all'],
    );
    assert.deepEqual(whereFound(handshakes), [5]);
  }
});

test('a classical handshake that is cut, too, proves nothing: it is one in four', () => {
  const handshakes = handshakesOn(times(8, down));
  assert.deepEqual(
    handshakes.map(({ groups }) => groups),
    ['all', 'all', 'all', 'classical', 'all', 'all', 'all', 'classical'],
  );
  assert.deepEqual(whereFound(handshakes), []);
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

test('several handshakes at once: one classical try, and two of them that are made prove no more than one', () => {
  const found: string[] = [];
  const exchange = createKeyExchange((device) => found.push(device));
  const cutAll = (count: number) => {
    for (let n = 0; n < count; n += 1) exchange.ended('fw', 'all', 'cut');
  };
  cutAll(3);
  assert.deepEqual([exchange.next('fw'), exchange.next('fw')], ['classical', 'all']);
  cutAll(3);
  assert.equal(exchange.next('fw'), 'classical');
  exchange.ended('fw', 'classical', 'made');
  exchange.ended('fw', 'classical', 'made');
  assert.equal(exchange.next('fw'), 'all');
  assert.deepEqual(found, []);
});

test('law: a path that passes the full hello never has more than one classical handshake made, however often it is down', () => {
  // What cannot be told from a middlebox: to be up for one handshake, down for one, and up again.
  const law = (leastDown: number, leastUp: number) => {
    const phase = fc.record({
      down: fc.integer({ min: leastDown, max: 9 }),
      up: fc.integer({ min: leastUp, max: 5 }),
    });
    return fc.property(fc.array(phase, { maxLength: 12 }), (phases) => {
      const paths = phases.flatMap(({ down: cuts, up }) => [...times(cuts, down), ...times(up, open)]);
      const handshakes = handshakesOn(paths);
      assert.deepEqual(whereFound(handshakes), []);
      let start = 0;
      for (const { down: cuts, up } of phases) {
        const made = handshakes.slice(start + cuts, start + cuts + up);
        assert.ok(made.slice(1).every(({ groups }) => groups === 'all'));
        start += cuts + up;
      }
    });
  };
  fc.assert(law(2, 1));
  fc.assert(law(1, 2));
});

test('law: a path that cuts only full hellos is usable and ends up classical, with one failure at most after it passed first', () => {
  fc.assert(
    fc.property(anything, (before) => {
      const handshakes = handshakesOn([...before, ...times(20, middlebox)]);
      const after = handshakes.slice(before.length);
      const first = after.findIndex(({ outcome }) => outcome === 'made');
      assert.ok(first >= 0 && first <= 3, String(first));
      const failures = after.slice(first).filter(({ outcome }) => outcome !== 'made');
      assert.ok(failures.length <= 1, String(failures.length));
      assert.ok(after.slice(first + 2).every(({ groups }) => groups === 'classical'));
      assert.ok(whereFound(handshakes).length > 0);
    }),
  );
});

test('law: whatever was before, a path that passes only one of the two is passed within four handshakes, and then kept to', () => {
  const blocked = fc.constantFrom<HandshakeOutcome>('cut', 'other');
  fc.assert(
    fc.property(anything, blocked, (before, failure) => {
      const onlyAll: Path = (groups) => (groups === 'all' ? 'made' : failure);
      const after = handshakesOn([...before, ...times(12, onlyAll)]).slice(before.length);
      const first = after.findIndex(({ outcome }) => outcome === 'made');
      assert.ok(first >= 0 && first <= 3, String(first));
      assert.ok(after.slice(first).every(({ groups }) => groups === 'all'));
    }),
  );
});

test('law: it is found just where a classical handshake was made, one with all groups cut, and a classical one made', () => {
  fc.assert(
    fc.property(anything, (paths) => {
      const handshakes = handshakesOn(paths);
      let isKept = false;
      handshakes.forEach(({ groups, outcome, isFound }, at) => {
        const before = handshakes.slice(0, at);
        const last = before.at(-1);
        const isAfterCut = last?.groups === 'all' && last.outcome === 'cut';
        const lastMade = before.findLast((one) => one.outcome === 'made');
        if (groups === 'classical' && !isKept) {
          const afterThree = at >= 3 && before.slice(-3).every((one) => one.outcome === 'cut');
          assert.ok(afterThree || (isAfterCut && lastMade?.groups === 'classical'));
        }
        if (isFound) {
          assert.ok(!isKept && groups === 'classical' && outcome === 'made');
          assert.ok(isAfterCut && lastMade?.groups === 'classical');
          isKept = true;
        }
        if (groups === 'all' && outcome === 'made') isKept = false;
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
