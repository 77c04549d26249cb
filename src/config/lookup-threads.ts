// Counts the threads with which libuv looks host names up.

const [defaultSize, largestSize] = [4, 1024] as const;

/**
 * @param poolSize UV_THREADPOOL_SIZE, read as libuv reads it: digits at the start count, and 0 is 1.
 * Half of the threads, rounded up, take lookups (uv__slow_work_thread_threshold in libuv's threadpool.c).
 */
export function lookupThreads(poolSize: string | undefined): number {
  if (poolSize === undefined) return Math.ceil(defaultSize / 2);
  const size = Number.parseInt(poolSize, 10) || 1;
  return Math.ceil(Math.min(size < 1 ? largestSize : size, largestSize) / 2);
}
