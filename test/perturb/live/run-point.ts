// Plays a scenario from its start to its end, disturbed once, and tells what broke.
import { setTimeout as sleep } from 'node:timers/promises';
import { disturbance, kinds, type Counts } from './points.ts';
import { type Played, scenarios } from './scenarios.ts';
import { type Site, timing } from './site.ts';

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
/** What had no answer is sent again by then. */
const restlessMs = 15_000;
/** Until a surprise has come, and where the operator looks for it until it has looked. */
const surpriseMs = { twice: 2_500, late: timing.lateMessageMs + 2_000 } as const;
let points = 0;

/** Rejects only where the surroundings fail. */
export async function runPoint(site: Site, point: Point): Promise<PointResult> {
  const played = await openScenario(site, point.scenario);
  const result = await play(site, played, point);
  try {
    await played.close();
    return result;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...result, broken: result.broken ?? { invariant: 'no foreign tag is touched', message } };
  }
}

function openScenario(site: Site, scenario: string): Promise<Played> {
  const open = scenarios[scenario];
  if (open === undefined)
    throw new RangeError(`no scenario ${scenario}: ${Object.keys(scenarios).join(', ')}`);
  points += 1;
  return open(site, `${scenario}-${points}`);
}

async function play(site: Site, played: Played, { kind, at }: Point): Promise<PointResult> {
  const disturbed = kind === undefined ? undefined : kinds[kind];
  if (kind !== undefined && disturbed === undefined)
    throw new RangeError(`no kind ${kind}: ${Object.keys(kinds).join(', ')}`);
  const surprise = disturbed?.surprise;
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
    if (surprise !== undefined) {
      await sleep(surpriseMs[surprise]);
      await played.settled(surprise);
    }
    const isQuiet = await comesToRest(played.messages);
    const [first] = played.breaks(surprise !== undefined);
    if (first !== undefined)
      return result({ invariant: 'no tag leaves or comes that should not', message: first });
    if (!isQuiet)
      return result({ invariant: 'then all is quiet', message: `messages go on for ${restlessMs} ms` });
    if (site.problems.length > 0)
      return result({ invariant: 'an operator starts', message: site.problems.splice(0).join('; ') });
    return result(undefined);
  } catch (error) {
    const [first] = played.breaks(surprise !== undefined);
    const message = error instanceof Error ? error.message : String(error);
    return result({ invariant: 'every run comes to the same end', message: [message, first].join('\n  ') });
  } finally {
    await site.clear();
  }
}

async function comesToRest(messages: () => number): Promise<boolean> {
  for (const until = performance.now() + restlessMs; performance.now() < until; ) {
    const before = messages();
    await sleep(quietMs);
    if (messages() === before) return true;
  }
  return false;
}
