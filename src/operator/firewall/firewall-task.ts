// The port of what a PanFirewall's worker does with its devices while we lead; keeping its tables is the first such task.

import type { Finding } from '../../core/model/finding.ts';
import type { PurgeOutcome } from '../../core/lifecycle/farewell.ts';
import type { Term } from '../leadership/term.ts';

export type FirewallTask = {
  /** Only from here on anything is sent to a device. */
  lead(term: Term): void;
  /** Calls in flight end first. */
  standBy(): Promise<void>;
  /** The spec was edited, and names the same endpoint. */
  configure(): Promise<void>;
  /** The status was written anew, by us or by whoever leads. */
  statusChanged(): void;
  /** The spec names another endpoint: ends what goes on at the old one, waits for `reconnect`, and begins without memory. */
  startAfresh(reconnect: () => Promise<void>): Promise<void>;
  /** The endpoint has said who it is: for the first time, or it is another one than before. */
  met(isAnother: boolean): void;
  /** Credentials, trust or settings changed: what failed may work now. */
  retryNow(): void;
  /** From here on what is ours is taken off the devices, once each call in flight has ended. */
  purge(): Promise<void>;
  readonly purging: boolean;
  /** What became of the purge; undefined while it goes on. */
  readonly purgeOutcome: PurgeOutcome | undefined;
  /** What keeps the purge from being completed. */
  readonly obstacle: string;
  /** What keeps the task as a whole from working; undefined when nothing does. */
  readonly finding: Finding | undefined;
};
