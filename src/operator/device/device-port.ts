// Interface of a device for the operator; device-connection.ts binds it to the PAN-OS client.

import type { HaState } from '../../core/device/ha-state.ts';
import type { DeviceGroups } from '../../core/device/group-members.ts';
import type { GroupHierarchy } from '../../core/device/group-hierarchy.ts';
import type { Rejection } from '../../core/message/refusals.ts';
import type { Batch } from '../../core/message/batch.ts';
import type { TableRef } from '../../core/model/table-ref.ts';

export type DeviceInfo = {
  readonly serial: string;
  readonly model: string;
  readonly swVersion: string;
  readonly multiVsys: boolean;
};

/** As pan-os-python tells them apart (facts 10.1). */
export function isPanorama({ model }: DeviceInfo): boolean {
  return model === 'Panorama' || model.startsWith('M-');
}

/** A firewall behind a Panorama. */
export type ManagedDevice = {
  readonly serial: string;
  readonly connected: boolean;
  /** Its virtual systems by id; empty where the Panorama does not tell. */
  readonly vsys: readonly string[];
};

export type RegisteredIp = {
  /** As the device writes it. */
  readonly ip: string;
  readonly fromAgent: boolean;
  readonly tags: readonly string[];
  /** Its tags cannot be read: nothing may be concluded of them. */
  readonly unreadable?: true;
};

/** Its calls throw DeviceError, or the signal's reason. */
export type Connection = {
  /**
   * @param serial of a firewall that the endpoint, a Panorama, forwards to; default: the endpoint itself.
   * @throws DeviceError UnsupportedVersion, too.
   */
  info(signal: AbortSignal, serial?: string): Promise<DeviceInfo>;
  /** What the device that has the table says of its place in an HA pair. */
  haState(table: Pick<TableRef, 'serial'>, signal: AbortSignal): Promise<HaState>;
  /** All firewalls of a Panorama. */
  managedDevices(signal: AbortSignal): Promise<readonly ManagedDevice[]>;
  /** The members that each group of a Panorama holds itself. */
  deviceGroups(signal: AbortSignal): Promise<DeviceGroups>;
  groupHierarchy(signal: AbortSignal): Promise<GroupHierarchy>;
  /**
   * Reads a whole registered-ip table.
   * @param betweenPages awaited after each page; it may send a message, and tells how many addresses that moved.
   * `agreed`: the entries add up to the device's own count, so the reading is complete.
   */
  readTable(
    table: TableRef,
    betweenPages: () => Promise<number>,
    signal: AbortSignal,
  ): Promise<{ readonly entries: readonly RegisteredIp[]; readonly agreed: boolean }>;
  /** The entry of one address, with all of its tags. */
  readAddress(table: TableRef, ip: string, signal: AbortSignal): Promise<RegisteredIp | undefined>;
  /** Sends one message; resolves with the pairs that the device refused. */
  send(table: TableRef, batch: Batch, signal: AbortSignal): Promise<readonly Rejection[]>;
  close(): Promise<void>;
};
