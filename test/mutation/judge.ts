// A thread that runs tests against mutants; it is started anew when a mutant has run away with it.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Task, Verdict } from './worker.ts';

/** Mutated modules are never unloaded: after so many the thread makes room. */
const mostTasks = 200;
const heapMb = 1024;

export class Judge {
  readonly #root: string;
  #worker: Worker | undefined;
  #tasks = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** What ended the run: a test, the time limit, a lack of memory; undefined when nothing noticed. */
  async failureOf(task: Task, limitMs: number): Promise<string | undefined> {
    if (this.#tasks++ % mostTasks === 0) await this.close();
    const worker = (this.#worker ??= this.#start());
    const over = new AbortController();
    const { signal } = over;
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(task);
      return await Promise.race([
        once(worker, 'message', { signal }).then(([verdict]: Verdict[]) => verdict?.failure),
        sleep(limitMs, 'the time limit', { signal }),
      ]).then(async (failure) => {
        if (failure === 'the time limit') await this.close();
        return failure;
      });
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

  #start(): Worker {
    const resourceLimits = { maxOldGenerationSizeMb: heapMb };
    return new Worker(new URL('./worker.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      workerData: { root: this.#root },
      resourceLimits,
    });
  }
}
