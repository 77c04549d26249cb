// Interface of a device for the operator; device-connection.ts binds it to the PAN-OS client.

import type { HaState } from '../../core/device/ha-state.ts';
import type { DeviceGroups } from '../../core/device/group-members.ts';
import type { ManagedDevice } from '../../core/device/managed-device.ts';
import type { GroupHierarchy } from '../../core/device/group-hierarchy.ts';
import type { RefusedPair } from '../../core/message/refusals.ts';
import type { Batch } from '../../core/message/batch.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import type { RegisteredIp as Entry } from '../../panos/messages/registered-ip-reader.ts';
import type { DeviceInfo as Told } from '../../panos/messages/response.ts';

export type DeviceInfo = Omit<Told, 'hostname'>;

/** As pan-os-python tells them apart (facts 10.1). */
export function isPanorama({ model }: DeviceInfo): boolean {
  return model === 'Panorama' || model.startsWith('M-');
}

export type RegisteredIp = Omit<Entry, 'persistent'>;

/** A device itself, or, with a serial, the firewall to which the endpoint, a Panorama, forwards the call. */
type Receiver = Pick<TableRef, 'serial'>;

/** What can be asked of a device: by its name, what the question holds and what the answer is. */
type Calls = {
  /** Throws UnsupportedVersion, too. */
  readonly info: { readonly asked: Receiver; readonly answer: DeviceInfo };
  /** What it says of its place in an HA pair. */
  readonly haState: { readonly asked: Receiver; readonly answer: HaState };
  /** All firewalls of a Panorama. */
  readonly managedDevices: { readonly asked: unknown; readonly answer: readonly ManagedDevice[] };
  /** The members that each group of a Panorama holds itself. */
  readonly deviceGroups: { readonly asked: unknown; readonly answer: DeviceGroups };
  readonly groupHierarchy: { readonly asked: unknown; readonly answer: GroupHierarchy };
  /**
   * A whole table. `betweenPages` is awaited after each page; it may send a message, and tells how many keys that moved.
   * `agreed`: the entries add up to the device's own count, so the reading is complete.
   */
  readonly readAll: {
    readonly asked: { readonly table: TableRef; readonly betweenPages?: () => Promise<number> };
    readonly answer: { readonly entries: readonly RegisteredIp[]; readonly agreed: boolean };
  };
  /** The entry of one key, such as an address, with all of its tags. */
  readonly readOne: {
    readonly asked: { readonly table: TableRef; readonly key: string };
    readonly answer: RegisteredIp | undefined;
  };
  /** One message; the answer are the pairs that the device refused. */
  readonly send: {
    readonly asked: { readonly table: TableRef; readonly batch: Batch };
    readonly answer: readonly RefusedPair[];
  };
};

export type CallName = keyof Calls;
type Question<K extends CallName = CallName> = { readonly ask: K } & Calls[K]['asked'];
export type AnswerTo<K extends CallName> = Calls[K]['answer'];

export type Connection = {
  /** Throws DeviceError, or the signal's reason. */
  call<K extends CallName>(question: Question<K>, signal: AbortSignal): Promise<AnswerTo<K>>;
  close(): Promise<void>;
};

/** How each question is answered. */
export type Answers = {
  readonly [K in CallName]: (question: Calls[K]['asked'], signal: AbortSignal) => Promise<AnswerTo<K>>;
};
