// Tags that wait for unreadable policies: by scope, whatever comes and goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { scopeOf, scopeOfSuffix } from '../../../src/core/model/policy-scope.ts';
import { UnreadablePolicies } from '../../../src/core/removals/unreadable-policies.ts';

test('a policy and the tags that it could own have one scope', () => {
  assert.equal(scopeOf('shop/web'), 'shop');
  assert.equal(scopeOf('/edge'), '');
  assert.equal(scopeOfSuffix('ns_shop.web'), 'shop');
  assert.equal(scopeOfSuffix('ns_shop.ns_bank.web'), 'shop');
  for (const suffix of ['web', 'nsx', '_owner.0123', 'app.ns_shop.web'])
    assert.equal(scopeOfSuffix(suffix), '');
  for (const nobodys of ['ns_', 'ns_shop', 'ns_.', 'ns_.web'])
    assert.equal(scopeOfSuffix(nobodys), undefined);
});

test('a word about a predecessor is no word about its successor', () => {
  const unreadable = new UnreadablePolicies();
  assert.equal(unreadable.add('shop/web', 'u1'), true);
  assert.equal(unreadable.add('shop/web', 'u2'), false);
  assert.equal(unreadable.delete('shop/web', 'u1'), false);
  assert.equal(unreadable.has('shop/web', 'u1'), false);
  assert.equal(unreadable.has('shop/web', 'u2'), true);
  assert.equal(unreadable.delete('shop/web', 'u2'), true);
  assert.equal(unreadable.ownerOf('shop'), undefined);
});

test('law: it tells who claims in the scopes of what was added and not deleted, and tells exactly when they change', () => {
  const policy = fc.constantFrom('a/p', 'a/q', 'b/p', '/p', '/q');
  const uid = fc.constantFrom('u1', 'u2');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), policy, uid }),
    fc.record({ kind: fc.constant('delete' as const), policy, uid: fc.option(uid, { nil: undefined }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (story) => {
      const unreadable = new UnreadablePolicies();
      const model = new Map<string, string>();
      const scopes = () => new Set([...model.keys()].map(scopeOf));
      for (const { kind, policy: id, uid: which } of story) {
        const { size } = scopes();
        if (kind === 'add') {
          model.set(id, which);
          assert.equal(unreadable.add(id, which), scopes().size > size);
        } else {
          if (which === undefined || model.get(id) === which) model.delete(id);
          assert.equal(unreadable.delete(id, which), scopes().size < size);
        }
        for (const scope of ['a', 'b', '', 'c']) {
          const shown = unreadable.ownerOf(scope);
          assert.equal(shown !== undefined, scopes().has(scope));
          assert.ok(shown === undefined || (model.has(shown) && scopeOf(shown) === scope));
        }
        for (const one of ['a/p', '/q']) assert.equal(unreadable.has(one, 'u1'), model.get(one) === 'u1');
      }
    }),
  );
});
