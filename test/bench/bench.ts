// What a bench is: something that measures, and says what it measured.
import { cpus } from 'node:os';

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

/** A positive number from an argument. @throws Error that names the argument */
export function readCount(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new Error(`--${name} must be a positive number, not "${text}"`);
  return value;
}

/** 'met' or 'missed' */
export function verdict(value: number, atMost: number): string {
  return value <= atMost ? 'met' : 'missed';
}
