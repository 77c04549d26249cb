// Law of a table's queries: to plan, preview or explain, however often and whenever, changes no message.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { RemovalCause } from '../../../src/core/model/model.ts';
import { noTags, type TagSet, tagSet } from '../../../src/core/model/tag-set.ts';
import type { Batch } from '../../../src/core/message/batch.ts';
import type { RefusedPair } from '../../../src/core/message/refusals.ts';
import { Table } from '../../../src/core/table/table.ts';
import { confirmBatch, leaveUnanswered, nextBatch, withdrawBatch } from './messages.ts';

const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', 'fd00::1'];
const ownTags = ['k.a', 'k.b', 'k.ns.c', 'k.ns.d'];
const causes: readonly RemovalCause[] = [
  'vacated',
  'relabelled',
  'newHolder',
  'policy',
  'namespace',
  'relist',
];

type Step =
  | { readonly kind: 'want'; readonly address: string; readonly tags: TagSet; readonly cause: RemovalCause }
  | { readonly kind: 'read'; readonly owned: ReadonlyMap<string, TagSet>; readonly agreed: boolean }
  | { readonly kind: 'send'; readonly entries: number }
  | { readonly kind: 'land'; readonly fate: 'confirm' | 'refuse' | 'unanswered' | 'withdraw' }
  | { readonly kind: 'gate'; readonly waits: readonly string[] }
  | { readonly kind: 'guard'; readonly minimum: number }
  | { readonly kind: 'approve' }
  | { readonly kind: 'most'; readonly tags: number }
  | { readonly kind: 'wait'; readonly ms: number };

const tags = fc.subarray(ownTags).map(tagSet);
const address = fc.constantFrom(...addresses);
const owned = fc
  .array(tags, { minLength: addresses.length, maxLength: addresses.length })
  .map((all) => new Map(addresses.map((one, i) => [one, all[i] ?? noTags])))
  .map((all) => new Map([...all].filter(([, some]) => some.length > 0)));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('want' as const),
      address,
      tags,
      cause: fc.constantFrom(...causes),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('send' as const), entries: fc.integer({ min: 2, max: 8 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('land' as const),
      fate: fc.constantFrom('confirm' as const, 'confirm' as const, 'refuse', 'unanswered', 'withdraw'),
    }),
  },
  fc.record({ kind: fc.constant('read' as const), owned, agreed: fc.boolean() }),
  fc.record({ kind: fc.constant('gate' as const), waits: fc.subarray(ownTags) }),
  fc.record({ kind: fc.constant('guard' as const), minimum: fc.constantFrom(0, 1, 2, 100) }),
  fc.constant<Step>({ kind: 'approve' }),
  fc.record({ kind: fc.constant('most' as const), tags: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 1000, 30_000, 600_000) }),
);

/** Plays one history, and tells each message and what became of it. `ask` is called between any two steps. */
function play(steps: readonly Step[], ask: (table: Table, now: number) => void): readonly unknown[] {
  const desired = new Map<string, TagSet>();
  let most = 4;
  const table = new Table(
    {
      tagsOf: (one) => desired.get(one) ?? noTags,
      addresses: () => desired.keys(),
      limits: {
        deserved: (one) => desired.get(one) ?? noTags,
        get tagsPerAddress() {
          return most;
        },
        ranksAt: () => new Map(),
      },
    },
    () => undefined,
    { percent: 0, minimum: 1 },
    { tagPrefix: 'k.' },
  );
  const course: unknown[] = [];
  let now = 0;
  let message: Batch | undefined;
  const land = (fate: 'confirm' | 'refuse' | 'unanswered' | 'withdraw', batch: Batch): void => {
    if (fate === 'unanswered') leaveUnanswered(batch, now);
    else if (fate === 'withdraw') withdrawBatch(batch, now);
    else course.push(confirmBatch(batch, fate === 'refuse' ? firstPair(batch) : [], now));
  };
  const run = (one: Step): void => {
    now += 1;
    switch (one.kind) {
      case 'want': {
        const before = desired.get(one.address) ?? noTags;
        const after = one.cause === 'vacated' ? noTags : one.tags;
        desired.set(one.address, after);
        table.note({ address: one.address, before, after, cause: one.cause }, now);
        break;
      }
      case 'read': {
        const { owned: found, agreed } = one;
        table.beginRead();
        course.push(table.endRead({ owned: found, others: new Map(), agreed, verifies: true }, now));
        break;
      }
      case 'send':
        if (message === undefined) message = nextBatch(table, { entries: one.entries, bytes: 1e6 }, now);
        course.push(message);
        break;
      case 'land':
        if (message !== undefined) land(one.fate, message);
        message = undefined;
        break;
      case 'gate':
        table.setKnowledge({ gate: (tag) => (one.waits.includes(tag) ? 'waits' : undefined) }, now);
        break;
      case 'guard':
        table.configureGuard({ percent: 0, minimum: one.minimum });
        break;
      case 'approve':
        table.approve(table.held[0]?.id ?? '', now);
        break;
      case 'most':
        most = one.tags;
        table.reviewAll(now);
        break;
      case 'wait':
        now += one.ms;
        break;
    }
  };
  for (const one of steps) {
    ask(table, now);
    run(one);
    ask(table, now);
  }
  course.push(
    table.held.map(({ id, summary }) => ({ id, summary })),
    table.refusals.addresses(),
  );
  return course;
}

function firstPair(batch: Batch): readonly RefusedPair[] {
  return batch.slice(0, 1).flatMap(({ address: at, register, unregister }) => {
    const section = unregister.length > 0 ? 'unregister' : 'register';
    const [tag] = section === 'unregister' ? unregister : register;
    return tag === undefined ? [] : [{ section, address: at, tag, message: 'no' }];
  });
}

test('law: to preview and to explain, however often and at any moment, changes nothing of what is sent, held or refused', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const first: Step = { kind: 'read', owned: new Map([['10.0.0.1', ['k.a']]]), agreed: true };
      const asked = play([first, ...steps], (table, now) => {
        for (const one of addresses) table.explain(one, now);
        for (let times = 0; times < 2; times++) assert.ok(table.outlook !== undefined || !table.known);
      });
      assert.deepEqual(
        asked,
        play([first, ...steps], () => {}),
      );
    }),
    { numRuns: 300 },
  );
});
