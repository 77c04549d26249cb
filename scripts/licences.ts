// The licences and notices of what is bundled, as their terms ask for when copies are passed on.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundledPackage } from './bundled-packages.ts';

const licenceFile = /^(?:licen[cs]e|copying|notice)/i;
const rule = '='.repeat(80);

export async function licenceTexts(root: string, packages: readonly BundledPackage[]): Promise<string> {
  const parts = await Promise.all(
    packages.map(async ({ folder, name, version, license }) => {
      const texts = await textsIn(join(root, folder));
      // Some packages ship no text of their own; then their name for it has to do.
      const content =
        texts.length > 0 ? texts.join('\n\n') : `Licence: ${license} (the package holds no text)`;
      return `${rule}\n${name} ${version} (${license})\n${rule}\n\n${content}\n`;
    }),
  );
  return parts.join('\n');
}

async function textsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && licenceFile.test(entry.name));
  const names = files.map(({ name }) => name).sort();
  return Promise.all(names.map(async (name) => (await readFile(join(folder, name), 'utf8')).trim()));
}
