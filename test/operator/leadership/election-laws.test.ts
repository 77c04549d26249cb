// Whatever networks, clocks and stops do: at no moment may one replica begin anything while another's work can be on its way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createLeaseServer } from './lease-server.ts';
import { now, pass, type Replica, start } from './replicas.ts';

const names = ['a', 'b', 'c'];
const network = fc.constantFrom<Replica['network'][]>(
  'up',
  'up',
  'up',
  'down',
  'swallows-calls',
  'swallows-answers',
);

type Step = {
  readonly who: number;
  readonly does: 'network' | 'hint' | 'restart' | 'work';
  readonly network: Replica['network'];
  readonly workMs: number;
  readonly forMs: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(names.length - 1),
  does: fc.constantFrom('network', 'network', 'hint', 'restart', 'work'),
  network,
  workMs: fc.integer({ min: 0, max: 15_000 }),
  forMs: fc.integer({ min: 50, max: 14_000 }),
});
const rates = fc.array(fc.double({ min: 0.98, max: 1.02, noNaN: true }), { minLength: 3, maxLength: 3 });

function assertOneWriter(replicas: readonly Replica[]): void {
  for (const writer of replicas) {
    if (writer.term?.mayBegin() !== true) continue;
    for (const other of replicas) {
      const onItsWay = other !== writer && other.term !== undefined && !other.term.lost.aborted;
      assert.ok(!onItsWay, `${writer.name} may begin while the work of ${other.name} can be on its way`);
    }
  }
}

test('one writer at a time, and one at last', { timeout: 300_000 }, async () => {
  const law = fc.asyncProperty(
    rates,
    fc.array(step, { minLength: 5, maxLength: 25 }),
    async (rate, steps) => {
      const server = createLeaseServer();
      let started = 0;
      const launch = (i: number): Replica => {
        // Each clock began at another time and runs at its own rate; wall clocks are wrong by hours.
        const run = rate[i] ?? 1;
        const clocks = { now: () => i * 1e6 + now() * run, wall: () => 1e12 + i * 3.6e6 + now() * run };
        started += 1;
        return start({ server, name: `${names[i]}${started}`, clocks });
      };
      const replicas = names.map((_, i) => launch(i));
      const check = () => assertOneWriter(replicas);
      for (const { who, does, network, workMs, forMs } of steps) {
        const replica = replicas[who];
        if (replica === undefined) continue;
        if (does === 'network') replica.network = network;
        if (does === 'work') replica.lastWorkMs = workMs;
        if (does === 'hint') replica.election.changed(server.lease?.holder ?? '');
        if (does === 'restart') {
          await replica.stop();
          replicas[who] = launch(who);
        }
        await pass(forMs, check);
      }
      for (const replica of replicas) replica.network = 'up';
      await pass(30_000, check);
      assert.equal(replicas.filter(({ term }) => term?.mayBegin() === true).length, 1);
      for (const replica of replicas) await replica.stop();
      assert.equal(server.lease?.holder, '');
    },
  );
  await fc.assert(law, { numRuns: 25, endOnFailure: true });
});
