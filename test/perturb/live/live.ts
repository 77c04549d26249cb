// The sets over a real API server, the operator as a process and simulated devices: every point of every scenario, in lanes.
import { availableParallelism } from 'node:os';
import { inParallel } from '../../harness/in-parallel.ts';
import { patchesOf } from '../mutants/mutants.ts';
import type { Frame, Outcome, Violated } from '../perturbation.ts';
import { bundleOperator } from './bundle-operator.ts';
import { type Counts, kinds } from './points.ts';
import { type Point, runPoint } from './run-point.ts';
import { scenarios } from './scenarios.ts';
import { Site } from './site.ts';

/** Points wait most of the time: for a Lease, a limit, a status. */
const lanes = availableParallelism() * 2;

/** @param isOfSet which kinds of points. */
export async function runLive(frame: Frame, isOfSet: (kind: string) => boolean): Promise<Outcome> {
  await using bundled = await bundleOperator(patchesOf(frame.mutant));
  await using stack = new AsyncDisposableStack();
  const openSite = async (): Promise<Site> => stack.use(await Site.open({ program: bundled.file }));
  const tried = new Map<string, number>();
  const violations: Violated[] = [];
  let isWhole = true;
  const run = async (site: Site, point: Point): Promise<Counts> => {
    const name = nameOf(point);
    const { counts, met, broken } = await runPoint(site, point);
    const group = `${point.scenario}.${point.kind ?? 'undisturbed'}`;
    tried.set(group, (tried.get(group) ?? 0) + (met || point.kind === undefined ? 1 : 0));
    if (broken !== undefined) violations.push({ ...broken, replay: name });
    frame.say(
      `${name}: ${broken === undefined ? (met || point.kind === undefined ? 'ok' : 'not met') : `BROKEN, ${broken.message}`}`,
    );
    return counts;
  };
  const done = (): Outcome => ({
    tried: [...tried].map(([group, count]) => `${group}: ${count} points`),
    violations,
    isWhole,
  });
  if (frame.replay !== undefined) {
    await run(await openSite(), pointOf(frame.replay));
    return done();
  }
  const chosen = Object.keys(scenarios).filter((name) => isChosen(frame.only, name));
  const first = await openSite();
  const points: Point[] = [];
  for (const scenario of chosen) {
    if (frame.isOver()) break;
    const counts = await run(first, { scenario });
    for (const [kind, { counted }] of Object.entries(kinds).filter(([kind]) => isOfSet(kind)))
      if (isChosen(frame.only, `${scenario}.${kind}`))
        for (let at = 1; at <= counts[counted]; at += 1) points.push({ scenario, kind, at });
  }
  const more = Math.max(0, Math.min(lanes, points.length) - 1);
  const others = await inParallel(Array.from({ length: more }), openSite, 1);
  frame.say(`${points.length} points in ${more + 1} lanes`);
  const rest = points.values();
  const lane = async (site: Site): Promise<void> => {
    for (const point of rest) {
      if (frame.isOver() || violations.length >= frame.mostViolations) {
        isWhole = false;
        return;
      }
      await run(site, point);
    }
  };
  await Promise.all([first, ...others].map(lane));
  return done();
}

/** 'rollout.kill.17' */
function nameOf({ scenario, kind, at }: Point): string {
  return [scenario, kind ?? [], at ?? []].flat().join('.');
}

function pointOf(name: string): Point {
  const [scenario = '', kind, at] = name.split('.');
  return kind === undefined ? { scenario } : { scenario, kind, at: Number(at) };
}

/** 'rollout' names all of its points, 'rollout.kill' those of one kind. */
function isChosen(only: readonly string[], name: string): boolean {
  return (
    only.length === 0 ||
    only.some((one) => name === one || name.startsWith(`${one}.`) || one.startsWith(`${name}.`))
  );
}
