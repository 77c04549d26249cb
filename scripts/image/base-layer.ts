// The base layer: of Debian's packages what a program needs, and the users and settings that distroless images have.

import type { DebianPackage } from './packages/debian-packages.ts';
import type { ImageConfig } from './image-plan.ts';
import type { TarEntry } from './tar/tar-entry.ts';

/** What it stands in for: Debian 13's C and C++ libraries, no shell, a user that is not root. */
export const baseImage = 'gcr.io/distroless/cc-debian13:nonroot';

/** As the base image has it. */
export const baseConfig: ImageConfig = {
  User: '65532',
  WorkingDir: '/home/nonroot',
  Env: [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt',
  ],
};

export function baseEntries(packages: readonly DebianPackage[]): readonly TarEntry[] {
  const entries = new Map<string, TarEntry>();
  for (const { files } of packages) {
    for (const entry of files.filter((entry) => !isLeftOut(entry))) {
      // Packages share folders; the first one is base-files, whose modes count.
      if (entry.kind === 'folder' && entries.has(entry.path)) continue;
      entries.set(entry.path, entry);
    }
  }
  for (const entry of [...settings(), certificates(packages), ...packages.map(status)])
    entries.set(entry.path, entry);
  return [...entries.values()];
}

/** Of usr/share. */
const kept = /^usr\/share\/(?:common-licenses\/|zoneinfo\/|doc\/[^/]+$|doc\/[^/]+\/copyright$)/;

/** For debuggers, compilers, shells, administrators, and character sets of old. */
const leftOut = [
  /^boot$/,
  /^etc\/(?:skel|update-motd\.d|profile\.d|ca-certificates)(?:\/|$)/,
  /^usr\/(?:games|include|src)$/,
  /^usr\/lib\/[^/]+\/(?:gconv|audit)(?:\/|$)/,
  /^usr\/sbin\//,
  /^var\/backups$/,
];

function isLeftOut({ path, kind }: TarEntry): boolean {
  // Folders come back with what is kept in them.
  if (path.startsWith('usr/share/')) return kind === 'folder' || !kept.test(path);
  return leftOut.some((pattern) => pattern.test(path));
}

function settings(): readonly TarEntry[] {
  const folder = (path: string, mode: number, owner = 0): TarEntry => ({
    path,
    mode,
    owner,
    mtime: 0,
    kind: 'folder',
  });
  return [
    file(
      'etc/passwd',
      'root:x:0:0:root:/root:/sbin/nologin\n' +
        'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n' +
        'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
    ),
    file('etc/group', 'root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\nnonroot:x:65532:\n'),
    file(
      'etc/nsswitch.conf',
      'passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\nservices: files\n',
    ),
    folder('home', 0o755),
    folder('home/nonroot', 0o700, 65532),
    folder('root', 0o700),
  ];
}

/** All of Mozilla's roots as one file, as update-ca-certificates makes it. */
function certificates(packages: readonly DebianPackage[]): TarEntry {
  const roots = packages
    .flatMap(({ files }) => files)
    .filter(({ path }) => /^usr\/share\/ca-certificates\/mozilla\/.*\.crt$/.test(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const texts = roots.map((root) =>
    root.kind === 'file' ? Buffer.concat(root.content).toString().trimEnd() : '',
  );
  return file('etc/ssl/certs/ca-certificates.crt', `${texts.join('\n')}\n`);
}

/** Where scanners look for the packages of an image that has no dpkg. */
function status({ name, control }: DebianPackage): TarEntry {
  return file(`var/lib/dpkg/status.d/${name}`, control);
}

function file(path: string, text: string): TarEntry {
  return { path, mode: 0o644, owner: 0, mtime: 0, kind: 'file', content: [Buffer.from(text)] };
}
