// Plays a scenario from its start to its end, disturbed once, and tells what broke.
import { setTimeout as sleep } from 'node:timers/promises';
import { disturbance, kinds, type Counts } from './points.ts';
import { scenarios } from './scenarios.ts';
import type { Site } from './site.ts';

export type Point = {
  readonly scenario: string;
  /** undefined: undisturbed. */
  readonly kind?: string;
  readonly at?: number;
};

export type PointResult = {
  readonly counts: Counts;
  /** The request that was meant came. */
  readonly met: boolean;
  readonly broken: { readonly invariant: string; readonly message: string } | undefined;
};

/** So long nothing more must be sent once everything is as it should be. */
const quietMs = 1_500;
const surpriseMs = 2_500;
let points = 0;

export async function runPoint(site: Site, { scenario, kind, at }: Point): Promise<PointResult> {
  const open = scenarios[scenario];
  const disturbed = kind === undefined ? undefined : kinds[kind];
  if (open === undefined || (kind !== undefined && disturbed === undefined))
    throw new RangeError(
      `no point ${scenario}.${kind}: ${Object.keys(scenarios).join(', ')}; ${Object.keys(kinds).join(', ')}`,
    );
  points += 1;
  const played = await open(site, `${scenario}-${points}`);
  const state = disturbance(site, disturbed, at);
  site.disturb = state.disturb;
  const result = (broken: PointResult['broken']): PointResult => ({
    counts: { ...state.counts },
    met: state.met,
    broken,
  });
  try {
    await site.startOperator();
    await played.play();
    if (disturbed?.surprises === true) await sleep(surpriseMs);
    await played.settled(disturbed?.surprises === true);
    const before = played.messages();
    await sleep(quietMs);
    const more = played.messages() - before;
    const [first] = played.breaks(disturbed?.surprises === true);
    if (first !== undefined)
      return result({ invariant: 'no tag leaves or comes that should not', message: first });
    if (more > 0) return result({ invariant: 'then all is quiet', message: `${more} messages more` });
    if (site.problems.length > 0)
      return result({ invariant: 'an operator starts', message: site.problems.splice(0).join('; ') });
    return result(undefined);
  } catch (error) {
    const [first] = played.breaks(disturbed?.surprises === true);
    const message = error instanceof Error ? error.message : String(error);
    return result({ invariant: 'every run comes to the same end', message: [message, first].join('\n  ') });
  } finally {
    await site.clear();
    await played.close();
  }
}
