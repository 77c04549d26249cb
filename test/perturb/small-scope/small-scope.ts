// The set `small-scope`: every interleaving within each box, over the real core.
import { explore, type Found, judge } from '../engine/explore.ts';
import { openSources } from '../engine/open-source.ts';
import { patchesOf } from '../mutants/mutants.ts';
import type { Frame, Outcome, Violated } from '../perturbation.ts';
import { boxes } from './boxes.ts';
import type { Scope } from './world.ts';

const mostDepth = 60;

export async function runSmallScope(frame: Frame): Promise<Outcome> {
  openSources(patchesOf(frame.mutant));
  const { TinyWorld } = await import('./world.ts');
  const startOf = (scope: Scope) => () => new TinyWorld(scope);
  if (frame.replay !== undefined) {
    const [box = '', text = ''] = frame.replay.split(':');
    const scope = boxes[box];
    if (scope === undefined) throw new RangeError(`no box ${box}: ${Object.keys(boxes).join(', ')}`);
    const path = pathOf(text);
    const violation = judge(startOf(scope), path);
    const violations = violation === undefined ? [] : [violated(box, { path, violation })];
    return { tried: [`${box}: one path of ${path.length} moves`], violations, isWhole: true };
  }
  const tried: string[] = [];
  const violations: Violated[] = [];
  let isWhole = true;
  for (const [box, scope] of Object.entries(boxes)) {
    if (frame.only.length > 0 && !frame.only.includes(box)) continue;
    if (frame.isOver() || violations.length >= frame.mostViolations) {
      tried.push(`${box}: not begun`);
      isWhole = false;
      continue;
    }
    const result = await explore({
      start: startOf(scope),
      mostDepth,
      isOver: frame.isOver,
      mostFound: frame.mostViolations - violations.length,
      level: ({ depth, states, transitions, found }) =>
        frame.say(
          `${box}: depth ${depth}, ${states} states, ${transitions} moves, ${found.length} violations`,
        ),
    });
    violations.push(...result.found.map((found) => violated(box, found)));
    isWhole &&= result.isWhole;
    const end = result.isWhole ? 'all of them' : `whole to depth ${result.depth}`;
    tried.push(`${box}: ${result.states} states, ${result.transitions} moves, ${end}`);
  }
  return { tried, violations, isWhole };
}

function violated(box: string, { path, violation }: Found): Violated {
  const { invariant, message } = violation;
  return { invariant, message, replay: `${box}:${textOf(path)}` };
}

/** 'pod0_ends,leader_sees_pod' */
function textOf(path: readonly string[]): string {
  return path.map((move) => move.replaceAll(' ', '_')).join(',');
}

function pathOf(text: string): string[] {
  return text === '' ? [] : text.split(',').map((move) => move.replaceAll('_', ' '));
}
