// Where a Go program of the tests is found: in a cache outside the repository, built first when it is not there.
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLock } from './build-lock.ts';
import { build, type GoProgram, labelOf, makePlan, type Report } from './go-build.ts';

export type BuildOptions = { readonly report?: Report; readonly signal?: AbortSignal };

const pollMs = 500;
const reportEveryMs = 15_000;

/**
 * The path of the program's binary, built first when no cached one fits. Safe to call from several processes at once:
 * one builds, the others wait. report hears nothing when the binary is there; its default is standard error. Rejects
 * when signal aborts, when Go is missing or the build fails.
 */
export async function ensureGoBinary(program: GoProgram, options: BuildOptions = {}): Promise<string> {
  const { report = console.error, signal } = options;
  const plan = await makePlan(program);
  let reportAt = 0;
  while (!(await exists(plan.binary))) {
    signal?.throwIfAborted();
    await mkdir(dirname(plan.binary), { recursive: true });
    const lock = await tryLock(`${plan.binary}.lock`);
    if ('release' in lock) {
      try {
        if (!(await exists(plan.binary))) await build(plan, report, signal);
      } finally {
        await lock.release();
      }
    } else {
      if (performance.now() >= reportAt) {
        report(`${labelOf(program)}: waiting for process ${lock.holder}, which is building ${plan.binary}`);
        reportAt = performance.now() + reportEveryMs;
      }
      await sleep(pollMs, undefined, signal ? { signal } : {});
    }
  }
  return plan.binary;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
