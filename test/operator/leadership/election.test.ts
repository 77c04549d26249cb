// The election over a Lease in memory, in virtual time: who leads when, and when a leader must fall silent.
import { productTiming } from '../../../src/core/model/timing.ts';
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Election, withLease } from '../../../src/operator/leadership/election.ts';
import type { Term } from '../../../src/operator/leadership/term.ts';
import { createLeaseServer } from './lease-server.ts';
import { clocks, jump, log, now, pass, start, untilLeading } from './replicas.ts';

/** As it is by now. */
const termOf = ({ term }: { readonly term: Term | undefined }): Term | undefined => term;

test('the first one leads at once, keeps the Lease, and a second one waits', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  assert.ok((await untilLeading(a, 500)) <= 100);
  const b = start({ server, name: 'b' });
  await pass(60_000);
  assert.equal(a.term?.mayBegin(), true);
  assert.equal(b.term, undefined);
  assert.deepEqual([a.found, b.found], ['none', 'a']);
  assert.ok(server.writes >= 25 && server.writes <= 35, `${server.writes} writes in a minute`);
  await b.stop();
  await a.stop();
  assert.equal(server.lease?.holder, '');
});

test('a clean stop keeps the Lease until the work has ended, and then hands it over with the next look', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  await untilLeading(a, 500);
  const b = start({ server, name: 'b' });
  await pass(3_000);
  a.lastWorkMs = 8_000;
  await a.stop();
  assert.equal(b.term, undefined, 'not while work was on its way');
  b.election.changed('');
  assert.ok((await untilLeading(b, 3_000)) <= 100);
  assert.equal(termOf(b)?.unsureUntil, 0);
  await b.stop();
});

test('after a leader is gone without a word, the next one leads within the term and a poll, not before', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  await untilLeading(a, 500);
  const b = start({ server, name: 'b' });
  await pass(7_300);
  a.network = 'down';
  const renewedAt = (server.lease?.renewedAt ?? 0) - 1e12;
  await untilLeading(b, 13_000);
  const waited = now() - renewedAt;
  assert.ok(waited >= 10_000 && waited <= 12_600, `after ${waited} ms`);
  assert.equal(b.former, 'a');
  const unsureMs = (b.term?.unsureUntil ?? 0) - now();
  assert.ok(unsureMs > 60_000 && unsureMs <= 65_000, `its last message may come within ${unsureMs} ms`);
  await b.stop();
  await a.stop();
});

for (const network of ['down', 'swallows-calls', 'swallows-answers'] as const) {
  test(`a leader whose network ${network} begins nothing after 7 s, cuts calls off after 9.5 s, and comes back`, async () => {
    const server = createLeaseServer();
    const a = start({ server, name: 'a' });
    await untilLeading(a, 500);
    await pass(4_300);
    a.lastWorkMs = 30_000;
    const { term } = a;
    assert.ok(term);
    const renewedAt = (server.lease?.renewedAt ?? 0) - 1e12;
    a.network = network;
    await pass(renewedAt + 6_950 - now());
    assert.equal(term.mayBegin(), true);
    await pass(100);
    assert.deepEqual([term.mayBegin(), term.signal.aborted, term.lost.aborted], [false, true, false]);
    await pass(renewedAt + 9_400 - now());
    assert.deepEqual([term.mayGoOn(), term.lost.aborted], [true, false]);
    await pass(150);
    assert.deepEqual([term.mayGoOn(), term.lost.aborted], [false, true]);
    a.network = 'up';
    await pass(100);
    await untilLeading(a, 5_000);
    assert.notEqual(a.term, term);
    a.lastWorkMs = 0;
    assert.equal(term.mayBegin(), false, 'a term that is over stays over');
    await a.stop();
  });
}

test('a renewal whose connection is dead is tried again on another one in time', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  await untilLeading(a, 500);
  const { term } = a;
  await pass(1_900);
  a.network = 'swallows-calls';
  await pass(500);
  a.network = 'up';
  await pass(30_000);
  assert.equal(term?.mayBegin(), true);
  await a.stop();
});

test('calls in flight are cut off before the term is over when nothing can be renewed', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  await untilLeading(a, 500);
  const { term } = a;
  assert.ok(term);
  a.network = 'down';
  const lostAfter = async () => {
    const since = now();
    while (!term.lost.aborted) await pass(50);
    return now() - since;
  };
  // Its work would take longer.
  a.lastWorkMs = 30_000;
  const stopped = a.stop();
  const after = await lostAfter();
  assert.ok(after >= 9_000 && after <= 9_600, `after ${after} ms`);
  await stopped;
});

test('a paused process finds that it may not begin, before any timer has told it', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  await untilLeading(a, 500);
  const { term } = a;
  jump(8_000);
  assert.deepEqual([term?.mayBegin(), term?.signal.aborted], [false, true]);
  assert.deepEqual([term?.mayGoOn(), term?.lost.aborted], [true, false], 'what has begun may go on');
  jump(1_600);
  assert.deepEqual([term?.mayGoOn(), term?.lost.aborted], [false, true], 'until somebody else may lead');
  await pass(5_000);
  await a.stop();
});

test('a stop begins nothing, and what has begun goes on while the Lease is renewed', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  await untilLeading(a, 500);
  const { term } = a;
  a.lastWorkMs = 14_000;
  const stopped = a.stop();
  const since = now();
  while (a.term !== undefined) {
    assert.deepEqual([term?.mayBegin(), term?.mayGoOn()], [false, true]);
    await pass(50);
  }
  assert.ok(now() - since > 13_000, 'longer than a term without renewals');
  await stopped;
  assert.equal(term?.mayGoOn(), false);
});

test('a suspended machine counts, though its monotonic clock stood still', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  await untilLeading(a, 500);
  const wall = mock.method(clocks, 'wall', () => 1e12 + now() + 60_000);
  assert.equal(a.term?.mayBegin(), false);
  wall.mock.restore();
  await pass(5_000);
  await a.stop();
});

test('a Lease that is released after a lost term tells of the last renewal, not of the end of its work', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  await untilLeading(a, 500);
  await pass(4_300);
  const renewedAt = server.lease?.renewedAt ?? 0;
  a.lastWorkMs = 1_000;
  a.network = 'down';
  await pass(7_200);
  assert.equal(a.term?.signal.aborted, true);
  // The way to the API server is back before the work has ended; holders that came meanwhile were nobody's to see.
  a.network = 'up';
  const stopped = a.stop();
  await pass(30_000);
  await stopped;
  assert.equal(server.lease?.holder, '');
  assert.ok((server.lease?.renewedAt ?? 0) <= renewedAt + 10, 'holders since then are new');
});

/** As `pan-tag-operator purge` asks for the Lease. */
function purgeOptions(server: ReturnType<typeof createLeaseServer>) {
  const client = server.client(() => 'up' as const);
  return { client, identity: 'purge', clocks, timing: productTiming, log };
}

test('who takes the Lease by force waits a term, and the running leader steps down at once when it hears', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  await untilLeading(a, 500);
  const { term } = a;
  const used: { takenFrom: string | undefined; at: number }[] = [];
  const options = purgeOptions(server);
  const since = now();
  const done = withLease(
    options,
    async (own, takenFrom) => {
      used.push({ takenFrom, at: now() - since });
      assert.equal(own.mayBegin(), true);
      return 'purged';
    },
    new AbortController().signal,
  );
  await pass(100);
  a.election.changed('purge');
  await pass(100);
  assert.equal(term?.lost.aborted, true);
  await pass(11_000);
  assert.equal(await done, 'purged');
  assert.equal(used[0]?.takenFrom, 'a');
  assert.ok((used[0]?.at ?? 0) >= 10_000);
  await untilLeading(a, 3_000);
  await a.stop();
});

test('a free Lease is taken for a purge without waiting, and released after a failure too', async () => {
  const server = createLeaseServer();
  const options = purgeOptions(server);
  const failing = withLease(
    options,
    async (_, takenFrom) => {
      throw new Error(`taken from ${takenFrom}`);
    },
    new AbortController().signal,
  );
  const failed = assert.rejects(failing, /taken from undefined/);
  await pass(200);
  await failed;
  assert.equal(server.lease?.holder, '');
});

test('work that fails ends the term for all of its parts, frees the Lease, and is told', async () => {
  const server = createLeaseServer();
  const client = server.client(() => 'up' as const);
  const election = new Election({ client, identity: 'a', mode: 'wait', clocks, timing: productTiming, log });
  let term: Term | undefined;
  const work = async (own: Term) => {
    term = own;
    throw new Error('a bug');
  };
  const failed = assert.rejects(election.run(new AbortController().signal, work), /a bug/);
  await pass(500);
  await failed;
  assert.deepEqual([term?.signal.aborted, term?.lost.aborted, server.lease?.holder], [true, true, '']);
});

test('a Lease that is older than it was tells of a restored API server, once, on leader and standby', async () => {
  const server = createLeaseServer();
  const told: string[] = [];
  const launch = (name: string) => start({ server, name, turnedBack: () => told.push(name) });
  const a = launch('a');
  await untilLeading(a, 500);
  await pass(5_000);
  const backup = server.lease;
  const b = launch('b');
  await pass(9_000);
  assert.deepEqual(told, []);
  server.lease = backup;
  await pass(5_000);
  assert.deepEqual(new Set(told), new Set(['a', 'b']));
  assert.equal(a.term?.mayBegin(), true);
  await pass(30_000);
  assert.equal(told.length, 2);
  await b.stop();
  await a.stop();
});

test('without election a process leads at once, and renews the Lease whoever holds it', async () => {
  const server = createLeaseServer();
  const a = start({ server, name: 'a' });
  await untilLeading(a, 500);
  await a.stop();
  const c = start({ server, name: 'c', mode: 'ignore' });
  assert.ok((await untilLeading(c, 500)) <= 100);
  await pass(3_000);
  assert.equal(server.lease?.holder, 'c');
  c.network = 'down';
  await pass(60_000);
  assert.equal(c.term?.mayBegin(), true);
  await c.stop();
});
