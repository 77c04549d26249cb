// Keys of the objects whose status may have changed.

/** The name of a PanFirewall, which has no slash, or the PolicyId of a policy, which has one. */
export type StatusKey = string;

export function isPolicyKey(key: StatusKey): boolean {
  return key.includes('/');
}
