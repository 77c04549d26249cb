// Writes dist/: the operator as one file, with source map, licences and bill of materials; --simulator adds that one.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, operator, simulator } from './bundle.ts';
import { revisionOf } from './revision.ts';

const { values } = parseArgs({
  options: { out: { type: 'string', default: 'dist' }, simulator: { type: 'boolean', default: false } },
});
await rm(values.out, { recursive: true, force: true });
await mkdir(values.out, { recursive: true });
const { revision } = await revisionOf();
for (const program of values.simulator ? [operator, simulator] : [operator]) {
  for (const [name, content] of await bundle(program, revision)) {
    await writeFile(join(values.out, name), content);
    console.log(`${join(values.out, name)}  ${(content.length / 1024 / 1024).toFixed(2)} MiB`);
  }
}
