// Notes of Events: a reason of the closed list, a sentence, type and action; and the condition reasons that become an Event.

import { type ConditionReason, type EventReason, type OutageReason, outageReasons } from '../model/model.ts';

export type EventNote = {
  readonly reason: EventReason;
  /** A sentence, with the next step in it where there is one. Nothing secret: whoever may list Events reads it. */
  readonly note: string;
};

/** Takes an Event about an object that the caller speaks for. Returns at once and never fails. */
export type RecordEvent = (event: EventNote) => void;

type EventKind = {
  readonly type: 'Normal' | 'Warning';
  /** What the operator was doing, one word: the API requires it. */
  readonly action: string;
};

const kinds: Readonly<Record<EventReason, EventKind>> = {
  Ready: { type: 'Normal', action: 'Register' },
  NotReady: { type: 'Warning', action: 'Register' },
  NoPods: { type: 'Warning', action: 'Select' },
  OwnershipConflict: { type: 'Warning', action: 'Yield' },
  SecretMissing: { type: 'Warning', action: 'Connect' },
  UntrustedCertificate: { type: 'Warning', action: 'Connect' },
  AuthenticationFailed: { type: 'Warning', action: 'Connect' },
  RoleNotAuthorized: { type: 'Warning', action: 'Connect' },
  UnsupportedVersion: { type: 'Warning', action: 'Connect' },
  DeviceUnavailable: { type: 'Warning', action: 'Connect' },
  InvalidResponse: { type: 'Warning', action: 'Connect' },
  Recovered: { type: 'Normal', action: 'Connect' },
  TableLost: { type: 'Warning', action: 'Restore' },
  RemovalsHeld: { type: 'Warning', action: 'Hold' },
  RemovalsReleased: { type: 'Normal', action: 'Release' },
  CredentialsReloaded: { type: 'Normal', action: 'Connect' },
  Purged: { type: 'Normal', action: 'Purge' },
  PurgeAbandoned: { type: 'Warning', action: 'Purge' },
  InvalidAnnotation: { type: 'Warning', action: 'Read' },
};

export function eventKind(reason: EventReason): EventKind {
  return kinds[reason];
}

/** The Event that a condition reason becomes: NotReady of the policy, an outage of the PanFirewall, or none. */
type EventOf = 'policy' | 'outage' | undefined;

/** An outage is what the list of Event reasons calls so. */
type Judged = {
  readonly [R in ConditionReason]: R extends OutageReason ? 'outage' : Exclude<EventOf, 'outage'>;
};

/** Complete, so that a reason that is added must be judged here. */
const eventOf: Judged = {
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

const byWord: ReadonlyMap<string, EventOf> = new Map<string, EventOf>(Object.entries(eventOf));

/** The device takes nothing: one Event on the PanFirewall, and none on its policies. */
export function outageOf(reason: string): OutageReason | undefined {
  return outageReasons.find((known) => known === reason);
}

/** On a policy that is not Ready: a failure of its own. */
export function isPolicyFailure(reason: string): boolean {
  return byWord.get(reason) === 'policy';
}
