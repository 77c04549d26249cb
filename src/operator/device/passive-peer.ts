// Tells a passive HA member from other causes when a firewall denies an operation (code 15).

import { DeviceError } from '../../core/model/device-error.ts';
import { type HaState, haRole, haWords } from '../../core/device/ha-state.ts';

export function isDenial(error: unknown): error is DeviceError {
  return error instanceof DeviceError && error.code === '15';
}

/**
 * What a denial means, by what the device says of its place in an HA pair: PassivePeer, which is no failure, or the
 * denial itself, where the reason is another one, such as the administrator's rights.
 */
export function understoodDenial(denial: DeviceError, ha: HaState): DeviceError {
  if (haRole(ha) === 'passive') return passivePeer(ha);
  return denial.with({ problem: `${denial.problem}. Its HA state is ${haWords(ha)}` });
}

/** @throws DeviceError PassivePeer while the device says that it is passive. */
export function expectNotPassive(ha: HaState): void {
  if (haRole(ha) === 'passive') throw passivePeer(ha);
}

function passivePeer(ha: HaState): DeviceError {
  const message =
    `the device is the passive member of its HA pair and takes no registrations: its HA state is ` +
    `${haWords(ha)}. No action is needed: it is polled, and gets them as soon as it is active`;
  return new DeviceError('PassivePeer', message, { retry: 'slow', applied: 'no' });
}
