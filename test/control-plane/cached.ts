// Something that is built once and kept outside the repository: built by one process while the others wait.
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLock } from './build-lock.ts';

export type Report = (line: string) => void;

export type BuildOptions = { readonly report?: Report; readonly signal?: AbortSignal };

export type Cached = {
  /** A file or directory whose name carries the key of everything that decides its content. */
  readonly path: string;
  /** In front of each progress line. */
  readonly label: string;
  /** Makes the path, whole or not at all. */
  readonly build: (report: Report, signal: AbortSignal | undefined) => Promise<void>;
};

const pollMs = 500;
const reportEveryMs = 15_000;

/**
 * Resolves when the path is there, built first when it is not. Safe to call from several processes at once. report
 * hears nothing when it is there; its default is standard error. Rejects when signal aborts or the build fails.
 */
export async function ensureCached(
  { path, label, build }: Cached,
  options: BuildOptions = {},
): Promise<void> {
  const { report = console.error, signal } = options;
  let reportAt = 0;
  while (!(await exists(path))) {
    signal?.throwIfAborted();
    await mkdir(dirname(path), { recursive: true });
    const lock = await tryLock(`${path}.lock`);
    if ('release' in lock) {
      try {
        if (!(await exists(path))) await build(report, signal);
      } finally {
        await lock.release();
      }
    } else {
      if (performance.now() >= reportAt) {
        report(`${label}: waiting for process ${lock.holder}, which is building ${path}`);
        reportAt = performance.now() + reportEveryMs;
      }
      await sleep(pollMs, undefined, signal ? { signal } : {});
    }
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
