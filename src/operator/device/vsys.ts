// Checks that a device has the virtual system that a table names.

import { DeviceError } from '../../core/model/device-error.ts';
import { type TableRef, vsysName } from '../../core/model/table-ref.ts';
import type { DeviceInfo } from './device-port.ts';

/**
 * @param known the device's virtual systems by id, where somebody tells; empty where nobody does.
 * @throws DeviceError InvalidSpec, which names those that exist
 */
export function requireVsys(table: TableRef, device: DeviceInfo, known: readonly string[]): void {
  const existing = known.length === 0 && !device.multiVsys ? ['vsys1'] : known;
  if (table.vsys === undefined && device.multiVsys && existing.length !== 1) {
    throw invalid(
      `the device has several vsys${listed(existing)}: list the ones to register on in spec.tables`,
    );
  }
  if (existing.length > 0 && !existing.includes(vsysName(table))) {
    throw invalid(`the device has no ${vsysName(table)}, but${listed(existing)}; correct spec.tables`);
  }
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? '' : ` ${names.join(', ')}`;
}

function invalid(message: string): DeviceError {
  return new DeviceError('InvalidSpec', message, { retry: 'slow', applied: 'no' });
}
