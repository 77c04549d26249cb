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
      if (worker.tables.approve(plan)) return true;
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
        worker.tables.resync();
      }
      return !worker.tables.awaitsRead;
    },
  ],
  [
    adoptAnnotation,
    ({ worker, firewall, value: owner, unread, isNew, log }) => {
      const adoption = worker.tables.adopt(owner);
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

/** Of one PanFirewall. */
type Known = {
  /** annotation -> value, until acted on. */
  open: ReadonlyMap<string, string>;
  /** annotation -> value: acted on, and not yet seen to be gone. */
  readonly answered: Map<string, string>;
  /** annotation -> value: looked at, and still open. */
  readonly seen: Map<string, string>;
  /** Annotations with our prefix that mean nothing -> told. */
  strange: Map<string, boolean>;
};

export class AnnotationRequests {
  readonly #known = new Map<string, Known>();

  /** A version of the object from before our removal of an annotation asks for nothing again. */
  note(firewall: string, annotations: ReadonlyMap<string, string>): void {
    const fresh: Known = { open: new Map(), answered: new Map(), seen: new Map(), strange: new Map() };
    const known = this.#known.get(firewall) ?? fresh;
    this.#known.set(firewall, known);
    const { answered, seen, strange } = known;
    for (const [name, value] of answered) if (annotations.get(name) !== value) answered.delete(name);
    known.open = new Map([...annotations].filter(([name]) => actions.has(name) && !answered.has(name)));
    for (const name of seen.keys()) if (!known.open.has(name)) seen.delete(name);
    const names = [...annotations.keys()]
      .filter((name) => name.startsWith(`${group}/`) && !actions.has(name))
      .slice(0, mostStrange);
    known.strange = new Map(names.map((name) => [name, strange.get(name) ?? false]));
  }

  forget(firewall: string): void {
    this.#known.delete(firewall);
  }

  /** Acts on the tables that are known; a request stays open only while one that is not could be meant. */
  review({ workerOf, drop, log }: RequestReview): void {
    for (const [firewall, known] of this.#known) {
      const { open, answered, seen, strange } = known;
      const worker = open.size + strange.size === 0 ? undefined : workerOf(firewall);
      if (worker === undefined) continue;
      for (const [name, told] of strange) {
        if (!told) worker.tell(unknown(name));
        strange.set(name, true);
      }
      if (open.size === 0) continue;
      const isOpen = ({ table, awaitsJudgement }: (typeof worker.tables.all)[number]) =>
        !table.known || awaitsJudgement;
      const unread = worker.tables.mayHaveMore || worker.tables.all.some(isOpen);
      const left = new Map(open);
      for (const [annotation, value] of open) {
        const isNew = seen.get(annotation) !== value;
        seen.set(annotation, value);
        const act = actions.get(annotation);
        if (act?.({ worker, firewall, value, unread, isNew, log: log.child({ firewall }) }) === false)
          continue;
        left.delete(annotation);
        seen.delete(annotation);
        answered.set(annotation, value);
        drop(firewall, annotation, value);
      }
      known.open = left;
    }
  }
}
