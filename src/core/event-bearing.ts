// Whose Event a condition reason is: the policy's own doing, an outage of the device, or nobody's.

import type { ConditionReason } from './model.ts';

type Bearing = 'policy' | 'outage' | undefined;

/** Complete, so that a reason that is added must be judged here. */
const bearings: Readonly<Record<ConditionReason, Bearing>> = {
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
  InSync: undefined,
};

const byWord: ReadonlyMap<string, Bearing> = new Map(Object.entries(bearings));

/** The device takes nothing: one Event on the PanFirewall, and none on its policies. */
export function isOutage(reason: string): boolean {
  return byWord.get(reason) === 'outage';
}

/** On a policy that is not Ready: its own doing. */
export function isOwnDoing(reason: string): boolean {
  return byWord.get(reason) === 'policy';
}
