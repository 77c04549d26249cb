// Converts moments of this process's monotonic clock to the timestamps of a status, and back.

/** Monotonic ms -> RFC 3339, in whole seconds; what is told and read back comes out the same. */
export function wallClock(monotonicMs: number): string {
  const ms = Math.round(performance.timeOrigin + monotonicMs);
  return wholeSeconds(Math.ceil(ms / 1000) * 1000);
}

/** ms since the epoch -> RFC 3339, cut to whole seconds. */
export function wholeSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** RFC 3339 -> monotonic ms; undefined for what is no time. */
export function monotonicTime(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms - performance.timeOrigin;
}
