// What an administrator asks of a PanFirewall by annotation: to release held removals, or to read its tables now.

import { approveRemovalsAnnotation, resyncAnnotation } from '../kubernetes/resources/api.ts';
import type { Logger } from '../runtime/logger.ts';
import type { FirewallWorker } from './firewall-worker.ts';

/** Acts on the request with this value. */
type Action = (worker: FirewallWorker, value: string, log: Logger) => void;

const actions: ReadonlyMap<string, Action> = new Map([
  [
    approveRemovalsAnnotation,
    (worker, plan, log) => {
      if (!worker.approve(plan)) log.warn({ plan }, 'approval of a plan that is not held');
    },
  ],
  [
    resyncAnnotation,
    (worker, _, log) => {
      log.info('full read asked for');
      worker.resync();
    },
  ],
]);

export type RequestReview = {
  readonly workerOf: (firewall: string) => FirewallWorker | undefined;
  /** Takes an annotation that has been acted on off the object. */
  readonly drop: (firewall: string, annotation: string, value: string) => void;
  readonly log: Logger;
};

export class AnnotationRequests {
  /** firewall -> annotation -> value, until acted on. */
  readonly #open = new Map<string, ReadonlyMap<string, string>>();

  note(firewall: string, annotations: ReadonlyMap<string, string>): void {
    const asked = new Map([...annotations].filter(([name]) => actions.has(name)));
    if (asked.size === 0) this.#open.delete(firewall);
    else this.#open.set(firewall, asked);
  }

  forget(firewall: string): void {
    this.#open.delete(firewall);
  }

  /** Acts on what can be acted on: what is held, for one, is only known once the tables have been read. */
  review({ workerOf, drop, log }: RequestReview): void {
    for (const [firewall, asked] of this.#open) {
      const worker = workerOf(firewall);
      if (worker === undefined || !worker.workers.every(({ table }) => table.known)) continue;
      this.#open.delete(firewall);
      for (const [annotation, value] of asked) {
        actions.get(annotation)?.(worker, value, log.child({ firewall }));
        drop(firewall, annotation, value);
      }
    }
  }
}
