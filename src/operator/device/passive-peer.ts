// Tells a passive HA member from other causes when a firewall denies an operation (code 15).

import { type HaState, haRole, haWords } from '../../core/device/ha-state.ts';
import { PanosError } from '../../panos/errors/errors.ts';
import { DeviceFailure } from './device-port.ts';

export function isDenial(error: unknown): error is DeviceFailure {
  return error instanceof DeviceFailure && error.cause instanceof PanosError && error.cause.code === '15';
}

/**
 * What a denial means, by what the device says of its place in an HA pair: PassivePeer, which is no failure, or the
 * denial itself, where the reason is another one, such as the administrator's rights.
 */
export function understoodDenial(denial: DeviceFailure, ha: HaState): DeviceFailure {
  if (haRole(ha) === 'passive') return passivePeer(ha);
  const { retry, applied, refused, cause } = denial;
  const message = `${denial.message}. Its HA state is ${haWords(ha)}`;
  return new DeviceFailure(denial.reason, message, { retry, applied, refused, cause });
}

/** @throws DeviceFailure PassivePeer while the device says that it is passive. */
export function expectNotPassive(ha: HaState): void {
  if (haRole(ha) === 'passive') throw passivePeer(ha);
}

function passivePeer(ha: HaState): DeviceFailure {
  const message =
    `the device is the passive member of its HA pair and takes no registrations: its HA state is ` +
    `${haWords(ha)}. No action is needed: it is polled, and gets them as soon as it is active`;
  return new DeviceFailure('PassivePeer', message, { retry: 'slow', applied: 'no' });
}
