// The calls that the operator makes to one device: commands in, values or DeviceError out.
import { productTiming } from '../../core/model/timing.ts';
import { canonicalHost } from '../../core/syntax/address.ts';
import type { HaState } from '../../core/device/ha-state.ts';
import {
  addressForm,
  countForm,
  deviceGroupsForm,
  groupHierarchyForm,
  haStateForm,
  managedDevicesForm,
  pageForm,
  type Receiver,
  systemInfoForm,
  type Table,
  updateForm,
} from '../messages/commands.ts';
import { type CallObserver, type ConversationOptions, createConversation } from '../session/conversation.ts';
import { shortened } from '../errors/device-words.ts';
import { readHaState } from '../messages/ha-state-reply.ts';
import {
  type GroupMember,
  type ManagedDevice,
  readDeviceGroups,
  readGroupHierarchy,
  readManagedDevices,
} from '../messages/panorama-replies.ts';
import {
  createRegisteredIpReader,
  type RegisteredIp,
  type RegisteredIpReader,
} from '../messages/registered-ip-reader.ts';
import { pageBytes, updateBytes } from '../messages/reply-limits.ts';
import {
  type DeviceInfo,
  type Rejected,
  readCount,
  readSystemInfo,
  readUidResponse,
} from '../messages/response.ts';
import type { UidUpdate } from '../messages/uid-message.ts';

export type { CallObserver };

export type PanosClientOptions = Omit<ConversationOptions, 'maxConcurrentCalls' | 'timeouts'> & {
  /** Default 2. Devices advise at most 5, everyone's together. */
  readonly maxConcurrentCalls?: number | undefined;
  /** Default: the product's. */
  readonly timeouts?: ConversationOptions['timeouts'] | undefined;
};

/** A part of a table. Pages of one table are read with one reader, so that they share what repeats. */
export type Page = Table & {
  readonly start: number;
  readonly limit: number;
  readonly reader?: RegisteredIpReader;
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
  deviceGroups(signal: AbortSignal): Promise<ReadonlyMap<string, readonly GroupMember[]>>;
  /** Each group, and those directly below it. */
  groupHierarchy(signal: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>>;
  /** What the endpoint, or a firewall behind it that the serial names, says of its place in an HA pair. */
  haState(device: Receiver, signal: AbortSignal): Promise<HaState>;
  /**
   * Sends one uid-message. A DeviceError's `applied` says whether the table may have changed all the same; after an
   * abort it may have.
   */
  update(update: UidUpdate & Table, signal: AbortSignal): Promise<{ readonly rejected: readonly Rejected[] }>;
  /** Entries from the `start`-th on (from 1), fewer than `limit` (500 at most) at the end of the table. */
  readPage(page: Page, signal: AbortSignal): Promise<readonly RegisteredIp[]>;
  /** The entry of one address, with all of its tags. */
  readAddress(
    address: Table & { readonly ip: string },
    signal: AbortSignal,
  ): Promise<RegisteredIp | undefined>;
  /** The number of entries of a table, everyone's. */
  count(table: Table, signal: AbortSignal): Promise<number>;
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
    async update(update, signal) {
      const read = (text: string) => readUidResponse(text, update);
      const form = updateForm(update, update);
      const mostBytes = updateBytes(update, Buffer.byteLength(form.get('cmd') ?? ''));
      const rejected = await device.ask({ kind: 'update', form, read, mostBytes }, signal);
      const clean = device.cleaner();
      return { rejected: rejected.map((entry) => ({ ...entry, message: clean(entry.message) })) };
    },
    readPage: (page, signal) => {
      const read = page.reader ?? createRegisteredIpReader();
      const mostBytes = pageBytes(page.limit);
      return device.ask({ kind: 'readPage', form: pageForm(page, page), read, mostBytes }, signal);
    },
    async readAddress(address, signal) {
      const form = addressForm(address.ip, address);
      const entries = await device.ask(
        { kind: 'readAddress', form, read: createRegisteredIpReader() },
        signal,
      );
      const ip = canonicalHost(address.ip) ?? address.ip;
      // The last one, as of a whole table: a device that lists an address twice is read alike either way.
      return entries.findLast((entry) => entry.ip === ip);
    },
    count: (table, signal) => device.ask({ kind: 'count', form: countForm(table), read: readCount }, signal),
    close: () => device.close(),
  };
}
