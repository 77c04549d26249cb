// One message of a table on its way: chosen from what is to be done, and taken up once when its fate is known.

import { type Batch, type BatchLimits, type BatchItem, wishesOf } from '../message/batch.ts';
import { isVague } from '../message/bisection.ts';
import type { RefusedPair } from '../message/refusals.ts';
import { composeBatch, type Portion } from './composition.ts';
import type { TableState } from './table-state.ts';

/** It ends once, in one of these ways; until then there is no other. A second end throws. */
export type TableMessage = {
  readonly batch: Batch;
  /**
   * The device answered: all pairs are as sent but for those it refused, and those of which it said so before and
   * readings said otherwise. Tells both. Where it names an address only and not which of several tags it refuses, they
   * stay to be sent.
   */
  confirmed(answered: readonly RefusedPair[], now: number): readonly RefusedPair[];
  /** No trustworthy answer: the message may have been applied, or not. */
  unanswered(now: number): void;
  /** It certainly had no effect. */
  notSent(now: number): void;
};

/** The next message; undefined when there is nothing to send, or one is on its way. */
export function nextTableMessage(
  state: TableState,
  frame: { readonly limits: BatchLimits; readonly portion: Portion; readonly now: number },
): TableMessage | undefined {
  const { mirror, inFlight, refusals, timeouts, judging } = state;
  const { now } = frame;
  if (!mirror.known || inFlight.isBusy) return undefined;
  const agenda = state.current;
  for (const address of refusals.takeDue(now)) state.assess(address, now);
  state.takeTurns(now);
  const isDue = judging.isDue(now, agenda.hasToJudge);
  const judged = isDue ? agenda.judgeGuarded(mirror.owned, now) : [];
  for (const address of judged) state.assess(address, now);
  const { batch, inPart } = composeBatch({ mirror, agenda, timeouts }, frame);
  if (batch.length === 0) return undefined;
  timeouts.sent(now);
  inFlight.begin(batch, inPart);
  return messageOf(state, batch);
}

function messageOf(state: TableState, batch: Batch): TableMessage {
  const { belief, mirror, refusals, agenda, timeouts, inFlight, late } = state;
  let isOnItsWay = true;
  const end = (): void => {
    if (!isOnItsWay) throw new Error('a message ends once');
    isOnItsWay = false;
  };
  const land = (now: number, outcome: (item: BatchItem, changed: boolean) => void): void => {
    const landingOf = inFlight.end(now);
    for (const item of batch) {
      const { changed, since } = landingOf(item);
      outcome(item, changed);
      state.assess(item.address, since);
    }
  };
  return {
    batch,
    confirmed: (answered, now) => {
      end();
      refusals.accepted(now);
      const refusedPairs = belief.refusedIn(batch, answered);
      const refused = Map.groupBy(refusedPairs, ({ address }) => address);
      state.lastConfirmedAt = now;
      land(now, (item, changed) => {
        const { address } = item;
        const here = refused.get(address) ?? [];
        mirror.applied(item, here);
        // A refusal speaks of the input that was sent; where that has changed, the next message tells.
        const clear = here.filter((one) => !changed && !isVague(one, item));
        refusals.answered(address, wishesOf(item), clear, now);
        agenda.backlog.delete(address);
      });
      timeouts.answered(batch, now);
      return refusedPairs;
    },
    unanswered: (now) => {
      end();
      late.add(batch.map(({ address }) => address));
      land(now, (item) => mirror.doubtful(item));
    },
    notSent: (now) => {
      end();
      land(now, () => {});
    },
  };
}
