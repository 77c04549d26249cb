// Timeouts on one device: what is refreshed when, what an edit makes of them, and when the device is spared.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { BatchItem } from '../../../src/core/message/batch.ts';
import { RegistrationTimeouts } from '../../../src/core/timeouts/registration-timeouts.ts';

const host = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;

/** A table and its device: when each address's timeout ends, Infinity for never. */
class Bench {
  now = 0;
  readonly ends = new Map<string, number>();
  readonly timeouts: RegistrationTimeouts;
  /** Milliseconds that the device takes for a registration. */
  cost = 0.01;
  reachable = true;
  pairs: number | undefined;
  /** How many were refreshed in each minute. */
  readonly perMinute = new Map<number, number>();
  largest = 0;

  constructor(count = 0, timeoutSeconds = 0) {
    for (let i = 0; i < count; i++)
      this.ends.set(host(i), timeoutSeconds === 0 ? Number.POSITIVE_INFINITY : timeoutSeconds * 1000);
    this.timeouts = new RegistrationTimeouts({
      addresses: () => this.ends.keys(),
      pairs: () => this.pairs ?? this.ends.size,
    });
  }

  want(timeoutSeconds: number): this {
    this.timeouts.configure({ timeoutSeconds, obstacle: undefined }, this.now);
    return this;
  }

  begin(): this {
    this.timeouts.begin(this.now);
    return this;
  }

  send(batch: readonly BatchItem[]): void {
    this.timeouts.sent(this.now);
    this.now += batch.length * this.cost;
    if (!this.reachable) return;
    for (const { address, timeoutSeconds = 0 } of batch)
      this.ends.set(
        address,
        timeoutSeconds === 0 ? Number.POSITIVE_INFINITY : this.now + timeoutSeconds * 1000,
      );
    this.timeouts.answered(batch, this.now);
  }

  register(address: string): void {
    const { timeoutSeconds } = this.timeouts;
    this.send([item(address, { register: ['k.a'], timeoutSeconds })]);
  }

  /** Sends what is due until nothing is, a message at a time; then the time goes on. No timeout may end. */
  run(ms: number, stepMs = 1000): void {
    for (const until = this.now + ms; this.now < until; this.now += stepMs) {
      for (let more = true; more && this.reachable; ) more = this.#message();
      for (const [address, end] of this.ends)
        if (end <= this.now) assert.fail(`the timeout of ${address} ended`);
    }
  }

  #message(): boolean {
    const batch: BatchItem[] = [];
    const { timeoutSeconds } = this.timeouts;
    const quota = this.timeouts.quota(false);
    for (const address of this.timeouts.due(this.now)) {
      if (batch.length >= quota) break;
      batch.push(item(address, { refresh: ['k.a'], timeoutSeconds }));
    }
    if (batch.length === 0) return false;
    this.largest = Math.max(this.largest, batch.length);
    const minute = Math.floor(this.now / 60_000);
    this.perMinute.set(minute, (this.perMinute.get(minute) ?? 0) + batch.length);
    this.send(batch);
    return true;
  }
}

function item(address: string, rest: Partial<BatchItem>): BatchItem {
  return { address, register: [], unregister: [], causes: new Map(), since: 0, ...rest };
}

test('100,000 timeouts of 15 minutes are refreshed evenly, in bounded messages, and none ever ends', () => {
  const bench = new Bench(100_000, 900).want(900);
  bench.timeouts.inherit(900);
  bench.begin();
  bench.run(1_800_000, 5000);
  const minutes = [...bench.perMinute].filter(([minute]) => minute >= 8).map(([, count]) => count);
  const mean = minutes.reduce((sum, count) => sum + count) / minutes.length;
  assert.ok(Math.abs(mean - 20_000) < 1000, `${mean} a minute on average`);
  assert.ok(Math.max(...minutes) / mean < 1.1, `${Math.max(...minutes)} in the fullest minute`);
  assert.ok(bench.largest <= 20_000, `${bench.largest} in one message`);
});

test('after a start every registration is visited within a third of its time, evenly, from half a turn back', () => {
  const bench = new Bench(10_000, 3600).want(3600);
  bench.timeouts.inherit(3600);
  bench.begin();
  bench.run(600_000);
  const caughtUp = [...bench.perMinute.values()];
  assert.ok(Math.max(...caughtUp) < 1500 * 1.3, `${Math.max(...caughtUp)} in the fullest minute of ten`);
  bench.run(600_000);
  const counts = [...bench.perMinute].filter(([minute]) => minute > 10).map(([, count]) => count);
  assert.ok(Math.max(...counts) < 500 * 1.3, `${Math.max(...counts)} in the fullest minute after it`);
  assert.ok(
    [...bench.ends.values()].every((end) => end > 3600_000),
    'nobody is left out',
  );
});

test('addresses that were registered together are refreshed apart', () => {
  const bench = new Bench().want(900).begin();
  for (let i = 0; i < 6000; i++) bench.register(host(i));
  bench.run(900_000);
  const counts = [...bench.perMinute].filter(([minute]) => minute >= 8 && minute < 15).map(([, n]) => n);
  assert.ok(Math.max(...counts) < 1200 * 1.2 && Math.min(...counts) > 1200 * 0.8, counts.join(' '));
});

test('registrations outlive an outage of more than half their timeout', () => {
  const bench = new Bench(2000, 900).want(900).begin();
  bench.run(1_000_000);
  bench.reachable = false;
  bench.run(500_000);
  bench.reachable = true;
  bench.run(900_000);
});

test('a longer timeout is given in time for the shorter ones, then refreshed at its own pace', () => {
  const bench = new Bench(1000).want(900).begin();
  bench.run(1_000_000);
  bench.want(86_400);
  assert.equal(bench.timeouts.outstanding, 900);
  bench.run(400_000);
  assert.equal(bench.timeouts.outstanding, 86_400);
  assert.ok([...bench.ends.values()].every((end) => end > bench.now + 80_000_000));
  bench.run(200_000_000, 60_000);
});

test('a timeout that is taken back is taken off every registration once, and then nothing is refreshed any more', () => {
  const bench = new Bench(1000).want(900).begin();
  bench.run(1_000_000);
  bench.want(0);
  assert.equal(bench.timeouts.outstanding, 900);
  bench.run(400_000);
  assert.ok([...bench.ends.values()].every((end) => end === Number.POSITIVE_INFINITY));
  assert.equal(bench.timeouts.outstanding, 0);
  assert.equal(bench.timeouts.nextAt(), undefined);
});

test('a start without a timeout takes off what the former leader gave', () => {
  const bench = new Bench(1000, 900).want(0);
  bench.timeouts.inherit(900);
  bench.begin();
  assert.equal(bench.timeouts.outstanding, 900);
  bench.run(500_000);
  assert.ok([...bench.ends.values()].every((end) => end === Number.POSITIVE_INFINITY));
  assert.equal(bench.timeouts.outstanding, 0);
});

test('a message that was on its way when the timeout was taken back is made good', () => {
  const bench = new Bench().want(900).begin();
  const late = item('10.9.9.9', { register: ['k.a'], timeoutSeconds: 900 });
  bench.want(0);
  bench.timeouts.sent(bench.now);
  bench.ends.set('10.9.9.9', bench.now + 900_000);
  bench.timeouts.answered([late], bench.now);
  assert.deepEqual([...bench.timeouts.due(bench.now)], ['10.9.9.9']);
  bench.run(400_000);
  assert.equal(bench.ends.get('10.9.9.9'), Number.POSITIVE_INFINITY);
});

test('a device that would spend over 20 % of its time on it is given no timeout, and told the one that would do', () => {
  const bench = new Bench(30_000, 900).want(900);
  bench.timeouts.inherit(900);
  bench.cost = 1000 / 293;
  bench.begin();
  bench.run(5000);
  assert.equal(bench.timeouts.timeoutSeconds, 0);
  assert.equal(bench.timeouts.finding?.reason, 'InvalidSpec');
  assert.match(
    bench.timeouts.finding.message,
    /900 .* 30000 registrations takes 100 a second, 35 % of the 293 a second/,
  );
  assert.match(bench.timeouts.finding.message, /at least 1560,/);
  bench.run(600_000);
  assert.equal(bench.timeouts.outstanding, 0);
  assert.ok([...bench.ends.values()].every((end) => end === Number.POSITIVE_INFINITY));
  bench.want(1560);
  assert.equal(bench.timeouts.finding, undefined);
  bench.run(1_000_000);
  assert.equal(bench.timeouts.finding, undefined);
  assert.ok([...bench.ends.values()].every((end) => end < bench.now + 1_560_000));
});

test('a timeout that was refused is given again only when it takes well less', () => {
  const bench = new Bench(10_000).want(900).begin();
  bench.cost = 2;
  const shrink = (to: number) => {
    for (const address of [...bench.ends.keys()].slice(to)) bench.ends.delete(address);
    bench.timeouts.begin(bench.now);
  };
  for (let i = 10_000; i < 30_100; i++) bench.ends.set(host(i), Number.POSITIVE_INFINITY);
  bench.send(
    Array.from({ length: 100 }, (_, i) => item(host(i), { register: ['k.a'], timeoutSeconds: 900 })),
  );
  assert.notEqual(bench.timeouts.finding, undefined);
  const said = bench.timeouts.finding?.message;
  shrink(25_000);
  assert.equal(bench.timeouts.finding?.message, said);
  shrink(20_000);
  assert.equal(bench.timeouts.finding, undefined);
  assert.equal(bench.timeouts.timeoutSeconds, 900);
});

test('a timeout that no device would do is refused without another figure', () => {
  const bench = new Bench().want(2_592_000).begin();
  bench.pairs = 1_000_000;
  bench.timeouts.sent(0);
  const batch = Array.from({ length: 20 }, (_, i) =>
    item(host(i), { register: ['k.a'], timeoutSeconds: 2_592_000 }),
  );
  bench.timeouts.answered(batch, 5000);
  assert.match(bench.timeouts.finding?.message ?? '', /most 20 % is given to it; set it to 0;/);
});

test('a device that takes no timeouts is given none, whatever the spec says', () => {
  const bench = new Bench(10);
  const obstacle = { reason: 'InvalidSpec', message: 'too old' } as const;
  bench.timeouts.configure({ timeoutSeconds: 900, obstacle }, 0);
  bench.begin();
  assert.equal(bench.timeouts.timeoutSeconds, 0);
  assert.equal(bench.timeouts.finding, obstacle);
  assert.equal(bench.timeouts.nextAt(), undefined);
  bench.timeouts.configure({ timeoutSeconds: 0, obstacle }, 0);
  assert.equal(bench.timeouts.finding, undefined);
});

test('messages get larger where the device is fast, and are never so small that the way to it counts most', () => {
  const bench = new Bench().want(900).begin();
  assert.equal(bench.timeouts.quota(false), 50);
  bench.timeouts.sent(0);
  bench.timeouts.answered(
    [item('10.0.0.1', { register: Array.from({ length: 100 }, (_, i) => `k.${i}`) })],
    25,
  );
  assert.equal(bench.timeouts.quota(false), 400);
});

test('refreshes are looked for once a second at most, and are late when a good part of the timeout is gone', () => {
  const bench = new Bench(50).want(900).begin();
  const first = bench.timeouts.nextAt() ?? Number.NaN;
  assert.ok(first > 0 && first < 450_000);
  assert.equal([...bench.timeouts.due(first)].length > 0, true);
  assert.equal(bench.timeouts.nextAt(), first + 1000);
  assert.equal(bench.timeouts.isLate(first + 37_000), false);
  assert.equal(bench.timeouts.isLate(first + 38_000), true);
});

const edit = fc.record({
  timeoutSeconds: fc.constantFrom(0, 900, 1800, 3600),
  ms: fc.integer({ min: 0, max: 600_000 }),
  add: fc.nat(40),
});

test('law: no registration times out, however the spec is edited and whatever is registered meanwhile', () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 8 }), (edits) => {
      const bench = new Bench(30).begin();
      for (const { timeoutSeconds, ms, add } of edits) {
        bench.want(timeoutSeconds);
        bench.register(host(add));
        bench.run(ms, 2000);
      }
      const { timeoutSeconds } = edits.at(-1) ?? { timeoutSeconds: 0 };
      bench.run(2_000_000, 5000);
      assert.equal(bench.timeouts.outstanding, timeoutSeconds);
      for (const end of bench.ends.values())
        assert.equal(end === Number.POSITIVE_INFINITY, timeoutSeconds === 0);
    }),
    { numRuns: 60 },
  );
});

/** A device, and one process after the other that keeps its timeouts, each with a clock of its own. */
class Succession {
  /** True time, ms. */
  now = 0;
  readonly timeoutMs = 900_000;
  readonly ends = new Map<string, number>();

  constructor(count: number) {
    for (let i = 0; i < count; i++) this.ends.set(host(i), this.timeoutMs);
  }

  /** A process that lives for so long, whose wall clock is ahead by so much. */
  live(ms: number, aheadMs = 0): void {
    const startedAt = this.now;
    const clock = () => this.now - startedAt;
    const timeouts = new RegistrationTimeouts({
      addresses: () => this.ends.keys(),
      pairs: () => this.ends.size,
      epochMs: 1.7e12 + startedAt + aheadMs,
    });
    timeouts.inherit(900);
    timeouts.configure({ timeoutSeconds: 900, obstacle: undefined }, clock());
    timeouts.begin(clock());
    for (const until = this.now + ms; this.now < until; this.#pass(Math.min(1000, until - this.now))) {
      const batch = [...timeouts.due(clock())].map((address) =>
        item(address, { refresh: ['k.a'], timeoutSeconds: 900 }),
      );
      for (const { address } of batch) this.ends.set(address, this.now + this.timeoutMs);
      if (batch.length > 0) timeouts.sent(clock());
      if (batch.length > 0) timeouts.answered(batch, clock());
    }
  }

  /** No operator runs. */
  rest(ms: number): void {
    this.#pass(ms);
  }

  #pass(ms: number): void {
    this.now += ms;
    for (const [address, end] of this.ends)
      if (end <= this.now) assert.fail(`the timeout of ${address} ended`);
  }
}

test('a restart every few seconds or minutes, for hours, lets no registration time out', () => {
  for (const seconds of [430, 350, 300, 290, 200, 150, 75, 70, 13, 5]) {
    const device = new Succession(300);
    while (device.now < 2 * 3600_000) device.live(seconds * 1000);
  }
});

test('nor when nobody runs for a while each time, always at the same part of a turn', () => {
  for (const [lives, rests] of [
    [295, 5],
    [240, 60],
    [160, 140],
    [60, 30],
    [20, 20],
  ] as const) {
    const device = new Succession(300);
    device.live(1_000_000);
    for (let i = 0; i < 30; i++) {
      device.rest(rests * 1000);
      device.live(lives * 1000);
    }
  }
});

test('a clock that jumps between two processes, whichever way and however far, lets no registration time out', () => {
  for (const jumpMs of [-86_400_000, -3_600_000, -150_000, -1000, 150_000, 225_000, 299_000, 3_600_000]) {
    const device = new Succession(300);
    device.live(1_000_000);
    for (let i = 1; i < 6; i++) device.live(1_000_000, i * jumpMs);
  }
});

test('law: restarts at any moment, pauses, and clocks that differ by up to a sixth of the timeout let no registration time out', () => {
  const term = fc.record({
    livesMs: fc.integer({ min: 5_000, max: 700_000 }),
    // A process that lived for so long has made up for a pause no longer than that.
    restPart: fc.double({ min: 0, max: 1, noNaN: true }),
    aheadMs: fc.integer({ min: 0, max: 60_000 }),
  });
  fc.assert(
    fc.property(fc.array(term, { minLength: 5, maxLength: 60 }), (terms) => {
      const device = new Succession(100);
      device.live(400_000);
      for (const { livesMs, restPart, aheadMs } of terms) {
        device.live(livesMs, aheadMs);
        device.rest(Math.min(livesMs * restPart, 90_000));
      }
      device.live(900_000);
    }),
    { numRuns: 60 },
  );
});
