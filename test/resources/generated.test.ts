// The committed files that are generated are those of the source.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { customResourceDefinitions } from '../../scripts/custom-resource-definitions.ts';
import { generatedFiles, staleFiles } from '../../scripts/generate.ts';

test('the generated files are what npm run generate writes', () => {
  assert.deepEqual(staleFiles(), []);
});

test('generating twice gives the same bytes', () => {
  assert.deepEqual(generatedFiles(), generatedFiles());
});

/** The paths of all fields below a schema that have no description. */
function undescribed(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, items } = schema as { properties?: object; items?: unknown };
  const fields = Object.entries(properties ?? {}).flatMap(
    ([name, field]: [string, { description?: string }]) => [
      ...(field.description === undefined ? [`${path}.${name}`] : []),
      ...undescribed(field, `${path}.${name}`),
    ],
  );
  return [...fields, ...undescribed(items, `${path}[]`)];
}

test('every field has a description, so that kubectl explain teaches', () => {
  for (const { names, crd } of customResourceDefinitions()) {
    const root = crd.spec.versions[0]?.schema.openAPIV3Schema;
    assert.ok(root !== undefined && 'spec' in root.properties);
    const byTheServer = ['apiVersion', 'kind', 'metadata'].map((name) => `${names.kind}.${name}`);
    assert.deepEqual(undescribed(root, names.kind), byTheServer);
  }
});
