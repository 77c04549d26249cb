// What commands ask of the firewalls behind a Panorama, and no more: a device answers commands, and a fleet is made of devices.

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
