// Checks with a list of one object that the API server is as recent as we are, and still lets us read.

import { KubeApiError } from '../errors/kube-errors.ts';
import type { Logger } from './reflector-options.ts';
import type { ResourceReader } from './resource-reader.ts';

type PositionCheckOptions = Pick<ResourceReader<unknown>, 'http' | 'resource'> & {
  readonly log: Logger;
};

/** Together with a reflector's inactivityMs, how long a half-open connection can go unnoticed: less than two minutes. */
const timeoutMs = 15_000;

export class PositionCheck {
  readonly #options: PositionCheckOptions;
  #listGranted = true;

  constructor(options: PositionCheckOptions) {
    this.#options = options;
  }

  /** False when the last `before` was refused the verb list: what is not granted cannot be asked again and again. */
  get listGranted(): boolean {
    return this.#listGranted;
  }

  /**
   * For a watch that is to go on from `position`; rejects when it may not. A plain watch from a resourceVersion of the
   * future is accepted and silent until the server's own versions have caught up; then it goes on as if nothing had
   * been. That happens when etcd is restored from a backup, and everything that the restore took back would be lost.
   * A list that must be NotOlderThan is refused instead ("too large resource version"). A restore that catches up
   * before we reconnect is left to startAnew, and to the audit.
   * @returns whether the server has answered for the position.
   */
  async before(position: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.ask(position, signal);
      this.#listGranted = true;
    } catch (error) {
      // WatchList needs no right to list; without it we go on unchecked rather than not at all.
      if (!(error instanceof KubeApiError) || error.status !== 403) throw error;
      this.#listGranted = false;
      this.#options.log.warn({ detail: error.message }, 'list permission missing');
    }
    return this.#listGranted;
  }

  /** Rejects as KubeHttp's requests do. */
  async ask(position: string, signal: AbortSignal): Promise<void> {
    const { http, resource } = this.#options;
    const at = { resourceVersion: position, resourceVersionMatch: 'NotOlderThan', limit: 1 };
    await http.request({ path: resource.path, query: { ...resource.query, ...at }, timeoutMs, signal });
  }
}
