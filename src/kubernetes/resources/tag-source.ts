// spec.tags of both policy kinds: templates and labelKeys, with their rules.

import { z } from 'zod';
import {
  labelKeySource,
  maxLabelKeyLength,
  maxLabelPrefixLength,
  subdomainSource,
} from '../../core/syntax/label.ts';
import { parseTemplate, reservedClusterSuffix } from '../../core/syntax/template.ts';
import { type CelRule, list, pattern, type Rule, ruled, text, twinned } from './schema.ts';

const maxTags = 32;
const maxTemplate = 253;
const maxKeys = 32;

const simpleKey = '[A-Za-z0-9](?:[-A-Za-z0-9_]{0,61}[A-Za-z0-9])?';
const placeholder =
  '\\{\\{ *(?:namespace|pod|node|serviceAccount' +
  `|labels\\.${simpleKey}` +
  `|(?:labels|namespaceLabels) *\\[ *'${labelKeySource}' *\\]` +
  ') *\\}\\}';

/** core/syntax/template.ts in the API server's terms. Exported for the test that holds both against each other. */
export const templatePatterns = {
  braces: pattern(`(?:[^{}]|${placeholder})*`),
  characters: pattern(`(?: ?(?:[^ '"\\p{Cc}\uFFFE\uFFFF]|\\{\\{[^{}]*\\}\\}))* ?`),
  end: pattern('[\\s\\S]*[^\\p{Z}\uFEFF]'),
} as const;

const templateRules: CelRule[] = [
  {
    rule: templatePatterns.braces.cel,
    message:
      'has an unknown or unbalanced placeholder: write {{ namespace }}, {{ pod }}, {{ node }}, {{ serviceAccount }}, ' +
      "{{ labels['key'] }} or {{ namespaceLabels['key'] }}",
  },
  {
    rule: templatePatterns.characters.cel,
    message: 'must hold no quotes, no control characters and no two spaces in a row outside placeholders',
  },
  { rule: templatePatterns.end.cel, message: 'must not end in a blank' },
];

const template = twinned(text(maxTemplate), templateRules, (value) => {
  const parsed = parseTemplate(value);
  return parsed.ok ? [] : [{ path: '', message: parsed.problem }];
});

const labelKeys = pattern(`${labelKeySource}|(?:${subdomainSource}/)?(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?\\*`);
const labelKey = ruled(text(maxLabelKeyLength), {
  cel: `${labelKeys.cel} && self.indexOf('/') <= ${maxLabelPrefixLength}`,
  message: 'must be a label key such as app or example.com/tier, or the beginning of one followed by *',
  holds: (value) => labelKeys.matches(value) && value.indexOf('/') <= maxLabelPrefixLength,
});

const unreserved: Rule<string> = {
  cel: "!self.startsWith('ns_') && !self.startsWith('_')",
  message: 'must not begin with ns_ or _: such tags are those of namespaces and of the operator itself',
  holds: (value) => !reservedClusterSuffix(value),
};

export const tagSources = sources(template, labelKey, '<tagPrefix>ns_<namespace>.');
export const clusterTagSources = sources(
  ruled(template, unreserved),
  ruled(labelKey, unreserved),
  '<tagPrefix>',
);

function sources(templateText: typeof template, key: typeof labelKey, before: string) {
  const source = z.object({
    template: templateText
      .optional()
      .describe(
        `One tag for each Pod: ${before}<template>, 1 to ${maxTemplate} characters, such as "web" or ` +
          `"app.{{ labels['app.kubernetes.io/name'] }}". Placeholders: namespace, pod, node, serviceAccount, ` +
          "labels['key'] or labels.key, namespaceLabels['key']. A Pod for which one has no value gets no tag from " +
          'this template and is counted as MissingValue. No quotes, no two spaces in a row.',
      ),
    labelKeys: list(key, maxKeys)
      .optional()
      .meta({
        description:
          `A tag for each of these labels that a Pod has: ${before}<key>.<value>. A key that ends in * stands for all ` +
          'keys that begin so, "*" for all labels: [tier, "example.com/*"]. Labels with an empty value are left out.',
        'x-kubernetes-list-type': 'atomic',
      }),
  });
  const oneEach = ruled(source, {
    cel: 'has(self.template) != has(self.labelKeys)',
    message: 'set exactly one of template and labelKeys',
    holds: (one) => (one.template === undefined) !== (one.labelKeys === undefined),
  });
  return list(oneEach, maxTags).meta({
    description: `The tags that each selected Pod gets, 1 to ${maxTags} sources, each a template or labelKeys.`,
    'x-kubernetes-list-type': 'atomic',
  });
}
