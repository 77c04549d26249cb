// What an administrator asks of a PanFirewall by annotation: to release held removals, to read its tables
// now, or to take another owner's place.

import { adoptAnnotation, approveRemovalsAnnotation, resyncAnnotation } from '../kubernetes/resources/api.ts';
import type { Logger } from '../runtime/logger.ts';
import type { FirewallWorker } from './firewall-worker.ts';

/** Acts on the request with this value. False while it is not done. */
type Action = (worker: FirewallWorker, value: string, log: Logger) => boolean;

const actions: ReadonlyMap<string, Action> = new Map([
  [
    approveRemovalsAnnotation,
    (worker, plan, log) => {
      if (!worker.approve(plan)) log.warn({ plan }, 'approval of a plan that is not held');
      return true;
    },
  ],
  [
    resyncAnnotation,
    (worker, _, log) => {
      log.info('full read asked for');
      worker.resync();
      return true;
    },
  ],
  [
    adoptAnnotation,
    (worker, owner, log) => {
      const adoption = worker.adopt(owner);
      if (adoption === 'unknown owner')
        log.warn({ owner }, 'adoption of an owner that has marked none of the tables');
      return adoption !== 'pending';
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
  /** firewall -> annotation -> value: acted on, and not yet seen to be gone. */
  readonly #answered = new Map<string, Map<string, string>>();

  /** A version of the object from before our removal of an annotation asks for nothing again. */
  note(firewall: string, annotations: ReadonlyMap<string, string>): void {
    const answered = this.#answeredOf(firewall);
    for (const [name, value] of answered) if (annotations.get(name) !== value) answered.delete(name);
    const asked = new Map([...annotations].filter(([name]) => actions.has(name) && !answered.has(name)));
    if (asked.size === 0) this.#open.delete(firewall);
    else this.#open.set(firewall, asked);
  }

  forget(firewall: string): void {
    this.#open.delete(firewall);
    this.#answered.delete(firewall);
  }

  #answeredOf(firewall: string): Map<string, string> {
    const answered = this.#answered.get(firewall) ?? new Map<string, string>();
    this.#answered.set(firewall, answered);
    return answered;
  }

  /** Acts on what can be acted on: what is held, for one, is only known once the tables have been read. */
  review({ workerOf, drop, log }: RequestReview): void {
    for (const [firewall, asked] of this.#open) {
      const worker = workerOf(firewall);
      if (worker === undefined || !worker.workers.every(({ table }) => table.known)) continue;
      const left = new Map(asked);
      this.#open.set(firewall, left);
      for (const [annotation, value] of asked) {
        if (actions.get(annotation)?.(worker, value, log.child({ firewall })) === false) continue;
        left.delete(annotation);
        this.#answeredOf(firewall).set(annotation, value);
        drop(firewall, annotation, value);
      }
      if (left.size === 0) this.#open.delete(firewall);
    }
  }
}
