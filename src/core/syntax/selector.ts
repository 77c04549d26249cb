// Label selectors: from the API's form to requirements, and whether a label set fulfils them.

import { isLabelKey, isLabelValue } from './label.ts';
import type { Labels, Requirement, Selector } from '../model/model.ts';
import { quoted } from './wording.ts';

/** What is wrong, and in which field: `matchExpressions[0].values`, or '' for the selector as a whole. */
export type Problem = { readonly path: string; readonly message: string };

/** metav1.LabelSelector as JSON. */
export type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?: readonly LabelSelectorRequirement[] | undefined;
};

type LabelSelectorRequirement = {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
};

type ParsedSelector =
  | { readonly ok: true; readonly selector: Selector }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

/**
 * Reads a selector under the rules of apimachinery's ValidateLabelSelector: keys and values have label syntax,
 * In and NotIn need values, Exists and DoesNotExist have none. All problems are named, not only the first.
 */
export function parseSelector(spec: LabelSelector): ParsedSelector {
  const selector: Requirement[] = [];
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(spec.matchLabels ?? {})) {
    const path = `matchLabels['${key}']`;
    if (!isLabelKey(key)) problems.push({ path: 'matchLabels', message: notAKey(key) });
    else if (!isLabelValue(value)) problems.push({ path, message: notAValue(value) });
    selector.push({ key, operator: 'In', values: new Set([value]) });
  }
  for (const [i, expression] of (spec.matchExpressions ?? []).entries()) {
    const read = readExpression(expression, `matchExpressions[${i}]`, problems);
    if (read !== undefined) selector.push(read);
  }
  return problems.length === 0 ? { ok: true, selector } : { ok: false, problems };
}

/**
 * Whether a label set fulfils every requirement. As in Kubernetes, NotIn holds where the key is absent; an empty
 * selector selects everything.
 */
export function matches(selector: Selector, labels: Labels): boolean {
  for (const requirement of selector) {
    if (!holds(requirement, labels.get(requirement.key))) return false;
  }
  return true;
}

function holds({ operator, values }: Requirement, value: string | undefined): boolean {
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  const listed = value !== undefined && values.has(value);
  return operator === 'In' ? listed : !listed;
}

/** Adds what is wrong to `problems`. */
function readExpression(
  { key, operator: word, values = [] }: LabelSelectorRequirement,
  path: string,
  problems: Problem[],
): Requirement | undefined {
  if (!isLabelKey(key)) problems.push({ path: `${path}.key`, message: notAKey(key) });
  const operator = operators.find((known) => known === word);
  if (operator === undefined) {
    problems.push({ path: `${path}.operator`, message: `must be one of ${operators.join(', ')}` });
    return undefined;
  }
  const wanted = operator === 'In' || operator === 'NotIn';
  if (wanted && values.length === 0) {
    problems.push({ path: `${path}.values`, message: `must name at least one value for ${operator}` });
  } else if (!wanted && values.length > 0) {
    problems.push({ path: `${path}.values`, message: `must be left out for ${operator}` });
  }
  for (const [i, value] of values.entries()) {
    if (!isLabelValue(value)) problems.push({ path: `${path}.values[${i}]`, message: notAValue(value) });
  }
  return { key, operator, values: new Set(values) };
}

function notAKey(text: string): string {
  return `${quoted(text)} is not a label key (such as app or example.com/tier)`;
}

function notAValue(text: string): string {
  return `${quoted(text)} is not a label value (at most 63 letters, digits, - _ . between letters or digits)`;
}
