// How far may a PanFirewall's tables be written, by its own spec? Ownership (who else claims a table) is asked apart.

export type Stance =
  /** As planned, with gate and guard. */
  | 'enforce'
  /** spec.mode Observe: the device is read and the plan is told; nothing at all is written. */
  | 'observe';

export type StanceInput = { readonly mode: 'Enforce' | 'Observe' };

export function stanceOf({ mode }: StanceInput): Stance {
  return mode === 'Observe' ? 'observe' : 'enforce';
}

export function writes(stance: Stance): boolean {
  return stance === 'enforce';
}
