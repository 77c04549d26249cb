// The Debian packages of the node, fetched once and kept outside the repository; the machine itself gets none installed.
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, ensureCached, type Report } from '../control-plane/cached.ts';

const run = promisify(execFile);

/** With the libraries that a small Debian lacks. */
const packages = `
  containerd runc libseccomp2 containernetworking-plugins
  iptables libip4tc2 libip6tc2 libxtables12 libnftnl11 libmnl0
  conntrack libnetfilter-conntrack3 libnfnetlink0 ipset libipset13
  iproute2 libbpf1 libelf1 libbsd0 libmd0
`
  .trim()
  .split(/\s+/);

/** What update-alternatives would make. */
const alternatives = ['iptables', 'ip6tables'].flatMap((name) =>
  ['', '-save', '-restore'].map((end) => name + end),
);

/**
 * A directory to lay over /usr, with containerd, runc, the CNI plugins, iptables and conntrack in it. Rejects with what
 * apt-get says when a package cannot be fetched.
 */
export async function ensurePackages(options: BuildOptions = {}): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const key = createHash('sha256')
    .update([release, process.arch, ...packages].join('\0'))
    .digest('hex');
  const path = join(cache, 'pan-tag-operator', `node-packages-${key.slice(0, 16)}`);
  await ensureCached({ path, label: 'node packages', build: (report) => fetchInto(path, report) }, options);
  return path;
}

async function fetchInto(path: string, report: Report): Promise<void> {
  report(`node packages: fetching ${packages.length} packages of Debian into ${path}; this happens once`);
  const work = `${path}.${process.pid}`;
  const root = join(work, 'root');
  await mkdir(root, { recursive: true });
  try {
    await download(work, report);
    for (const name of await readdir(work))
      if (name.endsWith('.deb')) await run('dpkg-deb', ['--extract', join(work, name), root]);
    const usr = join(root, 'usr');
    for (const name of ['bin', 'sbin', 'lib'])
      await cp(join(root, name), join(usr, name), { recursive: true, verbatimSymlinks: true }).catch(
        ignoreMissing,
      );
    for (const name of alternatives) await symlink('xtables-nft-multi', join(usr, 'sbin', name));
    await rename(usr, path);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A machine whose lists of packages are empty or old gets them first. */
async function download(cwd: string, report: Report): Promise<void> {
  const args = ['--quiet', '--option', 'APT::Sandbox::User=root', 'download', ...packages];
  try {
    await run('apt-get', args, { cwd });
  } catch {
    report('node packages: not to be had as they are listed here; running apt-get update');
    await run('apt-get', ['--quiet', 'update']);
    await run('apt-get', args, { cwd });
  }
}

function ignoreMissing(error: Error): void {
  if (!('code' in error && error.code === 'ENOENT')) throw error;
}
