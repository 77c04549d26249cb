// Writes what is generated from the source. With --check it writes nothing and fails on what is stale.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { chartFiles } from './chart-files.ts';
import { pictureFiles } from './demo-picture.ts';
import { customResourceDefinitionFiles } from './custom-resource-definition-files.ts';
import { referenceFiles, referenceFolder } from './reference.ts';

const root = new URL('../', import.meta.url);
/** Nothing but generated files is in them. */
const generatedFolders = [
  'crds',
  'helm/pan-tag-operator/generated',
  'helm/pan-tag-operator/templates/crds',
  referenceFolder,
];

/** Path from the repository's root -> content. */
export function generatedFiles(): Map<string, string> {
  return new Map([
    ...customResourceDefinitionFiles(),
    ...referenceFiles(),
    ...chartFiles((path) => content(path) ?? ''),
    ...pictureFiles((path) => content(path) ?? ''),
  ]);
}

/** The generated files that are missing, differ from the source, or should not be there. */
export function staleFiles(): string[] {
  const files = generatedFiles();
  const stale = [...files].filter(([path, text]) => content(path) !== text).map(([path]) => path);
  return [...stale, ...generatedFolders.flatMap(listed).filter((path) => !files.has(path))];
}

function listed(folder: string): string[] {
  try {
    return readdirSync(new URL(folder, root)).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

function content(path: string): string | undefined {
  try {
    return readFileSync(new URL(path, root), 'utf8');
  } catch {
    return undefined;
  }
}

function write(): void {
  const files = generatedFiles();
  for (const path of staleFiles()) {
    const url = new URL(path, root);
    const text = files.get(path);
    mkdirSync(dirname(url.pathname), { recursive: true });
    if (text === undefined) rmSync(url);
    else writeFileSync(url, text);
    console.log(`${text === undefined ? 'removed' : 'wrote'} ${path}`);
  }
}

function check(): void {
  const stale = staleFiles();
  for (const path of stale) console.error(`${path} is stale: run "npm run generate" and commit the result`);
  if (stale.length > 0) process.exitCode = 1;
}

if (import.meta.main) (process.argv.includes('--check') ? check : write)();
