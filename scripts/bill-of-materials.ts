// The software bill of materials of a bundle or an image, in CycloneDX 1.6 JSON (https://cyclonedx.org/docs/1.6/json/).

import { createHash } from 'node:crypto';
import pkg from '../package.json' with { type: 'json' };
import type { BundledPackage } from './bundled-packages.ts';

export type Component = {
  readonly type: 'library' | 'application';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  /** By which scanners find vulnerabilities of what no package manager has. */
  readonly cpe?: string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses: readonly (
    | { readonly expression: string }
    | { readonly license: { readonly name: string } }
  )[];
};

export type Billed = {
  readonly program: string;
  readonly type: 'application' | 'container';
  readonly revision: string;
  readonly components: readonly Component[];
};

/** No time is in it, and its serial number is a hash of its content: the same components have the same bill. */
export function billOf({ program, type, revision, components }: Billed): string {
  const main = `pkg:generic/${program}@${pkg.version}`;
  const content = {
    version: 1,
    metadata: {
      component: {
        type,
        'bom-ref': main,
        name: program,
        version: pkg.version,
        licenses: [{ expression: pkg.license }],
        properties: [{ name: 'git:revision', value: revision }],
      },
    },
    components,
    // What a bundle holds has been put into it flat: who asked for what is package-lock.json's to tell.
    dependencies: [{ ref: main, dependsOn: [...new Set(components.map((one) => one['bom-ref']))] }],
  };
  const head = { bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: serialNumber(content) };
  return `${JSON.stringify({ ...head, ...content }, null, 2)}\n`;
}

export function bundledComponent({ folder, name, version, license, integrity }: BundledPackage): Component {
  const [scope, bare] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const purl = `pkg:npm/${scope === undefined ? '' : `${encodeURIComponent(scope)}/`}${bare}@${version}`;
  return {
    type: 'library',
    // Two copies of one version may stand in different folders.
    'bom-ref': `${purl}?folder=${encodeURIComponent(folder)}`,
    name,
    version,
    purl,
    hashes: [hashOf(integrity)],
    licenses: [{ expression: license }],
  };
}

/** @param integrity in the form of Subresource Integrity: 'sha512-...' */
export function hashOf(integrity: string): Component['hashes'][number] {
  const [algorithm = '', digest = ''] = integrity.split('-');
  return { alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') };
}

/** A UUID of version 8: its bits are ours to choose (RFC 9562). */
function serialNumber(content: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`];
  return `urn:uuid:${parts.join('-')}-${hash.slice(20, 32)}`;
}
