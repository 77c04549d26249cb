// Writes dist/: the operator as one file, with source map, licences and bill of materials; --simulator adds that one.

import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { bundle, operator, simulator } from './bundle.ts';

/** Of the checkout; an image's build has none and is told by PANTAG_BUILD_REVISION. */
async function revision(): Promise<string> {
  const given = process.env['PANTAG_BUILD_REVISION'];
  if (given) return given;
  const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD']).catch(() => ({
    stdout: 'unknown',
  }));
  return stdout.trim();
}

const { values } = parseArgs({
  options: { out: { type: 'string', default: 'dist' }, simulator: { type: 'boolean', default: false } },
});
await rm(values.out, { recursive: true, force: true });
await mkdir(values.out, { recursive: true });
for (const program of values.simulator ? [operator, simulator] : [operator]) {
  for (const [name, content] of await bundle(program, await revision())) {
    await writeFile(join(values.out, name), content);
    console.log(`${join(values.out, name)}  ${(content.length / 1024 / 1024).toFixed(2)} MiB`);
  }
}
