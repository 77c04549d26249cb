// Finding what spoils messages: the laws of the search, over any culprits, and how it slows down while nothing is accepted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Group, halves, type Pair, pairsIn, vagueHalves } from '../../../src/core/message/bisection.ts';
import { type Attempt, Suspects } from '../../../src/core/message/suspects.ts';

/** A search by groups: the last message that began is the one that ends. */
class Search {
  readonly #suspects = new Suspects();
  #attempt: Attempt<{ readonly batch: Group }> | undefined;

  get hasAccepted(): boolean {
    return this.#suspects.hasAccepted;
  }
  has(address: string): boolean {
    return this.#suspects.has(address);
  }
  othersAreDue(now: number): boolean {
    return this.#suspects.othersAreDue(now);
  }
  nextDueAt(now: number): number | undefined {
    return this.#suspects.nextDueAt(now);
  }
  add(these: Group): void {
    this.#suspects.add(these);
  }
  release(address: string): void {
    this.#suspects.release(address);
  }
  began(batch: Group): void {
    this.#attempt = this.#suspects.began({ batch });
  }
  next(now: number, take: (of: Group) => Group | undefined): Group | undefined {
    const attempt = this.#suspects.next(now, (of) => {
      const batch = take(of);
      return batch && { batch };
    });
    this.#attempt = attempt ?? this.#attempt;
    return attempt?.message.batch;
  }
  passed(): void {
    this.#attempt?.passed();
  }
  refused(now: number, tookMs: number): readonly Pair[] | undefined {
    return this.#attempt?.refused(now, tookMs);
  }
  unanswered(now: number, tookMs: number): readonly Pair[] | undefined {
    return this.#attempt?.unanswered(now, tookMs);
  }
  putBack(): void {
    this.#attempt?.putBack();
  }
}

const share = (address: string, register: string[], unregister: string[] = []) => ({
  address,
  register,
  unregister,
});
const textOf = ({ section, address, tag }: Pair) => `${section} ${address} ${tag}`;
const textsIn = (group: Group) => pairsIn(group).map(textOf);

const tags = fc.subarray(['a', 'b', 'c', 'd', 'e']);
const group: fc.Arbitrary<Group> = fc
  .uniqueArray(
    fc
      .record({ address: fc.integer({ min: 0, max: 60 }).map(String), register: tags, unregister: tags })
      .filter(({ register, unregister }) => register.length + unregister.length > 0),
    { selector: ({ address }) => address, minLength: 1, maxLength: 30 },
  )
  .map((shares) =>
    shares.map(({ address, register, unregister }) =>
      share(
        address,
        register.filter((tag) => !unregister.includes(tag)),
        unregister,
      ),
    ),
  );

type Verdict = 'passed' | 'refused';
type Course = {
  readonly sent: { readonly pairs: readonly string[]; readonly verdict: Verdict; readonly at: number }[];
  readonly applied: Set<string>;
  readonly meant: Set<string>;
  /** Set aside without having been refused alone. */
  readonly presumed: Set<string>;
};

/** A device that refuses every message with a culprit in it, and a search that goes on to its end. */
function search(first: Group, isCulprit: (pair: Pair) => boolean): Course {
  const suspects = new Search();
  const course: Course = { sent: [], applied: new Set(), meant: new Set(), presumed: new Set() };
  let now = 0;
  const deliver = (message: Group): void => {
    const pairs = pairsIn(message);
    const verdict = pairs.some(isCulprit) ? 'refused' : 'passed';
    course.sent.push({ pairs: pairs.map(textOf), verdict, at: now });
    now += 1;
    if (verdict === 'passed') {
      for (const pair of pairs) course.applied.add(textOf(pair));
      suspects.passed();
      return;
    }
    const meant = suspects.refused(now, 1) ?? [];
    for (const pair of meant) {
      course.meant.add(textOf(pair));
      if (pairs.length > 1 || textOf(pair) !== textsIn(message)[0]) course.presumed.add(textOf(pair));
    }
  };
  suspects.began(first);
  deliver(first);
  for (;;) {
    const message = suspects.next(now, (them) => them);
    if (message !== undefined) deliver(message);
    else if (suspects.nextDueAt(now) === undefined) return course;
    else now = suspects.nextDueAt(now) ?? now;
    assert.ok(course.sent.length < 2_000, 'the search comes to an end');
  }
}

test('law: halves are two parts that make up the whole, and removals part from registrations first', () => {
  fc.assert(
    fc.property(group, (whole) => {
      const parts = halves(whole);
      if (parts === undefined) return assert.equal(pairsIn(whole).length, 1);
      const [first, second] = parts.map(textsIn) as [string[], string[]];
      assert.ok(first.length > 0 && second.length > 0);
      assert.deepEqual([...first, ...second].sort(), textsIn(whole).sort());
      const sections = new Set(pairsIn(whole).map(({ section }) => section));
      if (sections.size === 2) assert.ok(first.every((pair) => pair.startsWith('unregister')));
    }),
  );
});

test('law: of any culprits exactly they are set aside, and all else is sent, but for a tag refused alone at three addresses', () => {
  fc.assert(
    fc.property(group, fc.func(fc.boolean()), (whole, guess) => {
      const isCulprit = (pair: Pair) => guess(textOf(pair));
      const { applied, meant, presumed, sent } = search(whole, isCulprit);
      const culprits = pairsIn(whole).filter(isCulprit).map(textOf);
      for (const pair of culprits) assert.ok(meant.has(pair), `${pair} is set aside`);
      for (const pair of textsIn(whole))
        assert.ok(applied.has(pair) !== meant.has(pair), `${pair} is sent or set aside`);
      for (const pair of meant) {
        if (presumed.has(pair)) {
          const [section = '', , tag = ''] = pair.split(' ');
          const alone = sent.filter(
            ({ pairs: [only = '', ...more], verdict }) =>
              more.length === 0 &&
              verdict === 'refused' &&
              only.startsWith(section) &&
              only.endsWith(` ${tag}`),
          );
          assert.ok(
            alone.length >= 3,
            `${pair} is presumed of a tag that was refused alone at three addresses`,
          );
        } else {
          assert.ok(culprits.includes(pair), `${pair} is a culprit`);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('law: nothing that was accepted is sent again, and no address is registered anew before its removals are decided', () => {
  fc.assert(
    fc.property(group, fc.func(fc.boolean()), (whole, guess) => {
      const { sent } = search(whole, (pair) => guess(textOf(pair)));
      const accepted = new Set<string>();
      const open = new Set(textsIn(whole).filter((pair) => pair.startsWith('unregister')));
      for (const { pairs, verdict } of sent.slice(1)) {
        for (const pair of pairs) assert.ok(!accepted.has(pair), `${pair} was accepted before`);
        if (verdict === 'passed') for (const pair of pairs) accepted.add(pair);
        if (pairs.every((pair) => pair.startsWith('register'))) continue;
        for (const pair of pairs) open.delete(pair);
      }
      const registered = sent.findIndex(({ pairs }) => pairs.every((pair) => pair.startsWith('register')));
      const removed = sent.findLastIndex(({ pairs }) => pairs.some((pair) => pair.startsWith('unregister')));
      assert.ok(registered < 0 || removed < registered || removed === 0, 'removals are decided first');
    }),
    { numRuns: 300 },
  );
});

test('law: one culprit among n pairs takes at most 2 log n + 6 messages', () => {
  const size = fc.record({
    addresses: fc.integer({ min: 1, max: 500 }),
    tags: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(size, fc.nat(), ({ addresses, tags }, pick) => {
      const names = Array.from({ length: tags }, (_, i) => `t${i}`);
      const whole = Array.from({ length: addresses }, (_, i) => share(`10.0.${i >> 8}.${i & 255}`, names));
      const all = textsIn(whole);
      const culprit = all[pick % all.length] ?? '';
      const { sent, meant } = search(whole, (pair) => textOf(pair) === culprit);
      assert.deepEqual([...meant], [culprit]);
      assert.ok(
        sent.length <= 2 * Math.log2(all.length) + 6,
        `${sent.length} messages for ${all.length} pairs`,
      );
    }),
    { numRuns: 200 },
  );
});

test('a tag that is refused everywhere is found by a few dozen messages, however many addresses have it', () => {
  const whole = Array.from({ length: 500 }, (_, i) => share(`10.0.${i >> 8}.${i & 255}`, ['bad', 'good']));
  const { sent, meant, applied } = search(whole, ({ tag }) => tag === 'bad');
  assert.equal(meant.size, 500);
  assert.ok([...applied].every((pair) => pair.endsWith(' good')));
  assert.equal(applied.size, 500);
  assert.ok(sent.length <= 60, `${sent.length} messages`);
  assert.ok(
    sent.every(({ at }) => at < 200),
    'the search is never slowed down',
  );
});

test('an address that is refused whatever its tag costs a few messages for each of its tags', () => {
  const tags = Array.from({ length: 8 }, (_, i) => `t${i}`);
  const whole = Array.from({ length: 250 }, (_, i) => share(`10.0.0.${i}`, tags));
  const { sent, meant } = search(whole, ({ address }) => address === '10.0.0.77');
  assert.deepEqual([...meant].sort(), tags.map((tag) => `register 10.0.0.77 ${tag}`).sort());
  assert.ok(sent.length <= 60, `${sent.length} messages`);
});

test('a device that refuses everything is asked two dozen times, then ever more seldom, at last once a minute', () => {
  const whole = Array.from({ length: 500 }, (_, i) => share(`10.0.${i >> 8}.${i & 255}`, [`t${i}`, `u${i}`]));
  const { sent } = search(whole, () => true);
  const within = (ms: number) => sent.filter(({ at }) => at <= ms).length;
  assert.ok(within(1_000) <= 26, `${within(1_000)} in the first second`);
  assert.ok(within(60_000) <= 32, `${within(60_000)} in the first minute`);
  assert.ok(within(3_600_000) <= 95, `${within(3_600_000)} in the first hour`);
});

test('while nothing is accepted what is not suspected goes once a second; an acceptance ends that', () => {
  const suspects = new Search();
  let now = 0;
  for (let i = 0; i < 40; i++) {
    suspects.began([share(`10.0.0.${i}`, ['a', 'b'])]);
    suspects.refused(now, 0);
    now += 1;
  }
  assert.ok(!suspects.othersAreDue(now));
  assert.equal(suspects.nextDueAt(now), now - 1 + 1_000);
  suspects.began([share('10.0.1.1', ['c'])]);
  suspects.passed();
  assert.ok(suspects.othersAreDue(now));
  assert.ok(suspects.next(now, (group) => group) !== undefined);
});

test('suspects take no more than half of the time', () => {
  const suspects = new Search();
  suspects.began([share('10.0.0.1', ['a']), share('10.0.0.2', ['a'])]);
  suspects.refused(1_000, 400);
  assert.equal(
    suspects.next(1_399, (group) => group),
    undefined,
  );
  assert.ok(suspects.othersAreDue(1_000));
  assert.equal(suspects.nextDueAt(1_000), 1_400);
  assert.ok(suspects.next(1_400, (group) => group) !== undefined);
});

test('one message without an answer says nothing of its entries, the same again does', () => {
  const suspects = new Search();
  const message = [share('10.0.0.1', ['a']), share('10.0.0.2', ['a'])];
  suspects.began(message);
  assert.deepEqual(suspects.unanswered(0, 0), []);
  assert.ok(!suspects.has('10.0.0.1'));
  suspects.began(message);
  assert.deepEqual(suspects.unanswered(0, 0), []);
  assert.ok(suspects.has('10.0.0.1') && suspects.has('10.0.0.2'));
  assert.deepEqual(
    suspects.next(0, (group) => group),
    [message[0]],
  );
  assert.deepEqual(suspects.unanswered(0, 0), [], 'nothing else has an answer either');
  suspects.next(0, (group) => group.filter(({ address }) => address === '10.0.0.2'));
  suspects.passed();
  suspects.next(0, (group) => group);
  assert.deepEqual(suspects.unanswered(0, 0), [{ section: 'register', address: '10.0.0.1', tag: 'a' }]);
});

test('where no message has an answer nothing is blamed and nothing is slowed down here', () => {
  const suspects = new Search();
  suspects.began([share('10.0.0.1', ['a']), share('10.0.0.2', ['a'])]);
  suspects.unanswered(0, 5);
  suspects.began([share('10.0.0.1', ['a']), share('10.0.0.2', ['a'])]);
  suspects.unanswered(0, 5);
  let now = 5;
  for (let i = 0; i < 100; i++) {
    assert.ok(suspects.next(now, (group) => group) !== undefined);
    assert.deepEqual(suspects.unanswered(now, 5), []);
    assert.ok(suspects.othersAreDue(now));
    now += 5;
  }
  assert.ok(suspects.has('10.0.0.1') && suspects.has('10.0.0.2'));
});

test('what was in a message with others that have changed since is not blamed alone', () => {
  const suspects = new Search();
  suspects.began([share('10.0.0.1', ['a']), share('10.0.0.2', ['a'])]);
  suspects.release('10.0.0.2');
  assert.deepEqual(suspects.refused(0, 0), []);
  assert.ok(suspects.has('10.0.0.1') && !suspects.has('10.0.0.2'));
});

test('what changes is no longer suspected, and what was not sent after all still is', () => {
  const suspects = new Search();
  suspects.add([share('10.0.0.1', ['a']), share('10.0.0.2', ['a']), share('10.0.0.3', ['a'])]);
  suspects.release('10.0.0.2');
  const sent = suspects.next(0, (group) => group.slice(0, 1));
  assert.deepEqual(sent, [share('10.0.0.1', ['a'])]);
  assert.deepEqual(
    ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => suspects.has(address)),
    [true, false, true],
  );
  suspects.putBack();
  assert.ok(suspects.has('10.0.0.1'));
  assert.equal(
    suspects.next(0, () => undefined),
    undefined,
  );
  assert.ok(!suspects.has('10.0.0.1') && !suspects.has('10.0.0.3'));
});

test('where an address is refused without saying which of several tags is meant, both halves of them are tried', () => {
  const message = [
    share('10.0.0.1', ['a', 'b', 'c'], ['x']),
    share('10.0.0.2', ['a']),
    share('10.0.0.3', ['a', 'b']),
  ];
  const refused = (address: string, section: Pair['section'], tag?: string) => ({
    address,
    section,
    tag,
    message: 'no',
  });
  const refusedPairs = [
    refused('10.0.0.1', 'register'),
    refused('10.0.0.1', 'register'),
    refused('10.0.0.1', 'unregister'),
    refused('10.0.0.2', 'register'),
    refused('10.0.0.3', 'register', 'b'),
  ];
  assert.deepEqual(vagueHalves(message, refusedPairs), [
    [share('10.0.0.1', ['a', 'b'])],
    [share('10.0.0.1', ['c'])],
  ]);
  assert.deepEqual(vagueHalves(message, []), [[], []]);
});

test('after a culprit was found what is far from it is tried first, and what is like it last', () => {
  const addresses = Array.from({ length: 64 }, (_, i) => `10.0.0.${i}`);
  const whole = addresses.map((address, i) => share(address, [`t${i}`]));
  const { sent } = search(whole, ({ address }) => Number(address.slice(7)) < 4);
  const found = sent.findIndex(({ pairs, verdict }) => pairs.length === 1 && verdict === 'refused');
  assert.ok((sent[found + 1]?.pairs.length ?? 0) >= 30, `${sent[found + 1]?.pairs.length} pairs next`);

  const two = addresses.map((address) => share(address, ['bad', 'good']));
  const course = search(two, ({ tag }) => tag === 'bad').sent;
  const first = course.findIndex(({ pairs, verdict }) => pairs.length === 1 && verdict === 'refused');
  const lastGood = course.findLastIndex(({ pairs }) => pairs.some((pair) => pair.endsWith(' good')));
  const nextBad = course.findIndex(
    ({ pairs }, i) => i > first && pairs.every((pair) => pair.endsWith(' bad')),
  );
  assert.ok(lastGood < nextBad, 'all that is good goes before the tag is tried again');
});

test('a search tells whether anything was accepted since it began', () => {
  const suspects = new Search();
  const [a, b] = [share('1', ['a']), share('2', ['a'])];
  suspects.began([a, b]);
  suspects.refused(0, 1);
  assert.equal(suspects.hasAccepted, false);
  suspects.next(1, (group) => group);
  suspects.refused(1, 1);
  assert.equal(suspects.hasAccepted, false, 'refused, whatever was sent');
  suspects.next(2, (group) => group);
  suspects.passed();
  assert.equal(suspects.hasAccepted, true);
  suspects.began([a]);
  suspects.refused(3, 1);
  assert.equal(suspects.hasAccepted, false, 'another search');
});

test('while everything is refused, removals are tried again within 5 s', () => {
  const suspects = new Search();
  const all = Array.from({ length: 300 }, (_, n) => share(String(n), [], ['old']));
  suspects.began(all);
  suspects.refused(0, 1);
  let last = 0;
  let longest = 0;
  for (let now = 0; now < 120_000; now += 100) {
    if (suspects.next(now, (group) => group) === undefined) continue;
    longest = Math.max(longest, now - last);
    last = now;
    suspects.refused(now, 1);
    if (!suspects.has('299')) break;
  }
  assert.ok(longest <= 5_100, `${longest} ms`);
});

test('a message ends once: whatever it is told afterwards throws, also while another one is on its way', () => {
  const suspects = new Suspects();
  const first = suspects.began({ batch: [share('10.0.0.1', ['a'])] });
  first.passed();
  const second = suspects.began({ batch: [share('10.0.0.2', ['a'])] });
  const ends = [
    () => first.passed(),
    () => first.refused(0, 0),
    () => first.unanswered(0, 0),
    () => first.putBack(),
  ];
  for (const end of ends) assert.throws(end, /a message ends once/);
  assert.ok(suspects.has('10.0.0.2'));
  assert.deepEqual(second.refused(0, 0), [{ section: 'register', address: '10.0.0.2', tag: 'a' }]);
});
