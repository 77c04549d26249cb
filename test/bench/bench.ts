// Interface of a bench: it measures, and reports what it measured.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

export type Say = (line: string) => void;

export type BenchContext = {
  /** The arguments after the bench's name. */
  readonly args: readonly string[];
  /** A line for the human who waits, on standard error. */
  readonly progress: Say;
  /** A line of the result, on standard output. */
  readonly print: Say;
  readonly signal: AbortSignal;
};

export type Bench = {
  readonly name: string;
  /** One sentence. */
  readonly measures: string;
  /** On 2 cores, with the default arguments: 'about 1 minute'. */
  readonly takes: string;
  /** Arguments with their defaults, one a line. */
  readonly usage: readonly string[];
  /** False when what was measured is not valid, such as a change that never arrived. A missed goal is a result. */
  readonly run: (context: BenchContext) => Promise<boolean>;
};

/** 'machine: 2 cores (AMD EPYC), linux x64, Node v24.21.0' */
export function describeMachine(): string {
  const all = cpus();
  const { arch, platform, version } = process;
  return `machine: ${all.length} cores (${all[0]?.model.trim() ?? 'unknown'}), ${platform} ${arch}, Node ${version}`;
}

/** The arguments cannot be understood; the message says which. */
export class UsageError extends Error {}

/** The values of --name arguments, each with its default. @throws UsageError */
export function readArguments<Name extends string>(
  args: readonly string[],
  defaults: Readonly<Record<Name, string>>,
): Readonly<Record<Name, string>> {
  const names = Object.keys(defaults) as Name[];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({ args: [...args], options });
    return { ...defaults, ...(values as Partial<Record<Name, string>>) };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** A positive whole number from an argument. @throws UsageError */
export function readCount(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new UsageError(`--${name} must be a positive whole number, not "${text}"`);
  }
  return value;
}

/** 'met' or 'missed' */
export function verdict(value: number, atMost: number): string {
  return value <= atMost ? 'met' : 'missed';
}
