// Runs programs from an image's files as a container would: chroot, read-only, as the image's user, without a runtime.

import { execFile, execFileSync } from 'node:child_process';
import { chmod, copyFile, lchown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ReadImage } from './read-archive.ts';

export type Root = {
  /** What the program printed. Rejects when it fails. */
  readonly run: (...command: readonly string[]) => Promise<string>;
} & AsyncDisposable;

const here = process.arch === 'x64' ? 'amd64' : process.arch;
const emulators: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

/** Why an image of that architecture cannot run here; false where it can. */
export function noRoot(architecture: string): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux may chroot';
  if (architecture === here || emulatorFor(architecture) !== undefined) return false;
  return `this machine runs ${here}, and there is no qemu-user-static`;
}

function emulatorFor(architecture: string): string | undefined {
  try {
    const command = `command -v qemu-${emulators[architecture]}-static`;
    return execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

const runLimitMs = 120_000;

/** In namespaces of its own, so that what is mounted ends with the program. */
export async function openRoot({ files, config }: ReadImage, architecture: string): Promise<Root> {
  const directory = await mkdtemp(join(tmpdir(), 'pantag-root-'));
  await chmod(directory, 0o755);
  for (const [path, entry] of files) {
    const target = join(directory, path);
    if (entry.kind === 'folder') await mkdir(target, { recursive: true });
    else if (entry.kind === 'link') await symlink(entry.target, target);
    else await writeFile(target, entry.content);
    await lchown(target, entry.owner, entry.owner);
    if (entry.kind !== 'link') await chmod(target, entry.mode);
  }
  const emulator = architecture === here ? undefined : emulatorFor(architecture);
  if (emulator !== undefined) await copyFile(emulator, join(directory, 'emulator'));
  const script = [
    'set -e',
    'mount --bind "$1" "$1"',
    'mount -t proc proc "$1/proc"',
    'mount -o remount,bind,ro "$1"',
    'cd "$1"; shift',
    'exec chroot --userspec=65532:65532 --groups= . "$@"',
  ].join('\n');
  const env = Object.fromEntries(config.Env.map((pair) => pair.split('=', 2)));
  return {
    async run(...command) {
      const words = emulator === undefined ? command : ['/emulator', ...command];
      const args = [
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        '/bin/sh',
        '-c',
        script,
        'sh',
        directory,
        ...words,
      ];
      return (await promisify(execFile)('unshare', args, { env: { ...env }, timeout: runLimitMs })).stdout;
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
