// What an Event says: a reason of the closed list, a sentence, and what follows from the reason.

import type { EventReason } from '../model/model.ts';

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
