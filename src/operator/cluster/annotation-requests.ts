// Requests on a PanFirewall by annotation: approve held removals, read its tables
// now, or adopt another owner's tags.

import type { EventNote } from '../../core/status/event-note.ts';
import { nearest, quoted } from '../../core/syntax/wording.ts';
import {
  adoptAnnotation,
  approveRemovalsAnnotation,
  group,
  resyncAnnotation,
} from '../../kubernetes/resources/api.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { FirewallWorker } from '../firewall/firewall-worker.ts';

type Request = {
  readonly firewall: string;
  readonly worker: FirewallWorker;
  readonly value: string;
  /** There are tables that have not been read, or judged since: what is asked for may be about one of those. */
  readonly unread: boolean;
  /** The first time that this request is looked at. */
  readonly isNew: boolean;
  readonly log: Logger;
};

/** Acts on the tables that are known. False while the request has to stay. */
type Action = (request: Request) => boolean;

const actions: ReadonlyMap<string, Action> = new Map([
  [
    approveRemovalsAnnotation,
    ({ worker, firewall, value: plan, unread, isNew, log }) => {
      if (worker.approve(plan)) return true;
      if (!unread) {
        log.warn({ plan }, 'approval ignored, plan not held');
        const look = `kubectl get panfw ${firewall} -o jsonpath='{.status.tables[*].held}'`;
        worker.tell(
          invalid(
            `no table holds a plan ${quoted(plan)}, so nothing was released; look at the plans: ${look}`,
          ),
        );
      }
      if (unread && isNew) log.info({ plan }, 'approval pending until tables are read');
      return !unread;
    },
  ],
  [
    resyncAnnotation,
    ({ worker, isNew, log }) => {
      if (isNew) {
        log.info('full read requested');
        worker.resync();
      }
      return !worker.awaitsRead;
    },
  ],
  [
    adoptAnnotation,
    ({ worker, firewall, value: owner, unread, isNew, log }) => {
      const adoption = worker.adopt(owner);
      if (adoption !== 'unknown owner') return adoption === 'done';
      if (!unread) {
        log.warn({ owner }, 'adoption ignored, owner has marked no table');
        const look = `kubectl get panfw ${firewall} -o jsonpath='{.status.tables[*].message}'`;
        worker.tell(
          invalid(
            `no table is marked by an owner ${quoted(owner)}, so nothing was adopted; look at the owners: ${look}`,
          ),
        );
      }
      if (unread && isNew) log.info({ owner }, 'adoption pending until tables are read');
      return !unread;
    },
  ],
]);

/** So many of an object are told. */
const mostStrange = 5;

/** An annotation that cannot be acted on. */
function invalid(note: string): EventNote {
  return { reason: 'InvalidAnnotation', note };
}

function unknown(name: string): EventNote {
  const known = [approveRemovalsAnnotation, resyncAnnotation, adoptAnnotation] as const;
  return invalid(
    `unknown annotation ${quoted(name)} on a PanFirewall; did you mean ${nearest(name, known)}?`,
  );
}

type RequestReview = {
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

  /** firewall -> annotation -> value: looked at, and still open. */
  readonly #seen = new Map<string, Map<string, string>>();

  /** firewall -> annotations with our prefix that mean nothing -> told. */
  readonly #strange = new Map<string, Map<string, boolean>>();

  /** A version of the object from before our removal of an annotation asks for nothing again. */
  note(firewall: string, annotations: ReadonlyMap<string, string>): void {
    const answered = this.#answeredOf(firewall);
    for (const [name, value] of answered) if (annotations.get(name) !== value) answered.delete(name);
    const asked = new Map([...annotations].filter(([name]) => actions.has(name) && !answered.has(name)));
    this.#noteStrange(firewall, annotations);
    const seen = this.#seen.get(firewall);
    for (const name of seen?.keys() ?? []) if (!asked.has(name)) seen?.delete(name);
    if (asked.size === 0) this.#open.delete(firewall);
    else this.#open.set(firewall, asked);
  }

  #noteStrange(firewall: string, annotations: ReadonlyMap<string, string>): void {
    const told = this.#strange.get(firewall);
    const names = [...annotations.keys()]
      .filter((name) => name.startsWith(`${group}/`) && !actions.has(name))
      .slice(0, mostStrange);
    if (names.length === 0) this.#strange.delete(firewall);
    else this.#strange.set(firewall, new Map(names.map((name) => [name, told?.get(name) ?? false])));
  }

  forget(firewall: string): void {
    this.#strange.delete(firewall);
    this.#open.delete(firewall);
    this.#seen.delete(firewall);
    this.#answered.delete(firewall);
  }

  #answeredOf(firewall: string): Map<string, string> {
    const answered = this.#answered.get(firewall) ?? new Map<string, string>();
    this.#answered.set(firewall, answered);
    return answered;
  }

  /** Acts on the tables that are known; a request stays open only while one that is not could be meant. */
  review({ workerOf, drop, log }: RequestReview): void {
    for (const [firewall, names] of this.#strange) {
      const worker = workerOf(firewall);
      if (worker === undefined) continue;
      for (const [name, told] of names) if (!told) worker.tell(unknown(name));
      for (const name of names.keys()) names.set(name, true);
    }
    for (const [firewall, asked] of this.#open) {
      const worker = workerOf(firewall);
      if (worker === undefined) continue;
      const isOpen = ({ table, awaitsJudgement }: (typeof worker.workers)[number]) =>
        !table.known || awaitsJudgement;
      const unread = worker.mayHaveMore || worker.workers.some(isOpen);
      const left = new Map(asked);
      for (const [annotation, value] of asked) {
        const isNew = this.#isNew(firewall, annotation, value);
        const act = actions.get(annotation);
        if (act?.({ worker, firewall, value, unread, isNew, log: log.child({ firewall }) }) === false)
          continue;
        left.delete(annotation);
        this.#seen.get(firewall)?.delete(annotation);
        this.#answeredOf(firewall).set(annotation, value);
        drop(firewall, annotation, value);
      }
      if (left.size === 0) this.#open.delete(firewall);
      else this.#open.set(firewall, left);
    }
  }

  #isNew(firewall: string, annotation: string, value: string): boolean {
    const seen = this.#seen.get(firewall) ?? new Map<string, string>();
    this.#seen.set(firewall, seen);
    const isNew = seen.get(annotation) !== value;
    seen.set(annotation, value);
    return isNew;
  }
}
