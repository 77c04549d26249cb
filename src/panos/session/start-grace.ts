// Remembers when a device was out of reach: for some minutes after a start it refuses valid credentials.
import { DeviceError } from '../../core/model/device-error.ts';

/** How long after it was last out of reach a device may still be starting (pan-os-python waits so in `syncreboot`). */
const startMs = 300_000;

export type Outage = {
  /** Told of every failed call. */
  note(failure: DeviceError): void;
  /** A refusal of credentials by a device that may be starting is no reason to wait for somebody to change them. */
  judge(error: unknown): unknown;
};

/** @param now monotonic time in ms. */
export function rememberOutage(now: () => number): Outage {
  let until = -Infinity;
  return {
    note(failure) {
      if (failure.reason === 'DeviceUnavailable' && !isFromDevice(failure)) until = now() + startMs;
    },
    judge(error) {
      if (!(error instanceof DeviceError) || error.reason !== 'AuthenticationFailed') return error;
      if (now() >= until) return error;
      return error.with({
        reason: 'DeviceUnavailable',
        retry: 'backoff',
        refusesPass: true,
        problem:
          'the device was out of reach and now refuses the credentials, as devices do for minutes while they start. Retrying; if this persists, check the Secret',
      });
    },
  };
}

/** Whether the device itself gave the code. */
function isFromDevice({ code }: DeviceError): boolean {
  return /^\d+$/.test(code);
}
