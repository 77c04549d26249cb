// Names the object whose status may have to be written anew.

/** The name of a PanFirewall, which has no slash, or the PolicyId of a policy, which has one. */
export type StatusKey = string;
