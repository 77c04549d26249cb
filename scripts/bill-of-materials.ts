// The software bill of materials of a bundle, in CycloneDX 1.6 JSON (https://cyclonedx.org/docs/1.6/json/).

import { createHash } from 'node:crypto';
import pkg from '../package.json' with { type: 'json' };
import type { BundledPackage } from './bundled-packages.ts';

/** No time is in it, and its serial number is a hash of its content: the same bundle has the same bill. */
export function billOfMaterials(
  program: string,
  revision: string,
  packages: readonly BundledPackage[],
): string {
  const main = `pkg:generic/${program}@${pkg.version}`;
  const components = packages.map(component);
  const content = {
    version: 1,
    metadata: {
      component: {
        type: 'application',
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

function component({ folder, name, version, license, integrity }: BundledPackage) {
  const [algorithm = '', digest = ''] = integrity.split('-');
  const [scope, bare] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const purl = `pkg:npm/${scope === undefined ? '' : `${encodeURIComponent(scope)}/`}${bare}@${version}`;
  return {
    type: 'library',
    // Two copies of one version may stand in different folders.
    'bom-ref': `${purl}?folder=${encodeURIComponent(folder)}`,
    name,
    version,
    purl,
    hashes: [
      { alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') },
    ],
    licenses: [{ expression: license }],
  };
}

/** A UUID of version 8: its bits are ours to choose (RFC 9562). */
function serialNumber(content: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`];
  return `urn:uuid:${parts.join('-')}-${hash.slice(20, 32)}`;
}
