// The laws of Table, over a device that confirms, refuses, loses, half applies, forgets and is read meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addresses, ownTags, type Step, TableModel } from './table-model.ts';

const address = fc.constantFrom(...addresses);
const tags = fc.subarray(ownTags);

const want = fc
  .record({
    address,
    tags,
    cause: fc.constantFrom(
      'vacated' as const,
      'relabelled' as const,
      'newHolder' as const,
      'policy' as const,
      'namespace' as const,
      'relist' as const,
    ),
  })
  .map((drawn): Step => ({ kind: 'want', ...drawn }));

const send = fc.integer({ min: 2, max: 8 }).map((entries): Step => ({ kind: 'send', entries }));

const land = fc
  .record({
    fate: fc.oneof(
      { weight: 4, arbitrary: fc.constant('confirm' as const) },
      { weight: 2, arbitrary: fc.constantFrom('refuse' as const, 'pretend' as const) },
      { weight: 3, arbitrary: fc.constantFrom('applied', 'half', 'lost', 'late', 'withdraw') },
    ),
    refuse: fc.array(fc.constantFrom('no' as const, 'pair' as const, 'section' as const), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map((drawn): Step => ({ kind: 'land', ...drawn }));

const other: fc.Arbitrary<Step> = fc.oneof(
  fc
    .constantFrom(
      'begin' as const,
      'page' as const,
      'end' as const,
      'end' as const,
      'partial' as const,
      'abandon' as const,
    )
    .map((what): Step => ({ kind: 'read', what })),
  fc.record({ address, tags }).map((drawn): Step => ({ kind: 'drift', ...drawn })),
  tags.map((waits): Step => ({ kind: 'gate', waits })),
  fc.constantFrom(1, 1000, 30_000, 120_000, 600_000).map((ms): Step => ({ kind: 'wait', ms })),
);

const replace = fc.record({ address, tags }).map((drawn): Step => ({ kind: 'replace', ...drawn }));

const one = fc
  .oneof(
    { weight: 6, arbitrary: want },
    { weight: 5, arbitrary: send },
    { weight: 5, arbitrary: land },
    { weight: 5, arbitrary: other },
    { weight: 1, arbitrary: replace },
  )
  .map((step) => [step]);

/** A message is sent and pretended, and then the table is read: what a device does that does not keep its word. */
const pretence = fc.constant<Step[]>([
  { kind: 'send', entries: 8 },
  { kind: 'land', fate: 'pretend', refuse: ['no'] },
  { kind: 'wait', ms: 30_000 },
  { kind: 'read', what: 'begin' },
  { kind: 'read', what: 'end' },
]);

const steps = fc
  .array(fc.oneof({ weight: 12, arbitrary: one }, { weight: 1, arbitrary: pretence }), {
    maxLength: 60,
    size: 'max',
  })
  .map((parts) => parts.flat());

/** Most histories begin with a table that has been read. */
const history = fc
  .tuple(
    fc.subarray<Step>([
      { kind: 'read', what: 'begin' },
      { kind: 'read', what: 'end' },
    ]),
    steps,
  )
  .map((parts) => parts.flat());

test('whatever happens, what is sent, pending, waiting, owned and refused is what may be known', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const model = new TableModel();
      for (const step of steps) model.run(step);
      model.assertForeignUntouched();
    }),
    { numRuns: 1500 },
  );
});

test('once faults end and the table is read, it becomes what is desired, and then all is quiet', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const model = new TableModel();
      for (const step of steps) model.run(step);
      model.heal();
      // Refused pairs come back in their time.
      model.run({ kind: 'wait', ms: 600_000 });
      for (let messages = 0; model.send(4); messages++) {
        model.land('confirm', []);
        assert.ok(messages <= addresses.length, 'each address once');
      }
      assert.deepEqual(model.ownOnDevice(), sorted(model.desired));
      model.assertForeignUntouched();
      const { table } = model;
      assert.deepEqual([table.pending, table.waiting, table.refusals.size], [0, 0, 0]);
      assert.equal(table.oldestPendingAt, undefined);
    }),
    { numRuns: 700 },
  );
});

function sorted(desired: ReadonlyMap<string, readonly string[]>): Record<string, string[]> {
  return Object.fromEntries([...desired].map(([address, tags]) => [address, [...tags].sort()]));
}
