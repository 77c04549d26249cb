// Carries what moves in the cluster and on the devices to the workers of the leader's term; others do not listen.

import type { StatusKey } from './status-key.ts';

type SignalListener = {
  /** Something moved that this object's status may show, or that lets a PanFirewall go. */
  changed(key: StatusKey): void;
  /** The watch delivered this object's status. */
  statusObserved(key: StatusKey, status: unknown): void;
};

export class Signals {
  #listener: SignalListener | undefined;

  readonly changed: SignalListener['changed'] = (key) => this.#listener?.changed(key);

  readonly statusObserved: SignalListener['statusObserved'] = (key, status) =>
    this.#listener?.statusObserved(key, status);

  /** Replaces whoever listened; undefined: nobody does. */
  listen(listener: SignalListener | undefined): void {
    this.#listener = listener;
  }
}
