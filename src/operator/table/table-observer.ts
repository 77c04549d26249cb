// Interface between a table worker and the operator: what it asks, and what it reports.

import type { DeviceError } from '../../core/model/device-error.ts';
import type { Batch } from '../../core/message/batch.ts';
import type { RecordEvent } from '../../core/status/event-note.ts';
import type { ConditionReason, PolicyId } from '../../core/model/model.ts';
import type { RefusedPair } from '../../core/message/refusals.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import type { Scope } from '../../core/model/policy-scope.ts';

/** What the whole operator knows, as far as removals depend on it. */
export type ClusterKnowledge = {
  /** Every kind that decides tags has been listed in full since this process started. */
  readonly synced: boolean;
  /** A kind that decides tags and whose list is being read again, or applied; undefined: none. */
  readonly relisting?: string | undefined;
  /** A policy that cannot be relied on and could own tags of this scope. Absent: there is none. */
  readonly unreadableOwner?: (scope: Scope) => PolicyId | undefined;
  /** Monotonic ms: by then nothing more is expected of what is being applied. Absent: nothing is. */
  readonly judgeFrom?: number;
  /** The number of the burst that this is about. */
  readonly burst?: number;
};

export type TableObserver = {
  /** Something moved that status or metrics show. */
  changed(): void;
  confirmed(batch: Batch, refusedPairs: readonly RefusedPair[], now: number): void;
  unanswered(batch: Batch): void;
  /** A message was refused as a whole. */
  refused(reason: ConditionReason): void;
  failed(failure: DeviceError): void;
  /** An Event about the PanFirewall. */
  readonly record: RecordEvent;
  /** Our mark was there and is gone: the table was emptied, or somebody took the mark away. */
  lost(ref: TableRef): void;
};

/** For whoever reports in another way. */
export const silentObserver: TableObserver = {
  changed: () => {},
  confirmed: () => {},
  unanswered: () => {},
  refused: () => {},
  failed: () => {},
  record: () => {},
  lost: () => {},
};
