// Label selectors: validation by Kubernetes' rules, and matching against a naive reading of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isLabelKey, isLabelValue } from '../../../src/core/syntax/label.ts';
import type { Selector } from '../../../src/core/model/model.ts';
import { type LabelSelector, matches, operators, parseSelector } from '../../../src/core/syntax/selector.ts';

function selectorOf(spec: LabelSelector): Selector {
  const parsed = parseSelector(spec);
  if (!parsed.ok) assert.fail(JSON.stringify(parsed.problems));
  return parsed.selector;
}

function pathsOf(spec: LabelSelector): string[] {
  const parsed = parseSelector(spec);
  return parsed.ok ? [] : parsed.problems.map((problem) => problem.path);
}

function select(spec: LabelSelector, labels: Record<string, string>): boolean {
  return matches(selectorOf(spec), new Map(Object.entries(labels)));
}

test('an empty selector selects everything', () => {
  assert.equal(select({}, {}), true);
  assert.equal(select({ matchLabels: {}, matchExpressions: [] }, { app: 'web' }), true);
});

test('matchLabels wants every label with exactly that value', () => {
  const spec = { matchLabels: { app: 'web', tier: '' } };
  assert.equal(select(spec, { app: 'web', tier: '', more: 'x' }), true);
  assert.equal(select(spec, { app: 'web' }), false);
  assert.equal(select(spec, { app: 'Web', tier: '' }), false);
});

test('each operator means what it means in Kubernetes', () => {
  const one = (operator: string, values?: string[]): LabelSelector => ({
    matchExpressions: [{ key: 'app', operator, values }],
  });
  const table: [LabelSelector, present: boolean, other: boolean, absent: boolean][] = [
    [one('In', ['web', 'api']), true, false, false],
    [one('NotIn', ['web', 'api']), false, true, true],
    [one('Exists'), true, true, false],
    [one('DoesNotExist', []), false, false, true],
  ];
  for (const [spec, present, other, absent] of table) {
    const operator = spec.matchExpressions?.[0]?.operator;
    assert.equal(select(spec, { app: 'web' }), present, `${operator}, listed value`);
    assert.equal(select(spec, { app: 'db' }), other, `${operator}, other value`);
    assert.equal(select(spec, { tier: 'web' }), absent, `${operator}, absent key`);
  }
});

test('every problem is named with its path', () => {
  assert.deepEqual(
    pathsOf({
      matchLabels: { app: 'a b', '-x': 'y' },
      matchExpressions: [
        { key: 'a//b', operator: 'Exists' },
        { key: 'app', operator: 'in', values: ['x'] },
        { key: 'app', operator: 'In' },
        { key: 'app', operator: 'NotIn', values: [] },
        { key: 'app', operator: 'Exists', values: ['x'] },
        { key: 'app', operator: 'DoesNotExist', values: ['x'] },
        { key: 'app', operator: 'In', values: ['ok', 'not ok'] },
      ],
    }),
    [
      "matchLabels['app']",
      'matchLabels',
      'matchExpressions[0].key',
      'matchExpressions[1].operator',
      'matchExpressions[2].values',
      'matchExpressions[3].values',
      'matchExpressions[4].values',
      'matchExpressions[5].values',
      'matchExpressions[6].values[1]',
    ],
  );
});

test('every problem says what to write instead', () => {
  const messageOf = (requirement: { key: string; operator: string; values?: string[] }) => {
    const parsed = parseSelector({ matchExpressions: [requirement] });
    return parsed.ok ? '' : parsed.problems.map(({ message }) => message).join('; ');
  };
  const known = 'must be one of In, NotIn, Exists, DoesNotExist';
  assert.equal(messageOf({ key: 'app', operator: 'Is' }), known);
  assert.equal(messageOf({ key: 'app', operator: 'In' }), 'must name at least one value for In');
  assert.equal(messageOf({ key: 'app', operator: 'Exists', values: ['a'] }), 'must be left out for Exists');
  assert.match(messageOf({ key: '-x', operator: 'Exists' }), /^"-x" is not a label key \(such as app or/);
  assert.match(
    messageOf({ key: 'app', operator: 'In', values: ['-x'] }),
    /^"-x" is not a label value \(at most/,
  );
});

test('a long hostile key does not make a long message', () => {
  const parsed = parseSelector({ matchLabels: { ['x'.repeat(100_000)]: 'y' } });
  assert.ok(!parsed.ok && (parsed.problems[0]?.message.length ?? 0) < 200);
});

test('label keys and values have the bounds of apimachinery', () => {
  const good = ['a', 'A-b_c.9', 'example.com/tier', `${'a'.repeat(253)}/x`, 'x'.repeat(63), '0/0'];
  const bad = ['', '/', '/x', 'x/', 'a/b/c', 'Example.com/x', '-a', 'a-', `${'a'.repeat(254)}/x`];
  for (const key of good) assert.equal(isLabelKey(key), true, key);
  for (const key of [...bad, 'x'.repeat(64), 'a b', 'é', 'a\n']) assert.equal(isLabelKey(key), false, key);
  for (const value of ['', 'a', '0', 'A-b_c.9', 'x'.repeat(63)])
    assert.equal(isLabelValue(value), true, value);
  for (const value of ['-', 'a-', '.a', 'a b', 'a/b', 'x'.repeat(64), 'é', 'a\n', '\na']) {
    assert.equal(isLabelValue(value), false, value);
  }
});

// A small universe, so that keys and values meet often. Some names are those of Object.prototype.
const key = fc.constantFrom('app', 'tier', 'example.com/x', 'constructor');
const value = fc.constantFrom('', 'a', 'b', 'toString');
const labels = fc.dictionary(key, value);
const expression = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);
const spec: fc.Arbitrary<LabelSelector> = fc.record(
  { matchLabels: labels, matchExpressions: fc.array(expression, { maxLength: 4 }) },
  { requiredKeys: [] },
);

/** The documentation of metav1.LabelSelector, read word by word. */
function oracle(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  pod: Record<string, string>,
): boolean {
  const has = (name: string): boolean => Object.hasOwn(pod, name);
  const byLabels = Object.keys(matchLabels).every((name) => has(name) && pod[name] === matchLabels[name]);
  const byExpressions = matchExpressions.every(({ key: name, operator, values = [] }) => {
    if (operator === 'In') return has(name) && values.includes(pod[name] ?? '?');
    if (operator === 'NotIn') return !(has(name) && values.includes(pod[name] ?? '?'));
    return operator === 'Exists' ? has(name) : !has(name);
  });
  return byLabels && byExpressions;
}

test('law: matching agrees with a naive reading', () => {
  fc.assert(
    fc.property(spec, labels, (selector, pod) => {
      assert.equal(select(selector, pod), oracle(selector, pod));
    }),
    { numRuns: 2000 },
  );
});

test('law: an operator and its contrary never agree', () => {
  const contrary: Record<string, string> = { In: 'NotIn', Exists: 'DoesNotExist' };
  fc.assert(
    fc.property(expression, labels, (one, pod) => {
      const other = contrary[one.operator];
      if (other === undefined) return;
      const flipped = { ...one, operator: other };
      assert.notEqual(select({ matchExpressions: [one] }, pod), select({ matchExpressions: [flipped] }, pod));
    }),
  );
});

test('law: whatever is parsed is either a selector of known operators or problems with paths', () => {
  const wild = fc.record(
    {
      matchLabels: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
      matchExpressions: fc.array(
        fc.record(
          { key: fc.string(), operator: fc.string(), values: fc.array(fc.string()) },
          { requiredKeys: ['key', 'operator'] },
        ),
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(wild, (input) => {
      const parsed = parseSelector(input);
      if (parsed.ok) assert.ok(parsed.selector.every((one) => operators.includes(one.operator)));
      else
        assert.ok(parsed.problems.length > 0 && parsed.problems.every((one) => one.path.startsWith('match')));
    }),
  );
});
