// What learning all Pods costs a process, and the line of JSON in which it says so.

export type Cost = {
  readonly pods: number;
  /** From the first request until the last Pod is there. */
  readonly seconds: number;
  /** User and system time of the same span. */
  readonly cpuSeconds: number;
  /** The process's resident set at its largest, from its start. */
  readonly peakMiB: number;
};

/** Starts the clock; what it returns stops it. */
export function startCost(): (pods: number) => Cost {
  const begun = performance.now();
  const cpuBefore = process.cpuUsage();
  return (pods) => {
    const seconds = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    const peakMiB = process.resourceUsage().maxRSS / 1024;
    return { pods, seconds, cpuSeconds: (user + system) / 1e6, peakMiB };
  };
}
