// The bill of materials and the licences of a whole image: of the bundle, of Node, and of Debian's packages.

import { type Component, billOf, hashOf } from '../bill-of-materials.ts';
import type { DebianPackage } from './packages/debian-packages.ts';
import type { NodePackage } from './packages/node-package.ts';
import type { TarEntry } from './tar/tar-entry.ts';

export type ImageContent = {
  readonly program: string;
  readonly revision: string;
  /** File name -> content; what `npm run build` writes. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
  readonly node: NodePackage;
  readonly packages: readonly DebianPackage[];
};

/** CycloneDX; the same content has the same bill. */
export function imageBill({ program, revision, bundles, node, packages }: ImageContent): string {
  const bundle = JSON.parse(textOf(bundles.get(`${program}.cdx.json`))) as {
    readonly components: readonly Component[];
  };
  const components = [...bundle.components, nodeComponent(node), ...packages.map(debianComponent)];
  return billOf({ program, type: 'container', revision, components });
}

function nodeComponent({ name, version, integrity }: NodePackage): Component {
  const purl = `pkg:npm/${name}@${version}`;
  return {
    type: 'application',
    'bom-ref': purl,
    name: 'node',
    version,
    purl,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    hashes: [hashOf(integrity)],
    licenses: [{ license: { name: 'see /nodejs/LICENSE' } }],
  };
}

function debianComponent({ name, version, architecture, sha256 }: DebianPackage): Component {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-13`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: [{ license: { name: `see /usr/share/doc/${name}/copyright` } }],
  };
}

/** One text with all licences and notices, the licences that Debian's packages share at its end. */
export function imageLicences({ program, bundles, node, packages }: ImageContent): string {
  const parts = [
    textOf(bundles.get(`${program}.licences.txt`)),
    section(`Node ${node.version}`, contentOf(node.files.get('LICENSE'))),
  ];
  const files = new Map(packages.flatMap(({ files }) => files).map((entry) => [entry.path, entry]));
  const shared = new Set<string>();
  for (const { name, version } of packages) {
    const copyright = files.get(`usr/share/doc/${name}/copyright`);
    // The libraries of one source package share its notice: their folder is a link to one.
    if (copyright === undefined) continue;
    const text = contentOf(copyright);
    parts.push(section(`${name} ${version}`, text));
    for (const [, licence = ''] of text.matchAll(/\/usr\/share\/common-licenses\/([\w-]+(?:\.\d+)*)/g))
      shared.add(licence);
  }
  for (const licence of [...shared].sort()) {
    const file = files.get(`usr/share/common-licenses/${licence}`);
    // Such as GPL, of which the newest version is meant.
    const target = file?.kind === 'link' ? files.get(`usr/share/common-licenses/${file.target}`) : file;
    if (target !== undefined) parts.push(section(licence, contentOf(target)));
  }
  return parts.join('\n');
}

function section(title: string, text: string): string {
  const rule = '='.repeat(80);
  return `${rule}\n${title}\n${rule}\n\n${text.trim()}\n`;
}

function contentOf(entry: TarEntry | undefined): string {
  if (entry?.kind !== 'file') throw new Error(`no text of a licence: ${entry?.path}`);
  return Buffer.concat(entry.content).toString();
}

const textOf = (content: Uint8Array | undefined) => Buffer.from(content ?? []).toString();
