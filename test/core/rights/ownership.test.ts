// The laws of marks: who may write to a table, whatever was seen there before.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  conflictOf,
  markerAddress,
  markerTag,
  mayWrite,
  type Owner,
  ownerId,
  ownerOf,
  overlaps,
  sight,
  type Ownership,
  unknownOwnership,
} from '../../../src/core/rights/ownership.ts';

// The last one is older than the rule that refuses it.
const prefix = fc.constantFrom('k8s.', 'k8s.prod.', 'k8s-prod.', 'other.', 'k8s.prod.eu.', 'k8s._owner.');
const id = fc.constantFrom('aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc');
const owner: fc.Arbitrary<Owner> = fc.record({ prefix, id }, { noNullPrototype: true });
const noise = fc.constantFrom('k8s.ns_shop.web', 'quarantine', 'k8s._ownerx', '_owner.x', 'k8s._owner.');
const mark = owner.map(markerTag);
const seen = fc.uniqueArray(fc.oneof({ weight: 2, arbitrary: mark }, noise), { maxLength: 4 });

const self: Owner = { prefix: 'k8s.prod.', id: 'aaaaaaaaaaaa' };

function after(sightings: readonly (readonly string[])[], who = self): Ownership {
  return sightings.reduce<Ownership>((ownership, tags) => sight(ownership, tags, who), unknownOwnership);
}

test('the id is the first 12 hex digits of the SHA-256 over uid and namespace', () => {
  const whole = createHash('sha256').update('11-22/pan-tag-operator').digest('hex');
  assert.equal(ownerId('11-22', 'pan-tag-operator'), whole.slice(0, 12));
});

// An upgrade must find the marks of the release before it.
test('marks lie at an address of TEST-NET-1 that no Pod has', () => {
  assert.equal(markerAddress, '192.0.2.1');
});

test('a mark is read back as what was written, and no ordinary tag is a mark', () => {
  fc.assert(fc.property(owner, (one) => assert.deepEqual(ownerOf(markerTag(one)), one)));
  for (const tag of ['k8s.ns_shop.web', '_owner.x', 'k8s._owner.', 'k8s._ownerx', 'k8s_owner.x'])
    assert.equal(ownerOf(tag), undefined, tag);
});

test('prefixes overlap when one begins with the other, in both directions alike', () => {
  assert.ok(overlaps('k8s.', 'k8s.prod.'));
  assert.ok(!overlaps('k8s.', 'k8s-prod.'));
  fc.assert(fc.property(prefix, prefix, (a, b) => overlaps(a, b) === overlaps(b, a)));
});

test('nothing is written before the first look, nor while another is marked and we are not', () => {
  assert.equal(mayWrite(unknownOwnership), false);
  fc.assert(
    fc.property(fc.array(seen, { minLength: 1, maxLength: 5 }), (sightings) => {
      const ownership = after(sightings);
      const now = sightings.at(-1) ?? [];
      const rivals = now.flatMap((tag) => ownerOf(tag) ?? []).filter((o) => o.id !== self.id);
      const rival = rivals.some((o) => overlaps(o.prefix, self.prefix));
      const marked = now.includes(markerTag(self));
      assert.equal(mayWrite(ownership), marked || !rival);
      assert.equal(ownership.kind === 'contested', marked && rival);
      assert.equal(conflictOf(ownership, 'edge-a') === undefined, !rival);
    }),
  );
});

test('the absence of all marks is a loss for whoever had one and was not replaced, and else a first contact', () => {
  fc.assert(
    fc.property(fc.array(seen, { maxLength: 5 }), (sightings) => {
      const before = after(sightings);
      const { kind } = sight(before, [], self);
      const lastMarked = sightings.findLast(
        (tags) => !['firstContact', 'lost'].includes(sight(unknownOwnership, tags, self).kind),
      );
      assert.equal(kind, lastMarked?.includes(markerTag(self)) ? 'lost' : 'firstContact');
    }),
  );
});

test('other prefixes, and our own id under another prefix, are no rivals', () => {
  const tags = ['other._owner.bbbbbbbbbbbb', 'k8s-prod._owner.bbbbbbbbbbbb', 'k8s._owner.aaaaaaaaaaaa'];
  assert.deepEqual(sight(unknownOwnership, tags, self), { kind: 'firstContact', rivals: [] });
});

test('the sentence names the rival, the prefix, what follows and the way out', () => {
  const shutOut = sight(unknownOwnership, ['k8s._owner.bbbbbbbbbbbb'], self);
  assert.match(
    conflictOf(shutOut, 'edge-a') ?? '',
    /bbbbbbbbbbbb.* k8s\. .*nothing is written.*a prefix of its own, or .*kubectl annotate panfw edge-a pantag\.io\/adopt=bbbbbbbbbbbb$/,
  );
  const contested = sight(unknownOwnership, ['k8s._owner.bbbbbbbbbbbb', markerTag(self)], self);
  assert.match(conflictOf(contested, 'edge-a') ?? '', /guarded removals wait/);
});

/** Two installations that look and write in turn, each as its ownership allows. */
test('who comes second, whatever the order of looks from then on, never writes and never unseats the first', () => {
  const second = fc.record({
    prefix: fc.constantFrom('k8s.', 'k8s.prod.', 'k8s.prod.eu.'),
    id: fc.constant('bbbbbbbbbbbb'),
  });
  const turns = fc.array(fc.constantFrom('first' as const, 'second' as const), { maxLength: 20 });
  fc.assert(
    fc.property(second, turns, (newcomer, turns) => {
      const table = new Set([markerTag(self)]);
      const ownerships = { first: after([[...table]]), second: unknownOwnership };
      const owners = { first: self, second: newcomer };
      for (const turn of turns) {
        const ownership = sight(ownerships[turn], [...table], owners[turn]);
        ownerships[turn] = ownership;
        const puts = ownership.kind === 'firstContact' || ownership.kind === 'lost';
        if (puts) table.add(markerTag(owners[turn]));
        assert.equal(mayWrite(ownership), turn === 'first');
      }
      assert.deepEqual([...table], [markerTag(self)]);
      assert.equal(ownerships.first.kind, 'owner');
    }),
  );
});

test('a mark with words for a shell is quoted, and no command is made of it', () => {
  for (const id of ['x;reboot', '$(reboot)', "x'y", 'x y', 'x\u001b[2J', 'x\u202ey', '-'.repeat(200)]) {
    const rival = { prefix: 'k8s.', id };
    const message = conflictOf({ kind: 'shutOut', rivals: [rival] }, 'edge-a') ?? '';
    assert.doesNotMatch(message, /kubectl|\p{Cc}/u, id);
    assert.match(message, /another operator, "/);
  }
});
