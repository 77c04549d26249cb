// Builds the test control plane once and keeps it outside the repository; `node test/control-plane/build.ts`.
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLock } from './build-lock.ts';
import { build, makePlan, type Report } from './go-build.ts';

type BuildOptions = { readonly report?: Report; readonly signal?: AbortSignal };

const pollMs = 500;
const reportEveryMs = 15_000;

/**
 * The path of the control plane's binary, built first when no cached one fits (about 4 minutes from nothing on
 * 2 cores). Safe to call from several processes at once: one builds, the others wait. report hears nothing when the
 * binary is there; its default is standard error. Rejects when signal aborts, when Go is missing or the build fails.
 */
export async function ensureControlPlaneBinary(options: BuildOptions = {}): Promise<string> {
  const { report = console.error, signal } = options;
  const plan = await makePlan();
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
        report(`control plane: waiting for process ${lock.holder}, which is building ${plan.binary}`);
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

async function main(): Promise<void> {
  const given = ['PANTAG_TEST_KUBECONFIG', 'KUBEBUILDER_ASSETS'].find((name) => process.env[name]);
  if (given !== undefined) return console.log(`control plane: ${given} is set, nothing to build`);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)));
  let built = false;
  const report = (line: string): void => {
    built = true;
    console.log(line);
  };
  try {
    await ensureControlPlaneBinary({ report, signal: stop.signal });
    if (!built) console.log('control plane: cached');
  } catch (error) {
    console.error(`control plane: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = stop.signal.aborted ? 130 : 1;
  }
}

if (process.argv[1] === import.meta.filename) await main();
