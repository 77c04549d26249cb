// Passes on what moves in the cluster and on the devices to whoever leads; others do not listen.

import type { StatusKey } from './status-key.ts';

type ChangeListener = {
  /** Something moved that this object's status may show, or that lets a PanFirewall go. */
  changed(key: StatusKey): void;
  /** The watch delivered this object's status. */
  statusObserved(key: StatusKey, status: unknown): void;
};

export class ChangeRelay {
  #listener: ChangeListener | undefined;

  readonly changed: ChangeListener['changed'] = (key) => this.#listener?.changed(key);

  readonly statusObserved: ChangeListener['statusObserved'] = (key, status) =>
    this.#listener?.statusObserved(key, status);

  /** Replaces whoever listened; undefined: nobody does. */
  listen(listener: ChangeListener | undefined): void {
    this.#listener = listener;
  }
}
