// Messages of a table for tests that look at batches: the next one, and its end.

import type { Batch, BatchLimits } from '../../../src/core/message/batch.ts';
import type { RefusedPair } from '../../../src/core/message/refusals.ts';
import type { Table } from '../../../src/core/table/table.ts';
import type { TableMessage } from '../../../src/core/table/table-message.ts';

const onTheirWay = new WeakMap<Batch, TableMessage>();

export function nextBatch(table: Table | undefined, limits: BatchLimits, now: number): Batch | undefined {
  const message = table?.next(limits, now);
  if (message !== undefined) onTheirWay.set(message.batch, message);
  return message?.batch;
}

export function confirmBatch(
  batch: Batch,
  answered: readonly RefusedPair[],
  now: number,
): readonly RefusedPair[] {
  return messageOf(batch).confirmed(answered, now);
}

export function leaveUnanswered(batch: Batch, now: number): void {
  messageOf(batch).unanswered(now);
}

export function withdrawBatch(batch: Batch, now: number): void {
  messageOf(batch).notSent(now);
}

function messageOf(batch: Batch): TableMessage {
  const message = onTheirWay.get(batch);
  if (message === undefined) throw new Error('no message of nextBatch');
  return message;
}
