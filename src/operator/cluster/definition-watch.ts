// Watches the installed CRDs while the operator runs: their revision, and whether one took its objects along.

import type { DefinitionLook } from '../../core/removals/crd-deletion.ts';
import type { KubeHttp } from '../../kubernetes/client/http.ts';
import { DecodeError, KubeApiError, KubeUnreachableError } from '../../kubernetes/errors/kube-errors.ts';
import {
  definitionName,
  type InstalledDefinition,
  type Kind,
  type ResourceNames,
  resources,
} from '../../kubernetes/resources/api.ts';
import type { Logger } from '../../runtime/logger.ts';
import { createWake, pause } from '../../runtime/wake.ts';
import { getDefinition, problemWith } from './definitions.ts';

type DefinitionWatchOptions = {
  readonly http: KubeHttp;
  readonly log: Logger;
  /** Told what stands in the way, in a sentence for /readyz; undefined when nothing does. */
  readonly blockedBy: (problem: string | undefined) => void;
};

/**
 * Answers by a look at the CRD of this kind that is made after the call. The answers of one look come in one turn of the
 * event loop, so that what several deletions mean is known before anything is sent.
 */
export type AskDefinition = (resource: ResourceNames, answer: (look: DefinitionLook) => void) => void;

type Question = { readonly resource: ResourceNames; readonly answer: (look: DefinitionLook) => void };

/** Each kind's definition; undefined: there is none. */
type Round = ReadonlyMap<Kind, InstalledDefinition | undefined>;

const intervalMs = 30_000;
/** While something is wrong, or no answer comes. */
const hurriedMs = 2_000;
/** Removals wait for a look that was asked for: it is given little time, and more each time that it was not enough. */
const patienceMs = { first: 5_000, longest: 30_000 };

export class DefinitionWatch {
  readonly #options: DefinitionWatchOptions;
  readonly #wake = createWake();
  #questions: Question[] = [];
  /** uids of the definitions that this process started with. */
  #originals: ReadonlyMap<Kind, string | undefined> = new Map();
  #told: string | undefined;
  #patienceMs = patienceMs.first;
  /** Ends the look that is being made for nobody. */
  #endIdleLook: () => void = () => undefined;

  constructor(options: DefinitionWatchOptions) {
    this.#options = options;
  }

  /** Takes up what stands before anything is listed. Resolves when the API server has answered. */
  async begin(signal: AbortSignal): Promise<void> {
    for (;;) {
      const round = await this.#look(signal);
      if (round !== undefined) {
        this.#originals = new Map([...round].map(([kind, found]) => [kind, found?.uid]));
        return;
      }
      await pause(hurriedMs, signal);
    }
  }

  /** However long the API server takes to be heard. */
  readonly ask: AskDefinition = (resource, answer) => {
    this.#questions.push({ resource, answer });
    this.#endIdleLook();
    this.#wake.notify();
  };

  /** Runs until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#wake.sleep(this.#told === undefined ? intervalMs : hurriedMs, signal);
        await this.#round(signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const asked = this.#questions;
    this.#questions = [];
    const round = asked.length === 0 ? await this.#idleLook(signal) : await this.#askedLook(signal);
    if (round === undefined) {
      this.#questions.unshift(...asked);
      if (asked.length === 0) return;
      await pause(hurriedMs, signal);
      return this.#wake.notify();
    }
    this.#tell(problemIn(round));
    for (const { resource, answer } of asked) {
      const { kind } = resource;
      answer(lookOf(round.get(kind), this.#originals.get(kind)));
    }
  }

  async #askedLook(signal: AbortSignal): Promise<Round | undefined> {
    const round = await this.#look(signal, this.#patienceMs);
    const { first, longest } = patienceMs;
    this.#patienceMs = round === undefined ? Math.min(2 * this.#patienceMs, longest) : first;
    return round;
  }

  /** The same, undefined also when somebody asks meanwhile: that needs a look which begins after it. */
  async #idleLook(signal: AbortSignal): Promise<Round | undefined> {
    const idle = new AbortController();
    this.#endIdleLook = () => idle.abort();
    try {
      return await this.#look(AbortSignal.any([signal, idle.signal]));
    } catch (error) {
      if (signal.aborted || !idle.signal.aborted) throw error;
      return undefined;
    } finally {
      this.#endIdleLook = () => undefined;
    }
  }

  /** undefined when the API server does not tell. */
  async #look(signal: AbortSignal, timeoutMs?: number): Promise<Round | undefined> {
    try {
      const call = timeoutMs === undefined ? { signal } : { signal, timeoutMs };
      const { http } = this.#options;
      const found = await Promise.all(resources.map((resource) => getDefinition(http, resource, call)));
      return new Map(resources.map(({ kind }, i) => [kind, found[i]]));
    } catch (error) {
      if (signal.aborted || !isOfTheServer(error)) throw error;
      this.#options.log.debug({ err: error }, 'CRD lookup failed, retrying');
      return undefined;
    }
  }

  #tell(problem: string | undefined): void {
    this.#options.blockedBy(problem);
    if (problem === this.#told) return;
    if (problem === undefined) this.#options.log.info('CRDs valid again');
    else this.#options.log.warn({ problem }, 'not ready');
    this.#told = problem;
  }
}

function problemIn(round: Round): string | undefined {
  for (const resource of resources) {
    const found = round.get(resource.kind);
    const name = definitionName(resource);
    const remedy =
      'what its objects had registered stays; apply the CRDs of this release and the objects again';
    if (found === undefined) return `the CRD ${name} is gone: ${remedy}`;
    if (found.deleting) return `the CRD ${name} is being deleted: ${remedy}`;
    const problem = problemWith(resource, found);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function lookOf(found: InstalledDefinition | undefined, original: string | undefined): DefinitionLook {
  if (found === undefined) return { state: 'gone' };
  if (found.deleting) return { state: 'deleting' };
  return { state: 'stands', createdAt: found.createdAt, original: found.uid === original };
}

function isOfTheServer(error: unknown): boolean {
  return (
    error instanceof KubeApiError || error instanceof KubeUnreachableError || error instanceof DecodeError
  );
}
