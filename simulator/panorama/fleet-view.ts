// Read-only view of the firewalls behind a Panorama, for commands. Breaks the import circle between device and fleet.

import type { Ha } from '../device/ha.ts';
import type { Identity } from '../device/identity.ts';

type MemberDevice = {
  readonly identity: Identity;
  readonly vsys: readonly string[];
  readonly ha: Ha | undefined;
};

export type MemberView = {
  readonly device: MemberDevice;
  readonly serial: string;
  readonly connected: boolean;
  /** Group to the vsys of this firewall that are in it. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
};

export type FleetView = {
  /** In the order of their joining. */
  members(): readonly MemberView[];
  groupNames(): readonly string[];
  /** undefined: the group stands at the top. */
  parentOf(group: string): string | undefined;
};
