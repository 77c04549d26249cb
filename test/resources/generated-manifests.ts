// Manifests of all our kinds, derived from the schemas: most are good, the others are spoilt in some place.

import * as fc from 'fast-check';
import { customResourceDefinitions } from '../../scripts/custom-resource-definitions.ts';
import { apiVersion } from '../../src/kubernetes/resources/api.ts';
import type { Manifest } from './manifests.ts';

/** What the API server knows of a field. */
type Schema = {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string }[];
};

/** Field name (`tables[]`: of an item) -> what may stand there. Numbers, enums and shapes come from the schema itself. */
export type Vocabulary = Readonly<Record<string, fc.Arbitrary<unknown>>>;

type Grower = { readonly words: Vocabulary; readonly spoil: boolean };

/** One node in so many is spoilt, where spoiling is on. */
const spoiltOne = 12;

const rubbish: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 2.5, 1e15, '', ' ', [], {}, [null], [[]], {
    no: { such: 'field' },
  }),
  fc.constantFrom(
    'x'.repeat(400),
    '\u0000',
    '\uD83D',
    '\uFFFF',
    '😀',
    '{{ nope }}',
    '{{',
    '}}',
    "'",
    '"',
    'a  b',
  ),
  fc.constantFrom(
    '../../../etc',
    'ns_shop.web',
    '_owner.0123456789ab',
    '*',
    '-',
    '/',
    '10.0.0.0/33',
    'and',
    'not',
  ),
  fc.constantFrom(
    ']]></uid-message>',
    '<entry ip="10.0.0.1"/>',
    "' or 'x",
    '__proto__',
    'constructor',
    'toString',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** @param spoil with holes, rubbish and unknown fields here and there; without it, as the schema wants it. */
export function generatedManifest(words: Vocabulary, spoil: boolean): fc.Arbitrary<Manifest> {
  const kinds = customResourceDefinitions().map(({ names, crd }) => {
    const spec = crd.spec.versions[0]?.schema.openAPIV3Schema.properties.spec as Schema;
    const manifest = grow(spec, '', { words, spoil }).map((value) => ({
      apiVersion,
      kind: names.kind,
      metadata: { name: '' },
      spec: value,
    }));
    return { weight: weights[names.kind], arbitrary: manifest };
  });
  return fc.oneof(...kinds);
}

const weights = { PanFirewall: 1, PanTagPolicy: 70, ClusterPanTagPolicy: 29 } as const;

function grow(schema: Schema, field: string, grower: Grower): fc.Arbitrary<unknown> {
  const good = grower.words[field] ?? shaped(schema, field, grower);
  if (!grower.spoil) return good;
  return fc.oneof({ weight: spoiltOne - 1, arbitrary: good }, { weight: 1, arbitrary: rubbish });
}

function shaped(schema: Schema, field: string, grower: Grower): fc.Arbitrary<unknown> {
  const { items, properties, additionalProperties } = schema;
  if (properties !== undefined) return objectOf(schema, properties, grower);
  if (additionalProperties !== undefined) {
    return fc.dictionary(
      wordsFor('key', grower).map(String),
      grow(additionalProperties, 'values[]', grower),
      { maxKeys: 3, noNullPrototype: true },
    );
  }
  if (items !== undefined) {
    const { minItems = 0, maxItems = 4 } = schema;
    const bounds = { minLength: minItems, maxLength: Math.min(maxItems, Math.max(3, minItems)) };
    const item = grow(items, `${field}[]`, grower);
    const isSet = rulesOf(schema).some((rule) => rule.includes('exists_one'));
    return isSet
      ? fc.uniqueArray(item, { ...bounds, selector: (value) => JSON.stringify(value) })
      : fc.array(item, bounds);
  }
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer')
    return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000_000 });
  return wordsFor(field, grower);
}

function wordsFor(field: string, { words }: Grower): fc.Arbitrary<unknown> {
  const found = words[field];
  if (found === undefined) throw new Error(`the vocabulary has no words for ${field}`);
  return found;
}

function objectOf(
  schema: Schema,
  properties: Readonly<Record<string, Schema>>,
  grower: Grower,
): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [name, grow(field, name, grower)]),
  );
  const optional = Object.keys(properties).filter((name) => schema.required?.includes(name) !== true);
  const pairs = rulesOf(schema).flatMap((rule) => {
    const [, a, b] = /^has\(self\.(\w+)\) != has\(self\.(\w+)\)$/.exec(rule) ?? [];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
  const kept = fc.tuple(
    fc.subarray(optional.filter((name) => !pairs.flat().includes(name))),
    ...pairs.map((pair) => fc.constantFrom(...pair)),
  );
  return kept.chain(([some, ...one]) => {
    const names = [...(schema.required ?? []), ...some, ...one];
    return fc.record(Object.fromEntries(names.flatMap((name) => [[name, fields[name] ?? rubbish]])), {
      noNullPrototype: true,
      requiredKeys: names,
    });
  });
}

function rulesOf(schema: Schema): string[] {
  return (schema['x-kubernetes-validations'] ?? []).map(({ rule }) => rule);
}
