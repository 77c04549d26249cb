// Finishes deleted PanFirewalls: purges where the spec says so, then removes the finalizer.

import { type Farewell, farewell, neverMet, timeLeft } from '../../core/lifecycle/farewell.ts';
import type { EventNote } from '../../core/status/event-note.ts';
import { isFinalized, objectPath, panFirewalls } from '../../kubernetes/resources/api.ts';
import type { ObjectMeta } from '../../kubernetes/resources/object.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { AskDefinition } from '../cluster/definition-watch.ts';
import type { FirewallObject } from '../cluster/firewall-objects.ts';
import { eachOf, type PatchObject, removal } from './finalizers.ts';

type FarewellsOptions = {
  readonly patch: PatchObject;
  readonly askDefinition: AskDefinition;
  /** Has the worker purge its tables, as soon as it has nothing else to do. */
  readonly purge: (object: FirewallObject) => void;
  readonly record: (meta: ObjectMeta, event: EventNote) => void;
  readonly log: Logger;
  /** ms since the epoch. */
  readonly clock: () => number;
};

type Deletion = {
  readonly seenAt: number;
  /** Whether the CRD of PanFirewalls is being deleted, or gone; undefined until the API server has told. */
  crdDeleting: boolean | undefined;
  /** The worker that was told to purge. */
  told: FirewallObject['worker'];
};

export class Farewells {
  readonly #options: FarewellsOptions;
  /** By uid. */
  readonly #deletions = new Map<string, Deletion>();

  constructor(options: FarewellsOptions) {
    this.#options = options;
  }

  /** Sees to each of them; resolves with what the API server refused, if anything. */
  async review(firewalls: readonly FirewallObject[], signal: AbortSignal): Promise<readonly unknown[]> {
    const deleting = firewalls.filter(isFinalizing);
    const uids = new Set(deleting.map(({ parsed }) => parsed.meta.uid));
    for (const uid of this.#deletions.keys()) if (!uids.has(uid)) this.#deletions.delete(uid);
    return eachOf(
      deleting,
      (object) => this.#see(object, this.#deletionOf(object.parsed.meta), signal),
      signal,
    );
  }

  #deletionOf({ uid, name }: ObjectMeta): Deletion {
    const known = this.#deletions.get(uid);
    if (known !== undefined) return known;
    const { clock, askDefinition, log } = this.#options;
    const deletion: Deletion = { seenAt: clock(), crdDeleting: undefined, told: undefined };
    this.#deletions.set(uid, deletion);
    log.info({ firewall: name }, 'PanFirewall deletion started');
    askDefinition(panFirewalls, ({ state }) => {
      deletion.crdDeleting = state !== 'stands';
    });
    return deletion;
  }

  async #see(object: FirewallObject, deletion: Deletion, signal: AbortSignal): Promise<void> {
    const words = this.#judge(object, deletion);
    if (words !== undefined) return this.#letGo(object, words, signal);
    const { worker } = object;
    // Nothing is removed before it is certain that somebody deleted this very object.
    if (deletion.crdDeleting === undefined || worker === deletion.told) return;
    deletion.told = worker;
    this.#options.purge(object);
  }

  #judge({ worker, parsed }: FirewallObject, { seenAt, crdDeleting }: Deletion): Farewell | undefined {
    const { meta, ending } = parsed;
    const timeoutSeconds = ending.purgeTimeoutSeconds;
    const now = this.#options.clock();
    const deletingSince = meta.deletingSince ?? now;
    return farewell({
      ...ending,
      crdDeleting: crdDeleting === true,
      neverMet: neverMet(worker?.view().device, parsed.status),
      outcome: worker?.purging === true ? worker.purgeOutcome : undefined,
      overdue: timeLeft({ deletingSince, seenAt, now, timeoutSeconds }) === 0,
      timeoutSeconds,
      obstacle: parsed.ok ? (worker?.obstacle ?? 'its worker has not started') : parsed.problems,
    });
  }

  async #letGo({ parsed }: FirewallObject, words: Farewell, signal: AbortSignal): Promise<void> {
    const { patch, record, log } = this.#options;
    const { meta } = parsed;
    const done = await patch(objectPath(panFirewalls, meta.name), removal(meta), signal);
    // Somebody else was faster: the watch brings the object as it is now, or its end.
    if (!done) return;
    log[words.reason === 'Purged' ? 'info' : 'warn']({ firewall: meta.name, ...words }, 'finalizer removed');
    record(meta, words);
  }
}

export function isFinalizing({ parsed: { meta } }: FirewallObject): boolean {
  return meta.deletingSince !== undefined && isFinalized(meta);
}
