// Loads the sources of the operator with their private fields open, so that whole states can be compared, and with a mutant's patch.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** One edit of a source: `from` stands in it once. */
export type Patch = { readonly file: string; readonly from: string; readonly to: string };

const root = join(import.meta.dirname, '../../..');
const rootUrl = pathToFileURL(`${root}/`).href;
/** What has state that is compared. */
const rooms = ['src/', 'test/perturb/oracle/', 'test/perturb/small-scope/'].map((room) => rootUrl + room);

/**
 * For everything of src/, and of the small scope, that is imported from here on. A private field is a public one of another name for each file, as
 * a subclass may have a field of the same name.
 */
export function openSources(patches: readonly Patch[] = []): void {
  registerHooks({
    load(url, context, next) {
      if (!rooms.some((room) => url.startsWith(room))) return next(url, context);
      const file = fileURLToPath(url);
      const source = patched(relative(root, file), readFileSync(file, 'utf8'), patches);
      const name = url.slice(rootUrl.length).replaceAll(/\W/g, '_');
      const open = source.replaceAll(/#([A-Za-z]\w*)/g, `__${name}_$1`);
      return { format: 'module-typescript', source: open, shortCircuit: true };
    },
  });
}

/** @throws Error where a patch does not fit its source. */
export function patched(file: string, source: string, patches: readonly Patch[]): string {
  return patches
    .filter((patch) => patch.file === file)
    .reduce((text, { from, to }) => {
      const parts = text.split(from);
      if (parts.length !== 2)
        throw new Error(`${file}: what a mutant replaces stands there ${parts.length - 1} times: ${from}`);
      return parts.join(to);
    }, source);
}
