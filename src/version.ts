// Build identity: the version from package.json, the git revision from the build or the checkout.

import { readFileSync } from 'node:fs';
import pkg from '../package.json' with { type: 'json' };

/** Set by the bundler. */
declare const PANTAG_REVISION: string | undefined;

export const version: string = pkg.version;
export const userAgent = `pan-tag-operator/${version}`;

/** The git revision, `unknown` outside a build and a checkout. */
export function revision(): string {
  if (typeof PANTAG_REVISION === 'string') return PANTAG_REVISION;
  try {
    const head = readGit('HEAD');
    return head.startsWith('ref: ') ? readGit(head.slice('ref: '.length)) : head;
  } catch {
    return 'unknown';
  }
}

function readGit(path: string): string {
  return readFileSync(new URL(`../.git/${path}`, import.meta.url), 'utf8').trim();
}
