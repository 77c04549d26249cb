// The store: replacing it by a list gives exactly the list, and an audit finds exactly what a watch had missed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Entry } from '../../../src/kubernetes/codec/decode.ts';
import { type Change, RecordStore } from '../../../src/kubernetes/reflector/record-store.ts';

type Thing = { readonly id: string; readonly version: string };

const entry = fc
  .record({ uid: fc.constantFrom('a', 'b', 'c', 'd', 'e'), resourceVersion: fc.constantFrom('1', '2', '3') })
  .map(
    ({ uid, resourceVersion }): Entry<Thing> => ({
      uid,
      resourceVersion,
      record: { id: uid, version: resourceVersion },
    }),
  );
const list = fc.array(entry).map((entries) => new Map(entries.map((item) => [item.uid, item])));

/** What a sink knows after these changes. */
function applyTo(known: Map<string, string>, changes: readonly Change<Thing>[]): void {
  for (const { type, record } of changes) {
    if (type === 'set') known.set(record.id, record.version);
    else assert.ok(known.delete(record.id), 'only what is known can be gone');
  }
}

function versions(entries: ReadonlyMap<string, Entry<Thing>>): Map<string, string> {
  return new Map([...entries].map(([uid, { resourceVersion }]) => [uid, resourceVersion]));
}

function filled(entries: ReadonlyMap<string, Entry<Thing>>): RecordStore<Thing> {
  const store = new RecordStore<Thing>();
  for (const item of entries.values()) store.set(item, 'watch');
  return store;
}

const sorted = (map: Map<string, string>) => [...map].sort(([a], [b]) => a.localeCompare(b));

test('a list replaces everything, tells only differences, and removals first', () => {
  fc.assert(
    fc.property(list, list, (before, after) => {
      const changes = filled(before).replace(after);
      const known = versions(before);
      applyTo(known, changes);
      assert.deepEqual(sorted(known), sorted(versions(after)));
      const unchanged = [...before.keys()].filter(
        (uid) => after.get(uid)?.resourceVersion === before.get(uid)?.resourceVersion,
      );
      assert.ok(changes.every(({ record }) => !unchanged.includes(record.id)));
      assert.ok(changes.every(({ origin }) => origin === 'list'));
      const types = changes.map(({ type }) => type);
      assert.deepEqual(types, types.toSorted(), 'gone sorts before set');
    }),
  );
});

const restored = list.chain((entries) =>
  fc.tuple(fc.constant(entries), fc.subarray([...entries.keys()])).map(([all, others]) => {
    const after = [...all.values()].map((item) =>
      others.includes(item.uid) ? { ...item, record: { ...item.record, version: 'restored' } } : item,
    );
    return { before: all, after, others };
  }),
);

test('a list and an audit tell what has a known version and other content, and nothing else', () => {
  fc.assert(
    fc.property(restored, ({ before, after, others }) => {
      const told = (changes: readonly Change<Thing>[]) =>
        changes.map(({ type, record }) => `${type} ${record.id} ${record.version}`).sort();
      const expected = others.map((uid) => `set ${uid} restored`).sort();
      const copies = after.map((item) => ({ ...item, record: { ...item.record } }));
      assert.deepEqual(
        told(filled(before).replace(new Map(copies.map((item) => [item.uid, item])))),
        expected,
      );
      const store = filled(before);
      const audit = store.startAudit();
      audit.see(copies);
      assert.deepEqual(told(audit.finish()), expected);
    }),
  );
});

test('an audit of the very same moment finds nothing, whatever the watch does meanwhile', () => {
  fc.assert(
    fc.property(list, fc.array(fc.tuple(entry, fc.boolean())), fc.nat(), (moment, events, when) => {
      const store = filled(moment);
      const audit = store.startAudit();
      const page = [...moment.values()];
      const half = when % (page.length + 1);
      audit.see(page.slice(0, half));
      for (const [item, deleted] of events) {
        if (deleted) store.remove(item.uid, 'watch');
        else store.set(item, 'watch');
      }
      audit.see(page.slice(half));
      assert.deepEqual(audit.finish(), []);
    }),
  );
});

test('an audit finds what was missed, except what the watch has told since', () => {
  fc.assert(
    fc.property(list, list, fc.array(entry), (believed, true_, events) => {
      const store = filled(believed);
      const known = versions(believed);
      const audit = store.startAudit();
      for (const item of events) {
        store.set(item, 'watch');
        known.set(item.uid, item.resourceVersion);
      }
      audit.see([...true_.values()]);
      applyTo(known, audit.finish());
      const expected = versions(true_);
      for (const item of events) expected.set(item.uid, item.resourceVersion);
      assert.deepEqual(sorted(known), sorted(expected));
    }),
  );
});

test('an audit that a whole list overtook, or that was cancelled, changes nothing', () => {
  const store = filled(new Map());
  const item: Entry<Thing> = { uid: 'a', resourceVersion: '1', record: { id: 'a', version: '1' } };
  const overtaken = store.startAudit();
  overtaken.see([item]);
  store.replace(new Map());
  assert.deepEqual(overtaken.finish(), []);
  const cancelled = store.startAudit();
  cancelled.see([item]);
  cancelled.cancel();
  assert.deepEqual(cancelled.finish(), []);
  assert.equal(store.size, 0);
});
