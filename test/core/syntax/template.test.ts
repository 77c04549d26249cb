// Templates, labelKeys and the tag grammar: what is read, what is refused with which words, and the laws.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isLabelKey } from '../../../src/core/syntax/label.ts';
import type { Template } from '../../../src/core/model/model.ts';
import { maxTagLength } from '../../../src/core/syntax/tag.ts';
import {
  labelKeySuffixes,
  legalTag,
  parseTemplate,
  render,
  reservedClusterSuffix,
  type TemplateValues,
} from '../../../src/core/syntax/template.ts';

const web: TemplateValues = {
  namespace: 'shop',
  pod: 'web-7',
  node: 'node-1',
  serviceAccount: 'default',
  labels: new Map([
    ['app', 'web'],
    ['app.kubernetes.io/name', 'front'],
    ['empty', ''],
  ]),
  namespaceLabels: new Map([['team', 'blue']]),
};

function templateOf(text: string): Template {
  const parsed = parseTemplate(text);
  if (!parsed.ok) assert.fail(`${text}: ${parsed.problem}`);
  return parsed.template;
}

function problemOf(text: string): string {
  const parsed = parseTemplate(text);
  return parsed.ok ? '' : parsed.problem;
}

test('every placeholder takes its value from the Pod', () => {
  const table: [template: string, text: string][] = [
    ['web', 'web'],
    ['on.{{ node }}', 'on.node-1'],
    ['{{namespace}}/{{pod}}/{{serviceAccount}}', 'shop/web-7/default'],
    ["app.{{ labels['app.kubernetes.io/name'] }}", 'app.front'],
    ['app.{{ labels.app }}', 'app.web'],
    ["{{namespaceLabels['team']}}!", 'blue!'],
    ["{{   labels  [ 'app' ]   }}", 'web'],
    [' tags may begin a suffix with a blank', ' tags may begin a suffix with a blank'],
    ['größe.{{ pod }}', 'größe.web-7'],
    ['on {{ node }}', `on ${web.node}`],
    ['a b', 'a b'],
  ];
  for (const [template, text] of table) assert.equal(render(templateOf(template), web), text, template);
});

test('the short form asks for label keys of one, two and up to 63 characters', () => {
  for (const key of ['a', 'ab', 'a'.repeat(63)])
    assert.deepEqual(templateOf(`{{ labels.${key} }}`), [{ kind: 'label', key }]);
});

test('a placeholder without a value yields no text at all', () => {
  for (const template of ['x.{{ labels.none }}', 'x.{{ labels.empty }}', "{{ namespaceLabels['none'] }}"]) {
    assert.equal(render(templateOf(template), web), undefined, template);
  }
  assert.equal(render(templateOf('on.{{ node }}'), { ...web, node: '' }), undefined);
  assert.equal(render(templateOf('{{ labels.constructor }}'), web), undefined);
});

test('what is no template is refused in words that say where and what instead', () => {
  const table: [template: string, words: RegExp][] = [
    ['', /empty/],
    ['{{ nod }}', /"nod" is unknown: did you mean node\? \(at character 1\)/],
    ['a.{{ serviceaccount }}', /did you mean serviceAccount\? \(at character 3\)/],
    ['{{ label.app }}', /did you mean labels\['app'\]/],
    ['{{ labels["tier"] }}', /write labels\['tier'\]/],
    ['{{ labels["ab"] }}', /write labels\['ab'\]/],
    ['{{ labels.example.com/tier }}', /write labels\['example.com\/tier'\]/],
    ['{{ namespaceLabels.team }}', /write namespaceLabels\['team'\]/],
    ['{{ labels }}', /write labels\['key'\]/],
    ["{{ labels['-x'] }}", /"-x" is not a label key/],
    ["{{ labels[''] }}", /"" is not a label key/],
    [
      '{{ }}',
      /use one of namespace, pod, node, serviceAccount, labels\['key'\], namespaceLabels\['key'\] \(/,
    ],
    ['{{}}', /"" is unknown/],
    ['{{ no de }}', /"no de" is /],
    ['{{ xlabels.app }}', /"xlabels.app" is unknown/],
    ["{{ xlabels['app'] }}", /is unknown/],
    ["{{ labels['app']x }}", /is not well formed/],
    [`{{ labels.${'a'.repeat(64)} }}`, /is not well formed/],
    ['{{\tnode }}', /is unknown/],
    ['web.{{ node', /opens at character 5 is not closed/],
    ['{{ {{ node }} }}', /opens at character 1 is not closed/],
    ['ü{{node}}}', /brace at character 10 /],
    ['a{b', /brace at character 2 /],
    ['}}', /brace at character 1 /],
    ["it's", /holds a quote/],
    ['say "x"', /holds a quote/],
    ['a  b', /two spaces/],
    ['a\tb', /U\+0009/],
    ['a\u0000b', /U\+0000/],
    ['a\u0085b', /U\+0085/],
    ['a\uFFFEb', /U\+FFFE/],
    ['a\uD800b', /U\+D800/],
    ['web ', /end in a blank/],
    ['web\u00A0', /end in a blank/],
    [' ', /end in a blank/],
  ];
  for (const [template, words] of table) assert.match(problemOf(template), words, template);
});

test('a label key without * names one label, and one with * none that merely begins alike before it', () => {
  const labels = new Map([
    ['tier', 'gold'],
    ['tied', 'up'],
    ['tiers', 'two'],
    ['example.com/cost', 'low'],
    ['example.community/x', 'y'],
  ]);
  assert.deepEqual(labelKeySuffixes(['tier'], labels), ['tier.gold']);
  assert.deepEqual(labelKeySuffixes(['example.com/*'], labels), ['example.com/cost.low']);
});

test('labelKeys yield key.value for exact keys, prefixes and *', () => {
  const labels = new Map([
    ['tier', 'gold'],
    ['example.com/cost', 'low'],
    ['example.com/empty', ''],
    ['example.org/x', 'y'],
  ]);
  assert.deepEqual(labelKeySuffixes(['tier', 'example.com/*'], labels), [
    'tier.gold',
    'example.com/cost.low',
  ]);
  assert.deepEqual(labelKeySuffixes(['*'], labels), ['tier.gold', 'example.com/cost.low', 'example.org/x.y']);
  assert.deepEqual(labelKeySuffixes(['none', 'example.com/empty', 'none*'], labels), []);
});

test('labelKeys yield each suffix once', () => {
  const labels = new Map([
    ['a', 'b.c'],
    ['a.b', 'c'],
  ]);
  assert.deepEqual(labelKeySuffixes(['*', 'a', 'a*'], labels), ['a.b.c']);
});

test('suffixes that begin like a namespace’s or the operator’s own are reserved', () => {
  for (const suffix of ['ns_', 'ns_shop.web', '_owner.1', '_'])
    assert.equal(reservedClusterSuffix(suffix), true);
  for (const suffix of ['ns', 'ns-shop', 'Ns_x', 'a_b', ' _x'])
    assert.equal(reservedClusterSuffix(suffix), false);
});

test('a tag of 127 characters stays, a longer one is cut and hashed', () => {
  const prefix = 'k8s.';
  const whole = prefix + 'x'.repeat(123);
  assert.equal(legalTag(prefix, 'x'.repeat(123)), whole);
  const longer = `${whole}y`;
  const hash = createHash('sha256').update(longer).digest('hex').slice(0, 8);
  assert.equal(legalTag(prefix, `${'x'.repeat(123)}y`), `${longer.slice(0, 118)}_${hash}`);
});

test('length is counted in Unicode characters, and no character is cut in two', () => {
  assert.equal(legalTag('k8s.', '😀'.repeat(123)), `k8s.${'😀'.repeat(123)}`);
  const cut = legalTag('k8s.', '😀'.repeat(124)) ?? '';
  assert.equal(Array.from(cut).length, 127);
  assert.match(cut, /^k8s\.(?:😀){114}_[0-9a-f]{8}$/u);
});

test('what cannot be made legal is undefined', () => {
  const table: [prefix: string, suffix: string][] = [
    ['k8s.', ''],
    ['k8s.', 'a"b'],
    ['k8s.', "a'b"],
    ['k8s.', 'a  b'],
    ['k8s.', 'a '],
    ['k8s.', 'a\u00A0'],
    [' k8s.', 'a'],
    ['k8s. ', ' a'],
    ['k8s.', 'a\nb'],
    ['k8s.', 'a\u007F'],
    ['k8s.', '\uD83D'],
    ['k8s.', '\uFFFF'],
    ['', 'and'],
    ['O', 'r'],
    ['n', 'OT'],
    ['x'.repeat(119), 'long'.repeat(10)],
  ];
  for (const [prefix, suffix] of table) assert.equal(legalTag(prefix, suffix), undefined, prefix + suffix);
  for (const word of ['andy', 'k8s.and', 'nor', 'a < b & c', '(x)']) assert.equal(legalTag('', word), word);
});

/** The rules once more, character by character, with no pattern in common with the code. */
function isLegal(tag: string): boolean {
  const codes = Array.from(tag, (character) => character.codePointAt(0) ?? 0);
  const fits = (code: number): boolean =>
    code >= 0x20 &&
    !(code >= 0x7f && code <= 0x9f) &&
    !(code >= 0xd800 && code <= 0xdfff) &&
    code !== 0xfffe &&
    code !== 0xffff &&
    code !== 0x22 &&
    code !== 0x27;
  const spaced = codes.some((code, i) => code === 0x20 && codes[i + 1] === 0x20);
  const bare = ['and', 'or', 'not'].includes(tag.toLowerCase());
  return (
    codes.length > 0 &&
    codes.length <= maxTagLength &&
    codes.every(fits) &&
    !spaced &&
    !bare &&
    tag === tag.trim()
  );
}

const word = fc.string({
  unit: fc.constantFrom('a', 'b', 'Z', '0', '9', '_', '-'),
  minLength: 1,
  maxLength: 7,
});
const prefix = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .map((words) => words.map((one) => `${one}.`).join(''));
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom(' ', 'a', "'", '"', '\n', '\u00A0', '😀', '\uD800', '{', '}', '.', '_'),
    maxLength: 200,
  }),
  fc.string({ unit: fc.constantFrom('a', '.', '-', '_', '😀'), minLength: 100, maxLength: 260 }),
);

test('law: a tag is legal, at most 127 characters, begins with its prefix, and is the same every time', () => {
  fc.assert(
    fc.property(prefix, hostile, (start, suffix) => {
      const tag = legalTag(start, suffix);
      assert.equal(legalTag(start, suffix), tag);
      if (tag === undefined) return;
      assert.ok(isLegal(tag), JSON.stringify(tag));
      assert.ok(tag.startsWith(start));
    }),
    { numRuns: 3000 },
  );
});

test('law: a suffix that is legal as it stands is never changed or refused', () => {
  fc.assert(
    fc.property(prefix, hostile, (start, suffix) => {
      fc.pre(suffix !== '' && isLegal(start + suffix));
      assert.equal(legalTag(start, suffix), start + suffix);
    }),
  );
});

test('law: no template of a namespace leaves the namespace, whatever the labels say', () => {
  const name = fc.constantFrom('app', 'example.com/x', 'empty');
  const piece = fc.oneof(
    fc.constantFrom(
      '{{ node }}',
      '{{pod}}',
      "{{ labels['app'] }}",
      "{{ labels['example.com/x'] }}",
      ' ',
      '.',
      '_',
    ),
    fc.string({ maxLength: 5 }),
  );
  const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(prefix, text, fc.dictionary(name, hostile), hostile, (start, template, labels, node) => {
      const parsed = parseTemplate(template);
      fc.pre(parsed.ok);
      const rendered = render(parsed.template, { ...web, node, labels: new Map(Object.entries(labels)) });
      if (rendered === undefined) return;
      const scope = `${start}ns_shop.`;
      const tag = legalTag(scope, rendered);
      assert.ok(tag === undefined || (tag.startsWith(scope) && isLegal(tag)));
    }),
    { numRuns: 2000 },
  );
});

test('law: a literal template renders as itself, and is always legal behind a prefix', () => {
  fc.assert(
    fc.property(prefix, hostile, (start, text) => {
      const parsed = parseTemplate(text);
      fc.pre(parsed.ok && !text.includes('{'));
      assert.equal(render(parsed.template, web), text);
      assert.notEqual(legalTag(start, text), undefined);
    }),
    { numRuns: 2000 },
  );
});

test('law: parsing any text gives a template or a problem, and any label key can be asked for', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      assert.ok(parseTemplate(text).ok || problemOf(text) !== '');
      assert.equal(parseTemplate(`{{ labels['${text}'] }}`).ok, isLabelKey(text));
    }),
    { numRuns: 2000 },
  );
});
