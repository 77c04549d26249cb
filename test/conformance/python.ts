// Python clients from PyPI: installed once into a cache outside the repository, pinned by version and hash.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureCached } from '../control-plane/cached.ts';
import { startStranger, type Stranger } from './stranger.ts';

const run = promisify(execFile);
const sources = join(import.meta.dirname, 'python');
const installLimitMs = 300_000;

/** Python's version, as `Python 3.11.7`; undefined where there is no Python with pip. */
async function findPython(): Promise<string | undefined> {
  try {
    await run('python3', ['-m', 'pip', '--version']);
    return (await run('python3', ['--version'])).stdout.trim();
  } catch {
    return undefined;
  }
}

const version = await findPython();

/** Why the tests of Python clients cannot run here; undefined where they can. */
export const noPython = version === undefined ? 'there is no python3 with pip' : false;

/**
 * Installs what a requirements file pins (python/<name>.txt), unless it is in the cache; without the network then.
 * Returns the directory to put on PYTHONPATH.
 */
async function ensurePackages(name: string): Promise<string> {
  const requirements = join(sources, `${name}.txt`);
  const parts = [await readFile(requirements, 'utf8'), version ?? ''];
  const key = createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const path = join(cache, 'pan-tag-operator', `${name}-${key}`);
  const build = async (report: (line: string) => void): Promise<void> => {
    report(`${name}: installing from PyPI into ${path}; this happens once`);
    const unfinished = `${path}.${process.pid}`;
    const flags = ['--quiet', '--no-deps', '--require-hashes', '--only-binary', ':all:'];
    const target = ['--disable-pip-version-check', '--target', unfinished];
    try {
      const command = ['-m', 'pip', 'install', ...flags, ...target, '-r', requirements];
      await run('python3', command, { timeout: installLimitMs });
      await rename(unfinished, path);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  };
  await ensureCached({ path, label: name, build });
  return path;
}

/** Starts python/<driver>.py with the packages of python/<name>.txt. */
export async function startPython(name: string): Promise<Stranger> {
  const packages = await ensurePackages(name);
  return startStranger({
    command: 'python3',
    args: ['-B', join(sources, `${name.replaceAll('-', '_')}.py`)],
    env: { ...process.env, PYTHONPATH: packages },
  });
}
