// Checks the fields in the docs' kubectl commands: each path of a jsonpath, and each key of a patch, is in the CRD of its object.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', '.github/**/*.md', 'docs/**/*.md', 'helm/**/*.md', 'helm/**/NOTES.txt'], {
  cwd: root,
});

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
};
type Definition = {
  readonly spec: {
    readonly names: { readonly singular: string; readonly shortNames: readonly string[] };
    readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: Schema } }];
  };
};

/** By the names that kubectl takes. */
const schemas = new Map(
  globSync('crds/*.yaml', { cwd: root }).flatMap((file) => {
    const { names, versions } = (parse(readFileSync(join(root, file), 'utf8')) as Definition).spec;
    return [names.singular, ...names.shortNames].map(
      (name) => [name, versions[0].schema.openAPIV3Schema] as const,
    );
  }),
);

/** @param path such as ['status', 'tables', '*', 'held'] */
function isThere(schema: Schema | undefined, path: readonly string[]): boolean {
  const [step, ...rest] = path;
  if (step === undefined) return schema !== undefined;
  // Every object has metadata; the CRDs do not describe it.
  if (step === 'metadata') return true;
  return isThere(step === '*' ? schema?.items : schema?.properties?.[step], rest);
}

/** '.status.tables[*].held' -> its steps; a filter in brackets is any item. */
function stepsOf(path: string): readonly string[] {
  return path
    .replaceAll(/\[[^\]]*\]/g, '.*')
    .split('.')
    .filter((step) => step !== '');
}

/** The paths of a jsonpath template, what is inside a range with the range's path in front. */
function pathsOf(template: string): readonly (readonly string[])[] {
  const paths: (readonly string[])[] = [];
  let base: readonly string[] = [];
  for (const [, text = ''] of template.matchAll(/\{((?:range )?\.[^{}]*|end)\}/g)) {
    if (text === 'end') base = [];
    else if (text.startsWith('range ')) base = stepsOf(text.slice('range '.length));
    else paths.push([...base, ...stepsOf(text)]);
    if (text.startsWith('range ')) paths.push(base);
  }
  return paths;
}

/** Every key of a patch, with what is above it. */
function keysOf(value: unknown, above: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [above];
  return Object.entries(value).flatMap(([key, below]) => keysOf(below, [...above, key]));
}

const commands = pages.flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/kubectl (?:get|patch) (\w+)[ /][^\n`]*/g)].map(
    ([command, kind = '']) => ({ page, command, kind }),
  ),
);

test('fields that the docs read by jsonpath are in the CRDs', () => {
  const read = commands.flatMap(({ page, command, kind }) => {
    const [, template] = /jsonpath='([^']*)'/.exec(command) ?? [];
    const schema = schemas.get(kind);
    return template === undefined || schema === undefined ? [] : [{ page, schema, template }];
  });
  assert.ok(read.length > 8, String(read.length));
  assert.ok(!isThere(schemas.get('panfw'), ['status', 'tables', '*', 'nothing']));
  for (const { page, schema, template } of read) {
    const paths = pathsOf(template);
    assert.ok(paths.length > 0, `${page}: ${template}`);
    for (const path of paths) assert.ok(isThere(schema, path), `${page}: ${path.join('.')}`);
  }
});

test('fields that the docs patch are in the CRDs', () => {
  const patched = commands.flatMap(({ page, command, kind }) => {
    const [, patch] = /--type=merge -p '([^']*)'/.exec(command) ?? [];
    const schema = schemas.get(kind);
    return patch === undefined || schema === undefined ? [] : [{ page, schema, patch }];
  });
  assert.ok(patched.length > 3, String(patched.length));
  for (const { page, schema, patch } of patched)
    for (const path of keysOf(JSON.parse(patch)))
      assert.ok(isThere(schema, path), `${page}: ${path.join('.')}`);
});
