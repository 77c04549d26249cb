// Whose Event a condition reason is: the policy's own doing, an outage of the device, or nobody's.

import { type ConditionReason, type OutageReason, outageReasons } from '../model/model.ts';

type Bearing = 'policy' | 'outage' | undefined;

/** An outage is what the list of Event reasons calls so. */
type Judged = {
  readonly [R in ConditionReason]: R extends OutageReason ? 'outage' : Exclude<Bearing, 'outage'>;
};

/** Complete, so that a reason that is added must be judged here. */
const bearings: Judged = {
  // A PanFirewall's own InvalidSpec is no outage: whoever edited it is looking, and the condition is Stalled.
  InvalidSpec: 'policy',
  FirewallMissing: 'policy',
  NotAdmitted: 'policy',
  SecretMissing: 'outage',
  // It has an Event of its own.
  OwnershipConflict: undefined,
  UntrustedCertificate: 'outage',
  AuthenticationFailed: 'outage',
  RoleNotAuthorized: 'outage',
  UnsupportedVersion: 'outage',
  DeviceUnavailable: 'outage',
  InvalidResponse: 'outage',
  RemovalsHeld: undefined,
  CapacityExceeded: 'policy',
  TagLimitExceeded: 'policy',
  RegistrationRejected: 'policy',
  // Tolerated: its peer takes the registrations.
  PassivePeer: undefined,
  Purging: undefined,
  Observing: undefined,
  Progressing: undefined,
  // It is Ready, and has an Event of its own.
  NoPods: undefined,
  InSync: undefined,
};

const byWord: ReadonlyMap<string, Bearing> = new Map<string, Bearing>(Object.entries(bearings));

/** The device takes nothing: one Event on the PanFirewall, and none on its policies. */
export function outageOf(reason: string): OutageReason | undefined {
  return outageReasons.find((known) => known === reason);
}

/** On a policy that is not Ready: its own doing. */
export function isOwnDoing(reason: string): boolean {
  return byWord.get(reason) === 'policy';
}
