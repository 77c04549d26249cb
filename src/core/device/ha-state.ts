// Meaning of a device's HA state for registrations.

/** `state` and `peerState` are the device's own words; '' when it tells none of its peer. */
export type HaState =
  | { readonly enabled: false }
  | { readonly enabled: true; readonly state: string; readonly peerState: string };

/** alone: HA is off. neither: neither active nor passive, such as initial, suspended or non-functional. */
type HaRole = 'alone' | 'active' | 'passive' | 'neither';

const active: ReadonlySet<string> = new Set([
  'active',
  'active-primary',
  'active-secondary',
  'primary-active',
  'secondary-active',
]);
const passive: ReadonlySet<string> = new Set(['passive', 'primary-passive', 'secondary-passive']);

/** The list of states is open: one that is not known is 'neither'. */
export function haRole(ha: HaState): HaRole {
  if (!ha.enabled) return 'alone';
  const state = ha.state.toLowerCase();
  if (active.has(state)) return 'active';
  return passive.has(state) ? 'passive' : 'neither';
}

/** After "it says": its own words. */
export function haWords(ha: HaState): string {
  if (!ha.enabled) return 'disabled';
  return ha.peerState === '' ? ha.state : `${ha.state}, peer ${ha.peerState}`;
}
