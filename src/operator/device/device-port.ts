// Interface of a device for the operator; device-connection.ts binds it to the PAN-OS client.

import type { HaState } from '../../core/device/ha-state.ts';
import type { DeviceGroups } from '../../core/device/group-members.ts';
import type { GroupHierarchy } from '../../core/device/group-hierarchy.ts';
import type { ConditionReason } from '../../core/model/model.ts';
import type { RefusedLimit, Rejection } from '../../core/message/refusals.ts';
import type { Batch } from '../../core/table/table.ts';
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

export type Connection = {
  /**
   * @param serial of a firewall that the endpoint, a Panorama, forwards to; default: the endpoint itself.
   * @throws DeviceFailure UnsupportedVersion, too.
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

/** A failure in the words of status and metrics. Connections throw nothing else but AbortError. */
export class DeviceFailure extends Error {
  override readonly name = 'DeviceFailure';
  readonly reason: ConditionReason;
  readonly retry: 'backoff' | 'slow';
  /** Whether the message that failed may have taken effect. */
  readonly applied: 'no' | 'unknown';
  /** The endpoint itself has answered, and refused the call as a whole. */
  readonly refused: boolean;
  /** The device is up and refuses the credentials: it is not asked every few seconds. */
  readonly refusesPass: boolean;
  /** Of several devices one is away, or not active: it may be used as soon as it answers, whatever the others refuse. */
  readonly someAway: boolean;
  /** The message was answered, by a device that may not have done it: none of its entries is to blame. */
  readonly answered: boolean;
  /** What the device's words, with which it refused the call as a whole, say of a limit of it. */
  readonly limit: RefusedLimit | undefined;

  constructor(
    reason: ConditionReason,
    message: string,
    facts: {
      readonly retry: 'backoff' | 'slow';
      readonly applied: 'no' | 'unknown';
      readonly refused?: boolean;
      readonly answered?: boolean;
      readonly limit?: RefusedLimit | undefined;
      /** Default: that of the cause. */
      readonly refusesPass?: boolean;
      readonly someAway?: boolean;
      readonly cause?: unknown;
    },
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.reason = reason;
    this.retry = facts.retry;
    this.applied = facts.applied;
    this.refused = facts.refused ?? false;
    this.someAway = facts.someAway ?? false;
    this.answered = facts.answered ?? false;
    this.limit = facts.limit;
    const { cause } = facts;
    this.refusesPass = facts.refusesPass ?? (cause instanceof DeviceFailure && cause.refusesPass);
  }
}
