// One file for the image: dist/pan-tag-operator.js, with a source map beside it.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD']).catch(() => ({
  stdout: 'unknown',
}));

const { metafile } = await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/pan-tag-operator.js',
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  sourcemap: 'linked',
  metafile: true,
  define: { PANTAG_REVISION: JSON.stringify(stdout.trim()) },
  // Some dependencies are CommonJS and require() Node's own modules.
  banner: {
    js: [
      '#!/usr/bin/env node',
      "import { createRequire as createRequireOfBundle } from 'node:module';",
      'const require = createRequireOfBundle(import.meta.url);',
    ].join('\n'),
  },
});

const bytes = metafile.outputs['dist/pan-tag-operator.js']?.bytes ?? 0;
console.log(`dist/pan-tag-operator.js  ${(bytes / 1024 / 1024).toFixed(1)} MiB`);
