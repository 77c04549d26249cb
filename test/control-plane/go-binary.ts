// Finds a Go program of the tests in a cache outside the repository, and builds it when it is missing.
import { type BuildOptions, ensureCached } from './cached.ts';
import { build, type GoProgram, labelOf, makePlan } from './go-build.ts';

export type { BuildOptions } from './cached.ts';

/**
 * The path of the program's binary, built first when no cached one fits. Safe to call from several processes at once:
 * one builds, the others wait. report hears nothing when the binary is there; its default is standard error. Rejects
 * when signal aborts, when Go is missing or the build fails.
 */
export async function ensureGoBinary(program: GoProgram, options: BuildOptions = {}): Promise<string> {
  const plan = await makePlan(program);
  await ensureCached(
    {
      path: plan.binary,
      label: labelOf(program),
      build: (report, signal) => build(plan, report, signal),
    },
    options,
  );
  return plan.binary;
}
