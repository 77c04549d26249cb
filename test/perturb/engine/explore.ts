// Visits every state that can be reached by a fixed set of moves, breadth first, over the real code: a state is reached by its path.

import { setImmediate as breathe } from 'node:timers/promises';

/** One run of the thing under test, from its start. Moves throw a Violation where an invariant breaks. */
export type Walk = {
  /** The moves that are possible now, always in the same order. */
  readonly moves: () => readonly string[];
  readonly make: (move: string) => void;
  /** Equal for states from which everything goes on in the same way. */
  readonly fingerprint: () => string;
  /** Ends all faults and lets everything come to rest: throws where the end is not what it must be. The walk is over then. */
  readonly rest: () => void;
};

export class Violation extends Error {
  /** The invariant, in a few words: what a mutant is caught by. */
  readonly invariant: string;
  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.name = 'Violation';
    this.invariant = invariant;
  }
}

export type Found = { readonly path: readonly string[]; readonly violation: Violation };

export type Exploration = {
  readonly states: number;
  readonly transitions: number;
  /** All states that are so many moves from the start were visited. */
  readonly depth: number;
  /** No state is further away. */
  readonly isWhole: boolean;
  readonly found: readonly Found[];
};

export type ExploreOptions = {
  readonly start: () => Walk;
  readonly mostDepth: number;
  /** Asked between two transitions. */
  readonly isOver: () => boolean;
  /** Ends at the first so many violations. */
  readonly mostFound: number;
  readonly level?: (exploration: Exploration) => void;
};

const breathMs = 50;

/** A state, as the way to it. */
type Node = { readonly parent: Node | undefined; readonly move: string };

export async function explore(options: ExploreOptions): Promise<Exploration> {
  const { start, mostDepth, isOver, mostFound, level = () => {} } = options;
  const seen = new Set<string>();
  const found: Found[] = [];
  let frontier: (Node | undefined)[] = [undefined];
  let transitions = 0;
  let depth = 0;
  let breathedAt = performance.now();
  const told = (isWhole: boolean): Exploration => ({ states: seen.size, transitions, depth, isWhole, found });
  const atStart = violationOf(() => void seen.add(start().fingerprint()));
  if (atStart !== undefined) return { ...told(false), found: [{ path: [], violation: atStart }] };
  while (frontier.length > 0 && depth < mostDepth) {
    const next: Node[] = [];
    for (const node of frontier) {
      // Signals come between two turns.
      if (performance.now() > breathedAt + breathMs) breathedAt = await breathe(performance.now());
      for (const move of replay(start, pathOf(node)).moves()) {
        if (isOver() || found.length >= mostFound) return told(false);
        transitions += 1;
        const child = { parent: node, move };
        const violation = violationOf(() => {
          const walk = replay(start, pathOf(node));
          walk.make(move);
          const state = walk.fingerprint();
          if (seen.has(state)) return;
          seen.add(state);
          next.push(child);
          walk.rest();
        });
        if (violation !== undefined) found.push({ path: pathOf(child), violation });
      }
    }
    frontier = next;
    depth += 1;
    level(told(frontier.length === 0));
  }
  return told(frontier.length === 0);
}

/** Takes a path again; the walk is where it leads. @throws Violation */
export function replay(start: () => Walk, path: readonly string[]): Walk {
  const walk = start();
  for (const move of path) walk.make(move);
  return walk;
}

/** What breaks on a path or in the rest after it. */
export function judge(start: () => Walk, path: readonly string[]): Violation | undefined {
  return violationOf(() => replay(start, path).rest());
}

/** An error of the code under test breaks an invariant, too. */
function violationOf(act: () => void): Violation | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error;
    return new Violation('the code ends without an error', error instanceof Error ? (error.stack ?? '') : '');
  }
}

function pathOf(node: Node | undefined): string[] {
  const path: string[] = [];
  for (let at = node; at !== undefined; at = at.parent) path.unshift(at.move);
  return path;
}
