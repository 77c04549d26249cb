// Chooses the timeout of a table's registrations, from the spec and what its device can do.

import { featuresOf } from '../device/pan-os-version.ts';
import { type WriteMode, writes } from '../rights/write-mode.ts';
import type { TimeoutSettings } from './timeout-grant.ts';

type TimeoutSettingsInput = {
  readonly settings: { readonly registrationTimeoutSeconds: number };
  /** Who writes nothing gives no timeouts. */
  readonly writeMode: WriteMode;
  /** Of the device that holds the table; undefined: it has not said yet. */
  readonly swVersion: string | undefined;
};

export function timeoutSettings({ settings, writeMode, swVersion }: TimeoutSettingsInput): TimeoutSettings {
  const timeoutSeconds = writes(writeMode) ? settings.registrationTimeoutSeconds : 0;
  if (swVersion === undefined || featuresOf(swVersion).timeouts)
    return { timeoutSeconds, obstacle: undefined };
  const message =
    `spec.registrationTimeoutSeconds needs PAN-OS 9.0 and the device has ${swVersion}: upgrade it, or set the field to 0; ` +
    'until then tags are registered without a timeout';
  return { timeoutSeconds, obstacle: { reason: 'InvalidSpec', message } };
}
