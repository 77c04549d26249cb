// Messages without an answer that a device applies late, twice or in another order: nobody keeps a former holder's tags.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { RemovalCause } from '../../../src/core/model/model.ts';
import { Table } from '../../../src/core/table/table.ts';
import type { Batch } from '../../../src/core/message/batch.ts';
import { confirmBatch, leaveUnanswered, nextBatch } from '../table/messages.ts';

/** Every guarded removal would be held. */
const holdsAll = { percent: 0, minimum: 0 };
const limits = { entries: 500, bytes: 1024 * 1024 };
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];

/** A table, the device that has it, and messages that the device has received and not worked off yet. */
function stage() {
  const desired = new Map<string, string[]>();
  const device = new Map<string, Set<string>>();
  const queue: Batch[] = [];
  let now = 0;
  const table = new Table(
    { tagsOf: (address) => desired.get(address) ?? [], addresses: () => desired.keys() },
    () => undefined,
    holdsAll,
  );
  const change = (address: string, after: string[], cause: RemovalCause) => {
    const before = desired.get(address) ?? [];
    if (after.length === 0) desired.delete(address);
    else desired.set(address, after);
    table.note({ address, before, after, cause }, ++now);
  };
  const apply = (batch: Batch) => {
    for (const { address, register, unregister } of batch) {
      const tags = device.get(address) ?? new Set();
      for (const tag of unregister) tags.delete(tag);
      for (const tag of register) tags.add(tag);
      if (tags.size === 0) device.delete(address);
      else device.set(address, tags);
    }
  };
  /** @param verifies it began when nothing could take effect any more. */
  const read = (verifies = false) => {
    const owned = new Map([...device].map(([address, tags]) => [address, [...tags].sort()]));
    table.beginRead();
    table.endRead({ owned, others: new Map(), agreed: true, verifies }, ++now);
  };
  const next = () => nextBatch(table, limits, ++now);
  const confirm = () => {
    for (let batch = next(); batch !== undefined; batch = next()) {
      apply(batch);
      confirmBatch(batch, [], ++now);
    }
  };
  /** A message that leaves and has no answer. */
  const lose = (): Batch | undefined => {
    const batch = next();
    if (batch !== undefined) leaveUnanswered(batch, ++now);
    return batch;
  };
  const held = () => table.held[0];
  return { table, desired, device, queue, change, apply, read, confirm, lose, held };
}

const stays = (device: ReadonlyMap<string, ReadonlySet<string>>) =>
  Object.fromEntries([...device].map(([address, tags]) => [address, [...tags].sort()]));

test('a registration that takes effect after its address was rewritten for a new holder leaves it at once', () => {
  const { device, change, apply, read, confirm, lose, held } = stage();
  read(true);
  for (const address of addresses) change(address, ['k.old'], 'newHolder');
  const late = lose() ?? [];
  for (const address of addresses) change(address, ['k.new'], 'newHolder');
  confirm();
  // A look in between agrees with what is desired, and proves nothing of what may still come.
  read();
  apply(late);
  read(true);
  confirm();
  assert.equal(held(), undefined);
  assert.deepEqual(stays(device), Object.fromEntries(addresses.map((address) => [address, ['k.new']])));
});

test('after a takeover, what the former leader’s last message left of Pods that were seen to end goes at once', () => {
  const { table, desired, device, change, read, confirm, held } = stage();
  table.takenOver();
  for (const address of addresses) {
    desired.set(address, ['k.old']);
    change(address, [], 'vacated');
  }
  read();
  for (const address of addresses) device.set(address, new Set(['k.old']));
  read(true);
  confirm();
  assert.equal(held(), undefined);
  assert.deepEqual(stays(device), {});
});

test('once a reading has shown what came of it, later differences are somebody else’s doing', () => {
  const { device, change, read, confirm, lose, held } = stage();
  read(true);
  change('10.0.0.1', ['k.old'], 'newHolder');
  lose();
  change('10.0.0.1', [], 'vacated');
  confirm();
  read(true);
  device.set('10.0.0.1', new Set(['k.old']));
  read(true);
  confirm();
  assert.deepEqual([...(held()?.removals ?? [])], [['10.0.0.1', ['k.old']]]);
});

test('an answer to a later message ends no doubt about an earlier one', () => {
  const { device, change, apply, read, confirm, lose, held } = stage();
  read(true);
  change('10.0.0.1', ['k.a'], 'relabelled');
  const first = lose() ?? [];
  change('10.0.0.1', ['k.b'], 'relabelled');
  confirm();
  change('10.0.0.1', ['k.c'], 'relabelled');
  confirm();
  apply(first);
  read(true);
  confirm();
  assert.equal(held(), undefined);
  assert.deepEqual(stays(device), { '10.0.0.1': ['k.c'] });
});

test('a reading that agrees ends a contradiction, also while a message may still take effect', () => {
  const { table, device, change, apply, read, lose } = stage();
  read(true);
  change('10.0.0.1', ['k.a'], 'newHolder');
  // Confirmed, and not done.
  const pretended = nextBatch(table, limits, 100) ?? [];
  confirmBatch(pretended, [], 101);
  read(true);
  assert.equal(table.isContradicted('10.0.0.1'), true);
  apply(lose() ?? []);
  table.readBack('10.0.0.1', [...(device.get('10.0.0.1') ?? [])], 102);
  assert.equal(table.isContradicted('10.0.0.1'), false);
});

type Step =
  | { readonly kind: 'change'; readonly at: number; readonly tag: number | undefined }
  | { readonly kind: 'confirm' | 'read' | 'verify' }
  /** times: how often the device works the message off, some time. */
  | { readonly kind: 'lose'; readonly times: number; readonly atOnce: boolean }
  | { readonly kind: 'work'; readonly which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      at: fc.nat(addresses.length - 1),
      tag: fc.option(fc.nat(2), { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('lose' as const),
      times: fc.nat(2),
      atOnce: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('confirm' as const, 'read', 'verify') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('work' as const), which: fc.nat(5) }) },
);

test('law: applied late, twice or in another order, no message leaves a former holder’s tags to be held', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const { table, desired, device, queue, change, apply, read, confirm, lose, held } = stage();
      table.takenOver();
      read();
      const run = (one: Step) => {
        switch (one.kind) {
          case 'change': {
            const address = addresses[one.at] ?? '';
            const tags = one.tag === undefined ? [] : [`k.${one.tag}`];
            change(address, tags, tags.length === 0 ? 'vacated' : 'newHolder');
            break;
          }
          case 'lose': {
            const batch = lose();
            if (batch === undefined) break;
            if (one.atOnce) apply(batch);
            queue.push(...Array.from({ length: one.times }, () => batch));
            break;
          }
          case 'work':
            for (const batch of queue.splice(one.which % Math.max(1, queue.length), 1)) apply(batch);
            break;
          case 'verify':
            // Its time has come: what has not taken effect by then never will.
            queue.length = 0;
            read(true);
            break;
          case 'read':
            read();
            break;
          case 'confirm':
            confirm();
        }
        confirmNothingHeld();
      };
      const confirmNothingHeld = () => assert.equal(held(), undefined);
      for (const one of steps) run(one);
      for (const batch of queue.splice(0)) apply(batch);
      read(true);
      confirm();
      confirmNothingHeld();
      assert.deepEqual(stays(device), Object.fromEntries(desired));
    }),
    { numRuns: 2000 },
  );
});
