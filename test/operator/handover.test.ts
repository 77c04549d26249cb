// A table that somebody else kept until now: what was done to it since the last read is not known.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markerAddress } from '../../src/core/rights/ownership.ts';
import type { Precedence } from '../../src/core/rights/table-claims.ts';
import { type Simulated, simulate } from './table/simulated-worker.ts';

/** What an earlier leader may have left on its way has been read by then. */
const settledMs = 100_000;
const rival = 'bbbbbbbbbbbb';

const deviceOf = ({ table }: Simulated) => table as Map<string, Set<string>>;

/** The address gets a new holder just when the table becomes ours. */
async function newHolderAfter(sim: Simulated, becomesOurs: () => void): Promise<readonly string[]> {
  const { worker, want, pass } = sim;
  becomesOurs();
  want('10.0.0.1', 'k8s.new');
  worker.note({ address: '10.0.0.1', before: [], after: ['k8s.new'], cause: 'newHolder' });
  await pass(40_000);
  return [...(deviceOf(sim).get('10.0.0.1') ?? [])];
}

test('what another PanFirewall left is read before its table is written', async () => {
  let precedence: Precedence = { kind: 'taken', by: 'elder' };
  await simulate(
    {
      context: {
        get precedence() {
          return precedence;
        },
      },
    },
    async (sim) => {
      const { worker, calls, pass, now } = sim;
      worker.tableClaimsChanged();
      await pass(settledMs);
      assert.ok(worker.table.known);
      assert.ok(!calls.some(({ kind }) => kind === 'write'));
      deviceOf(sim).set('10.0.0.1', new Set(['k8s.old']));
      await pass(60_000);
      const since = now();
      const left = await newHolderAfter(sim, () => {
        precedence = { kind: 'ours' };
        worker.tableClaimsChanged();
      });
      assert.deepEqual(left, ['k8s.new']);
      // Its last message may have been on its way.
      await pass(60_000);
      assert.equal(calls.filter(({ kind, at }) => kind === 'read' && at >= since).length, 2);
      assert.equal(worker.table.pending, 0);
    },
  );
});

test('what another PanFirewall did while ours and not ours came and went is read, too', async () => {
  let precedence: Precedence = { kind: 'ours' };
  await simulate(
    {
      context: {
        get precedence() {
          return precedence;
        },
      },
    },
    async (sim) => {
      await sim.pass(settledMs);
      const left = await newHolderAfter(sim, () => {
        precedence = { kind: 'taken', by: 'elder' };
        sim.worker.tableClaimsChanged();
        deviceOf(sim).set('10.0.0.1', new Set(['k8s.old']));
        precedence = { kind: 'ours' };
        sim.worker.tableClaimsChanged();
      });
      assert.deepEqual(left, ['k8s.new']);
    },
  );
});

test('what an owner left whose place is taken is read before its table is written', async () => {
  await simulate({ context: { adopting: true } }, async (sim) => {
    const { worker, calls, pass } = sim;
    deviceOf(sim).set(markerAddress, new Set([`k8s._owner.${rival}`]));
    await pass(settledMs);
    assert.ok(worker.table.known);
    assert.ok(!calls.some(({ kind }) => kind === 'write'));
    deviceOf(sim).set('10.0.0.1', new Set(['k8s.old']));
    deviceOf(sim).set('10.0.0.2', new Set(['k8s.theirs']));
    const left = await newHolderAfter(sim, () => assert.equal(worker.adopt(rival), 'pending'));
    assert.deepEqual(left, ['k8s.new']);
    // What nobody claims is known by now, and the wish is not fulfilled before that is decided.
    assert.equal(worker.adopt(rival), 'pending');
    assert.equal(worker.table.registeredAt('10.0.0.2').join(), 'k8s.theirs');
  });
});
