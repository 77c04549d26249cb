// Effect of a failed call, and the error for an answer that cannot be trusted.
import { DeviceError } from '../../core/model/device-error.ts';

/** Whether the failed call was a user-id message, which changes the table, or one that only reads. */
export type Intent = 'read' | 'update';

/**
 * An answer that cannot be read as what was asked for; never taken for an empty one.
 * @param said the device's words in it, where it has any.
 */
export function invalidResponse(problem: string, intent: Intent, said = ''): DeviceError {
  return new DeviceError(
    'InvalidResponse',
    `the device's answer cannot be trusted: ${problem}. Check that the endpoint is a PAN-OS management interface`,
    { retry: 'backoff', applied: mayHaveApplied(intent), said: said === '' ? undefined : said },
  );
}

export function mayHaveApplied(intent: Intent): 'no' | 'unknown' {
  return intent === 'update' ? 'unknown' : 'no';
}
