// Explains why a policy selects no Pod: what its selectors require, and which labels exist.

import type { Labels, NamespaceRecord, Policy, Requirement, Selector } from '../model/model.ts';
import { matches } from '../syntax/selector.ts';

/** Label key -> values. A sample, bounded whatever tenants write. */
export type LabelSample = ReadonlyMap<string, ReadonlySet<string>>;

const sampled = { objects: 200, labels: 32, keys: 32, values: 8 } as const;
const shown = { requirements: 3, values: 3, keys: 5 } as const;
/** Of the namespaces that a ClusterPanTagPolicy selects, so many are looked at. */
const sampledNamespaces = 16;

/** Of the first objects and of their first labels; work and size are bounded. */
export function sampleLabels(all: Iterable<Labels>): LabelSample {
  const sample = new Map<string, Set<string>>();
  let objects = 0;
  for (const labels of all) {
    objects += 1;
    if (objects > sampled.objects) break;
    let count = 0;
    for (const [key, value] of labels) {
      count += 1;
      if (count > sampled.labels) break;
      const values = sample.get(key);
      if (values !== undefined) {
        if (values.size < sampled.values) values.add(value);
      } else if (sample.size < sampled.keys) sample.set(key, new Set([value]));
    }
  }
  return sample;
}

type Surroundings = {
  readonly namespaces: () => Iterable<NamespaceRecord>;
  readonly labelsIn: (namespace: string) => LabelSample;
  readonly hasPods: (namespace: string) => boolean;
};

/** A sentence for a policy that selects no Pod: cause, then next step. */
export function whyNothingSelected(policy: Policy, surroundings: Surroundings): string {
  const { namespace, namespaceSelector = [], podSelector } = policy;
  if (namespace !== undefined) return noPod(podSelector, `namespace ${namespace}`, [namespace], surroundings);
  const selected: string[] = [];
  const others: Labels[] = [];
  for (const { name, labels } of surroundings.namespaces()) {
    if (!matches(namespaceSelector, labels)) {
      if (others.length < sampled.objects) others.push(labels);
    } else if (selected.length === 0 || surroundings.hasPods(name)) selected.push(name);
    if (selected.length >= sampledNamespaces) break;
  }
  if (selected.length === 0) {
    const have = labelsThere(namespaceSelector, sampleLabels(others));
    return (
      `no Pod is selected: spec.namespaceSelector asks for ${selectorText(namespaceSelector)}, and no namespace ` +
      `matches it; the namespaces have ${have}. Correct the selector, or label the namespaces`
    );
  }
  return noPod(podSelector, 'the namespaces that spec.namespaceSelector selects', selected, surroundings);
}

function noPod(
  selector: Selector,
  place: string,
  names: readonly string[],
  { labelsIn, hasPods }: Surroundings,
): string {
  const inhabited = names.filter(hasPods);
  if (inhabited.length === 0 || selector.length === 0) {
    return `no Pod is selected: there is none in ${place} yet`;
  }
  const have = labelsThere(selector, merged(inhabited.map(labelsIn)));
  return (
    `no Pod is selected: spec.podSelector asks for ${selectorText(selector)}; the Pods in ${place} have ${have}. ` +
    'Correct the selector, or label the Pods'
  );
}

function merged(samples: readonly LabelSample[]): LabelSample {
  const [only] = samples;
  if (only !== undefined && samples.length === 1) return only;
  const all = new Map<string, Set<string>>();
  for (const [key, values] of samples.flatMap((sample) => [...sample])) {
    const known = all.get(key) ?? new Set();
    all.set(key, known);
    for (const value of values) known.add(value);
  }
  return all;
}

/** What there is of the keys that are asked for; of other keys the names, where one that is asked for is not there. */
function labelsThere(selector: Selector, sample: LabelSample): string {
  const asked = [...new Set(selector.map(({ key }) => key))].slice(0, shown.requirements);
  const of = (key: string) => {
    const values = sample.get(key);
    return values === undefined
      ? `no label ${key}`
      : list([...values], shown.values, (value) => `${key}=${value}`);
  };
  const there = asked.map(of);
  const others = [...sample.keys()].filter((key) => !asked.includes(key));
  if (others.length === 0 || asked.every((key) => sample.has(key))) return there.join(', ');
  return `${there.join(', ')}, but the labels ${list(others, shown.keys, (key) => key)}`;
}

/** As `kubectl get -l` takes it. */
function selectorText(selector: Selector): string {
  const texts = selector.slice(0, shown.requirements).map(requirementText);
  return [...texts, ...(selector.length > texts.length ? ['…'] : [])].join(',');
}

function requirementText({ key, operator, values }: Requirement): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  const [first = ''] = values;
  if (operator === 'In' && values.size === 1) return `${key}=${first}`;
  const texts = list([...values], shown.values, (value) => value);
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${texts})`;
}

/** The smallest, so that they stay while they apply. */
function list(words: readonly string[], limit: number, text: (word: string) => string): string {
  const sorted = words.toSorted();
  const some = sorted.slice(0, limit).map(text);
  return [...some, ...(sorted.length > limit ? ['…'] : [])].join(', ');
}
