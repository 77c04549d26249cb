// The calls that the operator makes to one device: commands in, values or DeviceError out.
import { productTiming } from '../../core/model/timing.ts';
import type { GroupHierarchy } from '../../core/device/group-hierarchy.ts';
import type { DeviceGroups } from '../../core/device/group-members.ts';
import type { ManagedDevice } from '../../core/device/managed-device.ts';
import type { HaState } from '../../core/device/ha-state.ts';
import {
  deviceGroupsForm,
  groupHierarchyForm,
  haStateForm,
  managedDevicesForm,
  type Receiver,
  systemInfoForm,
} from '../messages/commands.ts';
import { type CallObserver, type ConversationOptions, createConversation } from '../session/conversation.ts';
import { shortened } from '../errors/device-words.ts';
import { createTableClient, type TableClient } from './table-client.ts';
import { readHaState } from '../messages/ha-state-reply.ts';
import { readDeviceGroups, readGroupHierarchy, readManagedDevices } from '../messages/panorama-replies.ts';
import { type DeviceInfo, readSystemInfo } from '../messages/response.ts';
import type { TableKind } from '../messages/table-kind.ts';

export type { CallObserver };

export type PanosClientOptions = Omit<ConversationOptions, 'maxConcurrentCalls' | 'timeouts'> & {
  /** Default 2. Devices advise at most 5, everyone's together. */
  readonly maxConcurrentCalls?: number | undefined;
  /** Default: the product's. */
  readonly timeouts?: ConversationOptions['timeouts'] | undefined;
};

/**
 * One device. Every call waits for its turn (`maxConcurrentCalls`) and then ends within `callMs`, a key generation
 * before it within another. It throws DeviceError, the signal's reason when the signal aborts, or a plain Error after
 * close() and for updates that no caller may build.
 */
export type PanosClient = {
  /** @param of default: the endpoint itself. */
  systemInfo(signal: AbortSignal, of?: Receiver): Promise<DeviceInfo>;
  /** The firewalls of a Panorama, connected or not. */
  managedDevices(signal: AbortSignal): Promise<readonly ManagedDevice[]>;
  /** The device groups of a Panorama by name, with the firewalls that are in each. */
  deviceGroups(signal: AbortSignal): Promise<DeviceGroups>;
  /** Each group, and those directly below it. */
  groupHierarchy(signal: AbortSignal): Promise<GroupHierarchy>;
  /** What the endpoint, or a firewall behind it that the serial names, says of its place in an HA pair. */
  haState(device: Receiver, signal: AbortSignal): Promise<HaState>;
  /** The calls to tables of one kind. */
  tables<Entry, Message, Refused extends { readonly message: string }>(
    kind: TableKind<Entry, Message, Refused>,
  ): TableClient<Entry, Message, Refused>;
  /** Lets the calls in flight end, then closes the connections. */
  close(): Promise<void>;
};

/** Nothing is sent before the first call. Throws DeviceError when the CA of `tls` cannot be read. */
export function createPanosClient(options: PanosClientOptions): PanosClient {
  const device = createConversation({
    ...options,
    maxConcurrentCalls: options.maxConcurrentCalls ?? 2,
    timeouts: options.timeouts ?? productTiming,
  });
  return {
    async systemInfo(signal, of = {}) {
      const form = systemInfoForm(of);
      const info = await device.ask({ kind: 'systemInfo', form, read: readSystemInfo }, signal);
      const cleaned = device.cleaner();
      const clean = (words: string) => shortened(cleaned(words));
      return {
        ...info,
        hostname: clean(info.hostname),
        model: clean(info.model),
        swVersion: clean(info.swVersion),
        serial: clean(info.serial),
      };
    },
    managedDevices: (signal) =>
      device.ask({ kind: 'managedDevices', form: managedDevicesForm(), read: readManagedDevices }, signal),
    groupHierarchy: (signal) =>
      device.ask({ kind: 'groupHierarchy', form: groupHierarchyForm(), read: readGroupHierarchy }, signal),
    deviceGroups: (signal) =>
      device.ask({ kind: 'deviceGroups', form: deviceGroupsForm(), read: readDeviceGroups }, signal),
    async haState(of, signal) {
      const ha = await device.ask({ kind: 'haState', form: haStateForm(of), read: readHaState }, signal);
      if (!ha.enabled) return ha;
      const clean = device.cleaner();
      const word = (text: string) => shortened(clean(text));
      return { ...ha, state: word(ha.state), peerState: word(ha.peerState) };
    },
    tables: (kind) => createTableClient(device, kind),
    close: () => device.close(),
  };
}
