// The one file for the image, its source map, and what they owe to others: licences and a bill of materials.

import { build } from 'esbuild';
import { billOf, bundledComponent } from './bill-of-materials.ts';
import { bundledPackages } from './bundled-packages.ts';
import { licenceTexts } from './licences.ts';

export type Program = {
  /** Path of the source from the repository's root: 'src/main.ts'. */
  readonly source: string;
  /** Of the file that it becomes, without an ending: 'pan-tag-operator'. */
  readonly name: string;
};

export const operator: Program = { source: 'src/main.ts', name: 'pan-tag-operator' };
export const simulator: Program = { source: 'simulator/main.ts', name: 'pan-os-simulator' };

const root = new URL('../', import.meta.url).pathname;

/**
 * File name -> content. The same sources and lock file give the same bytes: no time, no path of this machine is in it.
 * @param revision the git revision that the program says it is
 */
export async function bundle({ source, name }: Program, revision: string): Promise<Map<string, Uint8Array>> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { [name]: source },
    outdir: 'dist',
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    // node_modules may be a link, as in a git worktree that shares them.
    preserveSymlinks: true,
    sourcemap: 'linked',
    metafile: true,
    define: { PANTAG_REVISION: JSON.stringify(revision) },
    // Some dependencies are CommonJS and require() Node's own modules.
    banner: {
      js: [
        '#!/usr/bin/env node',
        "import { createRequire as createRequireOfBundle } from 'node:module';",
        'const require = createRequireOfBundle(import.meta.url);',
      ].join('\n'),
    },
  });
  // What was read, but left out as unused, is not passed on.
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const bundled = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  const packages = await bundledPackages(root, bundled);
  const components = packages.map(bundledComponent);
  const bill = billOf({ program: name, type: 'application', revision, components });
  const text = new TextEncoder();
  return new Map([
    ...outputFiles.map(({ path, contents }) => [path.slice(path.lastIndexOf('/') + 1), contents] as const),
    [`${name}.licences.txt`, text.encode(await licenceTexts(root, packages))],
    [`${name}.cdx.json`, text.encode(bill)],
  ]);
}
