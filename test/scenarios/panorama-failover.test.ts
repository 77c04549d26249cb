// Firewalls behind an HA pair of Panoramas, whose passive member confirms in silence or refuses: nothing is believed wrongly.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type PairOptions, type StagedPair, stagePair } from './panorama-pair.ts';
import { openStage } from './stage.ts';
import { departureLimitMs } from './statuses.ts';

// Who leaves a group is believed gone after two looks; at the product's distance: purge.test.ts.
const stage = await openStage({ timing: { groupLookMs: 5_000 } });
after(() => stage.close());
const { cluster } = stage;
let operator = await stage.startOperator();

/** Neither the mark nor a full read may come to the aid of a message that got lost. */
const unaided = { markerIntervalSeconds: 3600, fullIntervalSeconds: 86_400 };
let blocks = 0;

/** Of two firewalls behind a pair; PanFirewalls that reach one firewall would compete for its table. */
type Serials = readonly [string, string];

async function setUp(name: string, optionsFor: (serials: Serials) => Partial<PairOptions> = () => ({})) {
  const block = ++blocks;
  const serials: Serials = [`00${block}1`, `00${block}2`];
  const ip = (i: number) => `10.${block}.0.${i}`;
  await cluster.createNamespace(name);
  const policy = { namespace: name, name: 'web' };
  await stage.policy(policy, { firewallNames: [name], tags: [{ template: 'web' }] });
  const pair = await stagePair(stage, {
    name,
    foreignOn: [ip(1)],
    firewalls: serials.map((serial) => ({ serial })),
    spec: { tables: serials.map((serial) => ({ serial })), resync: unaided },
    ...optionsFor(serials),
  });
  const table = (numbers: Iterable<number>) =>
    Object.fromEntries([...numbers].map((i) => [ip(i), [`ns_${name}.web`]]));
  return {
    serials,
    pair,
    policy,
    add: (i: number) => cluster.createPod({ namespace: name, name: `web-${i}`, ips: [ip(i)] }),
    remove: (i: number) => cluster.deletePod({ namespace: name, name: `web-${i}` }),
    holds: async (numbers: Iterable<number>, timeoutMs = 30_000) => {
      for (const serial of serials) await pair.at(serial).holds(table(numbers), { timeoutMs });
    },
    assertHeld: (numbers: Iterable<number>) => {
      for (const serial of serials) assert.deepEqual(pair.at(serial).owned(), table(numbers), serial);
    },
  };
}

/** Messages for firewalls that each member has taken. */
const taken = ({ members }: StagedPair): number[] =>
  members.map((one) => one.log().filter(({ kind }) => kind === 'message').length);

describe('behind an HA pair of Panoramas', { concurrency: 4 }, () => {
  for (const whenPassive of ['silent', 'deny'] as const) {
    test(`whose passive member answers so (${whenPassive}): failover under churn, and what is counted as confirmed is there`, async () => {
      const name = `churn-${whenPassive}`;
      const { serials, pair, policy, add, remove, holds, assertHeld } = await setUp(name, () => ({
        settings: { whenPassive },
      }));
      await using _ = pair;
      const rounds = 6;
      const pods = new Set<number>();
      const confirmed = (count: number) =>
        stage.counts('PanTagPolicy', policy, ({ addresses }) => assert.equal(addresses, count));
      for (let round = 1; round <= rounds; round += 1) {
        await add(round);
        pods.add(round);
        await holds(pods);
        // Once all is confirmed, nothing but the next message can notice the failover.
        if (round === 1) await confirmed(pods.size);
        const before = taken(pair);
        pair.failOver();
        await add(100 + round);
        pods.add(100 + round);
        if (round < rounds) {
          await remove(round);
          pods.delete(round);
          await holds(pods);
        } else {
          await confirmed(pods.size);
          assertHeld(pods);
        }
        const [first = 0, second = 0] = taken(pair).map((count, i) => count - (before[i] ?? 0));
        if (round === 1) assert.ok(first > 0 && second > 0, 'one was sent messages in vain, then the other');
      }
      await stage.says('PanFirewall', { name }, 'InSync', 20_000);
      await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
      for (const serial of serials) assert.equal(pair.at(serial).marks().length, 1);
      for (const own of pair.own) assert.deepEqual([own.owned(), own.marks()], [{}, []]);
    });
  }

  test('a device group is followed through whichever of them is active, and a failover lets nobody depart', async () => {
    const name = 'grouped';
    const { serials, pair, policy, add, remove, holds } = await setUp(name, (both) => ({
      firewalls: both.map((serial) => ({ serial, deviceGroup: 'edge' })),
      spec: { tables: [{ deviceGroup: 'edge' }], resync: { markerIntervalSeconds: 5 } },
    }));
    const [one, other] = serials;
    await using _ = pair;
    const tablesAre = (...tables: string[]) =>
      stage.counts(
        'PanFirewall',
        { name },
        (status) =>
          assert.deepEqual(
            status.tables?.map(({ serial, state }) => `${serial} ${state}`),
            tables,
          ),
        departureLimitMs,
      );
    await add(1);
    await holds([1]);
    pair.failOver();
    await add(2);
    await holds([1, 2]);
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
    await tablesAre(`${one} InSync`, `${other} InSync`);

    pair.members[1].fleet.leave(other);
    await tablesAre(`${one} InSync`, `${other} Departed`);
    pair.failOver();
    await remove(1);
    await stage.counts('PanTagPolicy', policy, ({ addresses }) => assert.equal(addresses, 1));
    await tablesAre(`${one} InSync`, `${other} Departed`);
  });

  test('a firewall that is a passive peer itself is its own matter, and nobody waits for it', async () => {
    const name = 'peers';
    const ha = (state: string, peerState: string) => ({ state, peerState });
    const settings = { whenPassive: 'deny' } as const;
    const { serials, pair, policy, add } = await setUp(name, ([one, other]) => ({
      firewalls: [
        { serial: one, ha: ha('active', 'passive'), settings },
        { serial: other, ha: ha('passive', 'active'), settings },
      ],
      spec: { tables: [{ serial: one }, { serial: other }], resync: { markerIntervalSeconds: 5 } },
    }));
    const [one, other] = serials;
    await using _ = pair;
    const statesAre = (...states: string[]) =>
      stage.counts('PanFirewall', { name }, ({ tables = [] }) =>
        assert.deepEqual(
          tables.map(({ state }) => state),
          states,
        ),
      );
    await add(1);
    await statesAre('InSync', 'PassivePeer');
    await stage.says('PanFirewall', { name }, 'PassivePeer', 20_000);
    await stage.counts('PanTagPolicy', policy, ({ addresses }) => assert.equal(addresses, 1));
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
    assert.deepEqual(pair.at(other).owned(), {});

    const { fleet } = pair.members[0];
    fleet.firewall(one).setHa(ha('passive', 'active'));
    fleet.firewall(other).setHa(ha('active', 'passive'));
    await add(2);
    await statesAre('PassivePeer', 'InSync');
    assert.equal(Object.keys(pair.at(other).owned()).length, 2);
    await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
    // Another Panorama takes over, and all is as it was.
    pair.failOver();
    await add(3);
    await stage.counts('PanTagPolicy', policy, (status) => assert.equal(status.addresses, 3));
    assert.equal(Object.keys(pair.at(other).owned()).length, 3);
  });
});

// After the others: it stops the operator.
test('behind such a pair an operator that starts while the endpoint is passive uses the other one', async () => {
  const { pair, policy, add, holds } = await setUp('restart');
  await using _ = pair;
  await add(1);
  await holds([1]);
  await operator.stop();
  pair.failOver();
  const before = taken(pair);
  await add(2);
  operator = await stage.startOperator();
  await holds([1, 2]);
  await stage.says('PanTagPolicy', policy, 'InSync', 20_000);
  const [first, second = 0] = taken(pair).map((count, i) => count - (before[i] ?? 0));
  assert.ok(first === 0 && second > 0);
});
