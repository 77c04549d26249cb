// Programs as they ship: one bundled file each, without types to strip or modules to find at run time.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin, stop } from 'esbuild';

export type Bundles = {
  /** The file that a program's source became; throws for one that was not given. */
  readonly fileOf: (source: string) => string;
} & AsyncDisposable;

const root = join(import.meta.dirname, '../..');

/**
 * Bundles TypeScript programs, paths from the repository's root, with the settings of scripts/build.ts.
 * @param plugins what of the sources is other than it stands there.
 */
export async function bundle(sources: readonly string[], plugins: readonly Plugin[] = []): Promise<Bundles> {
  const directory = await mkdtemp(join(tmpdir(), 'pantag-bundle-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  const fileOf = (source: string): string => {
    if (!sources.includes(source)) throw new Error(`${source} was not bundled`);
    return join(directory, source.replace(/\.ts$/, '.mjs'));
  };
  try {
    await build({
      absWorkingDir: root,
      entryPoints: [...sources],
      outbase: '.',
      outdir: directory,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      plugins: [...plugins],
      platform: 'node',
      target: 'node22',
      format: 'esm',
      banner: {
        js:
          "import { createRequire as createRequireOfBundle } from 'node:module';\n" +
          'const require = createRequireOfBundle(import.meta.url);',
      },
    });
  } catch (error) {
    await remove();
    throw error;
  } finally {
    await stop();
  }
  return { fileOf, [Symbol.asyncDispose]: remove };
}
