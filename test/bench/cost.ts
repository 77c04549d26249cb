// Cost of learning all Pods for a process, and the line of JSON that reports it.
import { readPeakMiB } from './process-usage.ts';

export type Cost = {
  readonly pods: number;
  /** From the first request until the last Pod is there. */
  readonly seconds: number;
  /** User and system time of the same span. */
  readonly cpuSeconds: number;
  /** The process's resident set at its largest, from its start. */
  readonly peakMiB: number;
  /** By how much learning raised that: without what the process needs in any case. */
  readonly grownMiB: number;
  /** Of the stream, where they were counted. */
  readonly bytes?: number;
};

/** Starts the clock; what it returns stops it. */
export function startCost(): (pods: number) => Cost {
  const peakBefore = readPeakMiB(process.pid);
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  return (pods) => {
    const seconds = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    const peak = readPeakMiB(process.pid);
    return { pods, seconds, cpuSeconds: (user + system) / 1e6, peakMiB: peak, grownMiB: peak - peakBefore };
  };
}
