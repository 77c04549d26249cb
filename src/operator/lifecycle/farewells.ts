// Finishes deleted PanFirewalls: purges where the spec says so, then removes the finalizer.

import { type Farewell, farewell, timeLeft } from '../../core/lifecycle/farewell.ts';
import type { EventNote } from '../../core/status/event-note.ts';
import { isFinalized, objectPath, panFirewalls } from '../../kubernetes/resources/api.ts';
import type { ObjectMeta } from '../../kubernetes/resources/object.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { AskDefinition } from '../cluster/definition-watch.ts';
import type { FirewallObject } from '../cluster/firewall-objects.ts';
import { neverMet } from '../firewall/recalled-view.ts';
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

type Guest = {
  readonly seenAt: number;
  /** Whether the CRD of PanFirewalls is being deleted, or gone; undefined until the API server has told. */
  definitionLeaving: boolean | undefined;
  /** The worker that was told to purge. */
  told: FirewallObject['worker'];
};

export class Farewells {
  readonly #options: FarewellsOptions;
  /** By uid. */
  readonly #guests = new Map<string, Guest>();

  constructor(options: FarewellsOptions) {
    this.#options = options;
  }

  /** Sees to each of them; resolves with what the API server refused, if anything. */
  async review(firewalls: readonly FirewallObject[], signal: AbortSignal): Promise<readonly unknown[]> {
    const leaving = firewalls.filter(isLeaving);
    const uids = new Set(leaving.map(({ parsed }) => parsed.meta.uid));
    for (const uid of this.#guests.keys()) if (!uids.has(uid)) this.#guests.delete(uid);
    return eachOf(leaving, (object) => this.#see(object, this.#welcome(object.parsed.meta), signal), signal);
  }

  #welcome({ uid, name }: ObjectMeta): Guest {
    const known = this.#guests.get(uid);
    if (known !== undefined) return known;
    const { clock, askDefinition, log } = this.#options;
    const guest: Guest = { seenAt: clock(), definitionLeaving: undefined, told: undefined };
    this.#guests.set(uid, guest);
    log.info({ firewall: name }, 'PanFirewall deletion started');
    askDefinition(panFirewalls, ({ state }) => {
      guest.definitionLeaving = state !== 'stands';
    });
    return guest;
  }

  async #see(object: FirewallObject, guest: Guest, signal: AbortSignal): Promise<void> {
    const words = this.#judge(object, guest);
    if (words !== undefined) return this.#letGo(object, words, signal);
    const { worker } = object;
    // Nothing is removed before it is certain that somebody deleted this very object.
    if (guest.definitionLeaving === undefined || worker === guest.told) return;
    guest.told = worker;
    this.#options.purge(object);
  }

  #judge({ worker, parsed }: FirewallObject, { seenAt, definitionLeaving }: Guest): Farewell | undefined {
    const { meta, ending } = parsed;
    const timeoutSeconds = ending.purgeTimeoutSeconds;
    const now = this.#options.clock();
    const deletingSince = meta.deletingSince ?? now;
    return farewell({
      ...ending,
      definitionLeaving: definitionLeaving === true,
      neverMet: neverMet(worker?.view(), parsed.status),
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

export function isLeaving({ parsed: { meta } }: FirewallObject): boolean {
  return meta.deletingSince !== undefined && isFinalized(meta);
}
