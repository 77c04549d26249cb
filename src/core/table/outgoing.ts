// A chosen message on its way: one call, made once, reports its outcome to table and suspects.

import type { Batch } from '../message/batch.ts';
import { type Pair, vagueHalves } from '../message/bisection.ts';
import type { RefusedPair } from '../message/refusals.ts';
import type { Attempt, Suspects } from '../message/suspects.ts';
import type { Table } from './table.ts';
import type { TableMessage } from './table-message.ts';

type Why = Pick<RefusedPair, 'message' | 'limit'>;

/** It ends once, in one of these ways; a second end throws. Times are monotonic ms. */
export type Outgoing = {
  readonly batch: Batch;
  /** It consists of suspects. */
  readonly isTrial: boolean;
  /** The device answered. Tells the pairs that it refused, and those that it confirms and is not believed to have done. */
  confirmed(answered: readonly RefusedPair[], now: number): readonly RefusedPair[];
  /** The device refused it as a whole. Tells the pairs that are set aside for it. */
  refused(why: Why, now: number): readonly RefusedPair[];
  /** The device never answered it. Tells the pairs that are set aside for it. */
  unanswered(why: Why, now: number): readonly RefusedPair[];
  /** It may have been applied, and none of its entries is to blame. */
  inconclusive(now: number): void;
  /** It certainly had no effect. */
  notSent(now: number): void;
};

/** @param begunAt suspects take no more than half of the time: so long as one message takes, others go. */
export function outgoing(
  { table, suspects }: { readonly table: Table; readonly suspects: Suspects },
  attempt: Attempt<TableMessage>,
  begunAt: number,
): Outgoing {
  const { message, isTrial } = attempt;
  const { batch } = message;
  const setAside = (pairs: readonly Pair[], why: Why, now: number): readonly RefusedPair[] => {
    const facts = { message: why.message, limit: why.limit, provisional: !suspects.hasAccepted };
    const refusedPairs = pairs.map((pair) => ({ ...pair, ...facts, spoils: true }));
    table.setAside(refusedPairs, now);
    return refusedPairs;
  };
  return {
    batch,
    isTrial,
    confirmed: (answered, now) => {
      const refusedPairs = message.confirmed(answered, now);
      attempt.passed();
      for (const half of vagueHalves(batch, answered)) suspects.add(half);
      return refusedPairs;
    },
    refused: (why, now) => {
      message.unanswered(now);
      return setAside(attempt.refused(now, now - begunAt), why, now);
    },
    unanswered: (why, now) => {
      message.unanswered(now);
      return setAside(attempt.unanswered(now, now - begunAt), why, now);
    },
    inconclusive: (now) => {
      message.unanswered(now);
      attempt.putBack();
    },
    notSent: (now) => {
      message.notSent(now);
      attempt.putBack();
    },
  };
}
