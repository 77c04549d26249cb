// Keeps the finalizer on the PanFirewalls that need it and off the others.

import type { JsonPatch } from '../../kubernetes/client/http.ts';
import { isFinalized, objectPath, panFirewalls, purgeFinalizer } from '../../kubernetes/resources/api.ts';
import type { ParsedFirewall } from '../../kubernetes/resources/parse.ts';
import type { Logger } from '../../runtime/logger.ts';

type Meta = ParsedFirewall['meta'];

/** One that is being deleted is not touched, nor one of which nothing is known. */
export function isSettled({ meta, ending }: ParsedFirewall): boolean {
  const { deletionPolicy } = ending;
  if (meta.deletingSince !== undefined || deletionPolicy === undefined) return true;
  return isFinalized(meta) === (deletionPolicy === 'Purge');
}

/** False when the object is gone, or has changed where the patch tests it; rejects as KubeHttp does, or when we do not lead. */
export type PatchObject = (path: string, patch: JsonPatch, signal: AbortSignal) => Promise<boolean>;

type FinalizersOptions = { readonly patch: PatchObject; readonly log: Logger };

export class Finalizers {
  readonly #options: FinalizersOptions;
  /** Versions of objects that were patched: the watch brings what came of it. */
  readonly #done = new Map<string, string>();

  constructor(options: FinalizersOptions) {
    this.#options = options;
  }

  /** Changes those that differ; resolves with what the API server refused, if anything. */
  async review(firewalls: Iterable<ParsedFirewall>, signal: AbortSignal): Promise<readonly unknown[]> {
    return eachOf(firewalls, (firewall) => this.#settle(firewall, signal), signal);
  }

  async #settle(firewall: ParsedFirewall, signal: AbortSignal): Promise<void> {
    const { meta } = firewall;
    if (isSettled(firewall)) this.#done.delete(meta.name);
    else if (this.#done.get(meta.name) !== meta.resourceVersion) await this.#change(meta, signal);
  }

  async #change(meta: Meta, signal: AbortSignal): Promise<void> {
    const { patch, log } = this.#options;
    const present = !isFinalized(meta);
    const change = present ? addition(meta) : removal(meta);
    const done = await patch(objectPath(panFirewalls, meta.name), change, signal);
    // Where somebody else was faster, the watch brings the object as it is now.
    this.#done.set(meta.name, meta.resourceVersion);
    if (done) log.info({ firewall: meta.name, present }, 'finalizer changed');
  }
}

/** One after the other; a failure keeps none of the others from its turn. Resolves with the failures. */
export async function eachOf<T>(
  all: Iterable<T>,
  act: (one: T) => Promise<void>,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  for (const one of all) {
    await act(one).catch((error: unknown) => failures.push(error));
    signal.throwIfAborted();
  }
  return failures;
}

/** Each patch names the very object and the place that it changes: with any edit in between it fails, and is made anew. */
function addition({ uid, resourceVersion, finalizers }: Meta) {
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    finalizers.length === 0
      ? { op: 'add', path: '/metadata/finalizers', value: [purgeFinalizer] }
      : { op: 'add', path: '/metadata/finalizers/-', value: purgeFinalizer },
  ];
}

export function removal({ uid, finalizers }: Meta) {
  const at = `/metadata/finalizers/${finalizers.indexOf(purgeFinalizer)}`;
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: at, value: purgeFinalizer },
    { op: 'remove', path: at },
  ];
}
