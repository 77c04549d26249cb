// One builder at a time among processes that want the same file: a lock file that a dead holder cannot keep.
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';

// A holder touches its lock this often; a lock that was not touched for staleMs belongs to nobody.
const touchMs = 5_000;
const staleMs = 30_000;

export type Lock = { release(): Promise<void> };

/**
 * Takes the lock, or says which process has it (the pid in the file). The lock only saves work: two processes may
 * take over a stale one at the same moment, and then both build, which is slow but right, since the result appears
 * by rename.
 */
export async function tryLock(file: string): Promise<Lock | { readonly holder: string }> {
  for (;;) {
    try {
      await writeFile(file, `${process.pid}\n`, { flag: 'wx' });
      return hold(file);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    const holder = await findHolder(file);
    if (holder !== undefined) return { holder };
    await rm(file, { force: true });
  }
}

function hold(file: string): Lock {
  const touch = (): void => void utimes(file, new Date(), new Date()).catch(() => undefined);
  const timer = setInterval(touch, touchMs).unref();
  return {
    async release() {
      clearInterval(timer);
      await rm(file, { force: true });
    },
  };
}

/** The pid of a holder that is alive; undefined when the lock is stale or gone. */
async function findHolder(file: string): Promise<string | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    if (Date.now() - mtimeMs > staleMs) return undefined;
    const pid = Number.parseInt(text, 10);
    if (Number.isNaN(pid)) return '(just begun)';
    return isAlive(pid) ? String(pid) : undefined;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
