// Writes what is generated from the source: crds/*.yaml. With --check it writes nothing and fails on what is stale.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { customResourceDefinitions } from './custom-resource-definitions.ts';

const root = new URL('../', import.meta.url);
const generatedFolder = 'crds';
const header = '# Generated from src/kubernetes/resources by "npm run generate". Do not edit.\n';

/** Path from the repository's root -> content. */
export function generatedFiles(): Map<string, string> {
  return new Map(
    customResourceDefinitions().map(({ names, crd }) => [
      `${generatedFolder}/${names.plural}.yaml`,
      header + stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false }),
    ]),
  );
}

/** The generated files that are missing, differ from the source, or should not be there. */
export async function staleFiles(): Promise<string[]> {
  const files = generatedFiles();
  const stale: string[] = [];
  for (const [path, content] of files) {
    if ((await readFile(new URL(path, root), 'utf8').catch(() => undefined)) !== content) stale.push(path);
  }
  const present = await readdir(new URL(generatedFolder, root)).catch(() => []);
  return [
    ...stale,
    ...present.map((name) => `${generatedFolder}/${name}`).filter((path) => !files.has(path)),
  ];
}

async function write(): Promise<void> {
  const files = generatedFiles();
  await mkdir(new URL(generatedFolder, root), { recursive: true });
  for (const path of await staleFiles()) {
    const content = files.get(path);
    await (content === undefined ? rm(new URL(path, root)) : writeFile(new URL(path, root), content));
    console.log(`${content === undefined ? 'removed' : 'wrote'} ${path}`);
  }
}

async function check(): Promise<void> {
  const stale = await staleFiles();
  for (const path of stale) console.error(`${path} is stale: run "npm run generate" and commit the result`);
  if (stale.length > 0) process.exitCode = 1;
}

if (import.meta.main) await (process.argv.includes('--check') ? check() : write());
