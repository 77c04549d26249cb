// spec.tags of policies, good and bad, on which zod and the API server must agree.

import { type BadCase, clusterPolicy, type GoodCase, numbered, policy, template } from './manifests.ts';

const placeholderSays = 'placeholder';
const badPlaceholders = [
  '{{ nod }}',
  '{{ Node }}',
  '{{ labels }}',
  '{{ labels["app"] }}',
  '{{ labels.example.com/x }}',
  '{{ labels.-x }}',
  '{{ namespaceLabels.x }}',
  '{{ }}',
  'a{{ node',
  '{{ {{ node }} }}',
];
const badTemplates: [text: string, says: string][] = [
  ["it's", 'quote'],
  ['say "x"', 'quote'],
  ['a  b', 'two spaces'],
  ['{{ node }}  x', 'two spaces'],
  ['web ', 'end in a blank'],
  ['web\u00A0', 'end in a blank'],
  ['{{ node }} ', 'end in a blank'],
];
const otherBadTemplates = [
  '',
  ' ',
  'a{b',
  'a}b',
  '{{ node }}}',
  'a\tb',
  'a\u0085b',
  'a\uFFFFb',
  "{{ labels['-x'] }}",
  "{{ labels['a/b/c'] }}",
  "{{ labels['x'.y] }}",
  `{{ labels['${'x'.repeat(64)}'] }}`,
  `{{ labels.${'x'.repeat(64)} }}`,
  'x'.repeat(254),
];
const goodTemplates = [
  'web',
  ' a b',
  '_x',
  'ns_x',
  '{{node}}',
  '{{   pod   }}.{{ namespace }}/{{serviceAccount}}',
  "app.{{ labels['app.kubernetes.io/name'] }}",
  "{{ labels [ 'app' ] }}",
  '{{ labels.app }}',
  `{{ labels.${'x'.repeat(63)} }}`,
  "{{ namespaceLabels['example.com/Team'] }}",
  '<größe> & 😀',
  '😀'.repeat(253),
  'x'.repeat(253),
];

const keySays = 'must be a label key';
const badLabelKeys = [
  '',
  '-x',
  'a b',
  'a/b/c',
  'Example.com/x',
  '/x',
  '*x',
  'a**',
  '/*',
  'a/b/*',
  '-*',
  'x'.repeat(64),
];
const goodLabelKeys = [
  'tier',
  'example.com/*',
  '*',
  'app*',
  'example.com/Ti*',
  'A_b.c-9',
  `${'a'.repeat(253)}/x`,
];

export const goodTags: GoodCase[] = [
  ...goodTemplates.map((text) => ({ name: `template ${text.slice(0, 60)}`, manifest: template(text) })),
  ...goodLabelKeys.map((key) => ({
    name: `labelKeys ${key.slice(0, 60)}`,
    manifest: policy({ tags: [{ labelKeys: [key] }] }),
  })),
  {
    name: 'a cluster template with ns and _ inside',
    manifest: clusterPolicy({ tags: [{ template: 'ns.a_b' }] }),
  },
];

export const badTags: BadCase[] = [
  { name: 'no tags', manifest: policy({ tags: undefined }), field: 'spec.tags' },
  { name: 'empty tags', manifest: policy({ tags: [] }), field: 'spec.tags' },
  {
    name: '33 tags',
    manifest: policy({ tags: numbered(33, (i) => ({ template: `t${i}` })) }),
    field: 'spec.tags',
  },
  {
    name: 'a tag of nothing',
    manifest: policy({ tags: [{ template: 'a' }, {}] }),
    field: 'spec.tags[1]',
    says: 'set exactly one of template and labelKeys',
  },
  {
    name: 'a tag of both',
    manifest: clusterPolicy({ tags: [{ template: 'a', labelKeys: ['a'] }] }),
    field: 'spec.tags[0]',
    says: 'set exactly one of template and labelKeys',
  },
  {
    name: 'empty labelKeys',
    manifest: policy({ tags: [{ labelKeys: [] }] }),
    field: 'spec.tags[0].labelKeys',
  },
  {
    name: '33 labelKeys',
    manifest: policy({ tags: [{ labelKeys: numbered(33, (i) => `k${i}`) }] }),
    field: 'spec.tags[0].labelKeys',
  },
  ...badLabelKeys.map((key) => ({
    name: `labelKeys ${key}`,
    manifest: policy({ tags: [{ labelKeys: ['ok', key] }] }),
    field: 'spec.tags[0].labelKeys[1]',
    ...(key === '' ? {} : { says: keySays }),
  })),
  ...badPlaceholders.map((text) => ({
    name: `template ${text}`,
    manifest: template(text),
    field: 'spec.tags[0].template',
    says: placeholderSays,
  })),
  ...badTemplates.map(([text, says]) => ({
    name: `template ${text}`,
    manifest: template(text),
    field: 'spec.tags[0].template',
    says,
  })),
  ...otherBadTemplates.map((text) => ({
    name: `template ${JSON.stringify(text.slice(0, 60))}`,
    manifest: template(text),
    field: 'spec.tags[0].template',
  })),
  ...['ns_shop.web', '_owner.1', 'ns_{{ namespace }}', '_'].map((text) => ({
    name: `cluster template ${text}`,
    manifest: clusterPolicy({ tags: [{ template: text }] }),
    field: 'spec.tags[0].template',
    says: 'must not begin with ns_ or _',
  })),
  ...['ns_shop', 'ns_*'].map((key) => ({
    name: `cluster labelKeys ${key}`,
    manifest: clusterPolicy({ tags: [{ labelKeys: [key] }] }),
    field: 'spec.tags[0].labelKeys[0]',
    says: 'must not begin with ns_ or _',
  })),
];
