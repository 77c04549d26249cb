// The boxes that are searched in full: how much may happen on one path.
import type { Scope } from './world.ts';

const nothing: Scope = { changes: 0, faults: 0, terms: 0, relists: 0, reads: 0, minutes: 0, rival: false };

/** The small ones, a few seconds each, that `npm test` searches. */
export const smallBoxes: Readonly<Record<string, Scope>> = {
  device: { ...nothing, changes: 1, faults: 1, minutes: 1 },
  'device+rival': { ...nothing, changes: 1, faults: 1, minutes: 1, rival: true },
  leader: { ...nothing, changes: 1, terms: 1 },
  view: { ...nothing, changes: 1, relists: 1, reads: 1, rival: true },
};

/** From the smallest to the largest; the last ones take hours. */
export const boxes: Readonly<Record<string, Scope>> = {
  ...smallBoxes,
  read: { ...nothing, changes: 1, faults: 1, reads: 1, minutes: 1 },
  'read+rival': { ...nothing, changes: 1, faults: 1, reads: 1, minutes: 1, rival: true },
  'leader+rival': { ...nothing, changes: 1, faults: 1, terms: 1, reads: 1, rival: true },
  'late+rival': { ...nothing, changes: 2, faults: 1, reads: 1, rival: true },
  'late-leader+rival': { ...nothing, changes: 2, terms: 1, reads: 1, rival: true },
  'view-2': { ...nothing, changes: 2, relists: 1 },
  'view+leader': { ...nothing, changes: 1, terms: 1, relists: 1, reads: 1, minutes: 1 },
  'view+rival': { ...nothing, changes: 2, relists: 1, reads: 1, rival: true },
  'changes-2': { ...nothing, changes: 2, faults: 1, reads: 1, minutes: 1 },
  'changes-2+rival': { ...nothing, changes: 2, faults: 1, reads: 1, minutes: 1, rival: true },
  'faults-2': { ...nothing, changes: 1, faults: 2, terms: 1, reads: 1, minutes: 1 },
  'faults-2+rival': { ...nothing, changes: 1, faults: 2, terms: 1, reads: 1, minutes: 1, rival: true },
  'leader-2': { ...nothing, changes: 2, faults: 1, terms: 1, reads: 1, minutes: 1 },
  'leader-2+rival': { ...nothing, changes: 2, faults: 1, terms: 1, reads: 1, minutes: 1, rival: true },
  everything: { changes: 3, faults: 2, terms: 2, relists: 1, reads: 2, minutes: 2, rival: false },
  'everything+rival': { changes: 3, faults: 2, terms: 2, relists: 1, reads: 2, minutes: 2, rival: true },
};
