// The schema of metav1.LabelSelector, with the rules that Kubernetes enforces for its own kinds.

import { z } from 'zod';
import {
  labelKeySource,
  labelValueSource,
  maxLabelKeyLength,
  maxLabelPrefixLength,
  maxLabelValueLength,
} from '../../core/syntax/label.ts';
import { operators, parseSelector } from '../../core/syntax/selector.ts';
import { celText, type CelRule, forServer, twinned } from './schema.ts';

const maxLabels = 64;
const maxExpressions = 32;
const maxValues = 128;

const keyRegex = celText(`^${labelKeySource}$`);
const valueRegex = celText(`^${labelValueSource}$`);

const keyRule = (key: string): string =>
  `size(${key}) <= ${maxLabelKeyLength} && ${key}.matches(${keyRegex}) && ${key}.indexOf('/') <= ${maxLabelPrefixLength}`;

const valueRule: CelRule = {
  rule: `self.matches(${valueRegex})`,
  message: 'must be a label value: at most 63 letters, digits, - _ . between letters or digits',
};
const expressionRules: CelRule[] = [
  {
    rule: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
    message: 'values must name at least one value for the operators In and NotIn',
  },
  {
    rule: "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || size(self.values) == 0",
    message: 'values must be left out for the operators Exists and DoesNotExist',
  },
];

// zod's side of the rules that follow is parseSelector.

const value = forServer(z.string().meta({ maxLength: maxLabelValueLength }), valueRule);

const expression = forServer(
  z.object({
    key: forServer(z.string().meta({ maxLength: maxLabelKeyLength }), {
      rule: keyRule('self'),
      message: 'must be a label key such as app or example.com/tier',
    }).describe('The label key that the operator applies to.'),
    operator: z
      .enum(operators)
      .describe(
        'In: the value is one of values. NotIn: it is none of them, or the label is absent. Exists and DoesNotExist: ' +
          'the label is there, or is not, whatever its value.',
      ),
    values: z.array(value).max(maxValues).optional().meta({
      description: 'The values for In and NotIn; left out for Exists and DoesNotExist.',
      'x-kubernetes-list-type': 'atomic',
    }),
  }),
  ...expressionRules,
);

const matchLabels = forServer(z.record(z.string(), value), {
  rule: `self.all(k, ${keyRule('k')})`,
  message: 'keys must be label keys such as app or example.com/tier',
})
  .refine((labels) => Object.keys(labels).length <= maxLabels, `must be at most ${maxLabels} entries`)
  .meta({ maxProperties: maxLabels });

const selector = z
  .object({
    matchLabels: matchLabels.optional().describe('Labels with exactly these values; all are required.'),
    matchExpressions: z
      .array(expression)
      .max(maxExpressions)
      .optional()
      .meta({ description: 'Further requirements; all must hold.', 'x-kubernetes-list-type': 'atomic' }),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

/** @param description what is selected, what {} means, and an example. */
export function labelSelector(description: string): typeof selector {
  return twinned(selector, [], (spec) => {
    const parsed = parseSelector(spec);
    return parsed.ok ? [] : parsed.problems;
  }).describe(description);
}
