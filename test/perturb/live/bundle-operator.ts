// The operator as one file, with a mutant's patch.
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { bundle } from '../../harness/bundle.ts';
import { patched, type Patch } from '../engine/open-source.ts';

const root = join(import.meta.dirname, '../../..');
const source = 'src/main.ts';

export async function bundleOperator(
  patches: readonly Patch[],
): Promise<{ readonly file: string } & AsyncDisposable> {
  const bundles = await bundle(
    [source],
    [
      {
        name: 'mutant',
        setup(build) {
          build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
            const file = relative(root, path);
            if (!patches.some((patch) => patch.file === file)) return undefined;
            return { contents: patched(file, await readFile(path, 'utf8'), patches), loader: 'ts' };
          });
        },
      },
    ],
  );
  return { file: bundles.fileOf(source), [Symbol.asyncDispose]: () => bundles[Symbol.asyncDispose]() };
}
