// Runs a program that a build needs, and says what is wrong in one sentence when it fails.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a build is told from outside. */
export type Context = {
  /** A line of progress. */
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
};

export type RunOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** What to do when it fails. */
  readonly hint: string;
};

/** What it printed, as bytes. Rejects when it is missing, fails, or the signal aborts. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<Buffer> {
  const { hint, env, ...rest } = options;
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      ...rest,
      env: { ...process.env, ...env },
      encoding: 'buffer',
      maxBuffer: 2 ** 30,
    });
    return stdout;
  } catch (error) {
    options.signal.throwIfAborted();
    throw new Error(`${command} ${args[0]}: ${reasonOf(error)}; ${hint}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'there is no such program here';
  const lines = 'stderr' in error ? String(error.stderr).trim().split('\n') : [];
  const line = lines.find((one) => /^E:|error|not found/i.test(one)) ?? lines.at(-1);
  return line || error.message;
}
