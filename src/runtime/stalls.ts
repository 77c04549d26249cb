// Measures how long the event loop is blocked, in seconds of its own: no scrape begins a measurement anew.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** How often Node looks whether the loop turns. What it measures includes it. */
const resolutionMs = 10;
const intervalMs = 1000;

/** Goes on as long as the process has other things to do. */
export function observeStalls({ eventLoopStall }: Pick<Metrics, 'eventLoopStall'>): void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const measure = (): void => {
    eventLoopStall.observe(Math.max(0, delay.max / 1e9 - resolutionMs / 1000));
    delay.reset();
  };
  const timer = setInterval(measure, intervalMs);
  timer.unref();
}
