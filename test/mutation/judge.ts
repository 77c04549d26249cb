// A thread that runs tests against mutants; it is started anew when a mutant has run away with it.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Task, Verdict } from './worker.ts';

/** Mutated modules are never unloaded: after so many the thread makes room. */
const mostTasks = 200;
const heapMb = 1024;
/** Between two looks at what a run has cost, ms. */
const lookMs = 50;

export class Judge {
  readonly #root: string;
  #worker: Worker | undefined;
  #tasks = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * What ended the run: a test, the limit, a lack of memory; undefined when nothing noticed.
   * @param limitMs of processor time, which does not depend on what else the machine does.
   */
  async failureOf(task: Task, limitMs: number): Promise<string | undefined> {
    if (this.#tasks++ % mostTasks === 0) await this.close();
    const over = new AbortController();
    try {
      const worker = (this.#worker ??= await this.#start());
      const answer = once(worker, 'message', { signal: over.signal });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(task);
      return await Promise.race([
        answer.then(([verdict]: Verdict[]) => verdict?.failure),
        overspent(worker, limitMs, over.signal),
      ]);
    } catch (error) {
      await this.close();
      return String(error);
    } finally {
      over.abort();
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      workerData: { root: this.#root },
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    await once(worker, 'online');
    return worker;
  }
}

/** Fails once the thread has used more than this. */
async function overspent(worker: Worker, limitMs: number, signal: AbortSignal): Promise<never> {
  const before = await worker.cpuUsage();
  for (;;) {
    await sleep(lookMs, undefined, { signal });
    const { user, system } = await worker.cpuUsage(before);
    if ((user + system) / 1000 > limitMs) throw new Error('the tests would not end');
  }
}
