// Readiness of the replica: every kind listed and its watch alive. Devices have no say in it; their state is in status.

import type { ReflectorState } from '../../kubernetes/reflector/reflector.ts';

export type Watched = { readonly name: string; readonly state: () => ReflectorState };

/** A watch that delivered nothing for this long, bookmarks included, is frozen; the reflector gives up earlier. */
const frozenMs = 110_000;

type Readiness = { readonly ready: boolean; readonly lines: readonly string[] };

/** @param now in the reflectors' clock, monotonic ms. */
export function readiness(watched: readonly Watched[], blocked: string | undefined, now: number): Readiness {
  if (blocked !== undefined || watched.length === 0) return { ready: false, lines: [blocked ?? 'starting'] };
  const lines = watched.map(({ name, state }) => `${name}: ${problem(state(), now) ?? 'ok'}`);
  return { ready: lines.every((line) => line.endsWith(': ok')), lines };
}

function problem({ synced, failing, lastActivityAt }: ReflectorState, now: number): string | undefined {
  if (failing !== undefined) return `${failing.reason}: ${failing.message}`;
  if (!synced) return 'not listed yet';
  const silent = now - lastActivityAt;
  return silent > frozenMs ? `silent for ${Math.round(silent / 1000)} s` : undefined;
}
