// Size limits of replies, by kind of call: a longer reply is cut off before it is read.
import type { UidUpdate } from './uid-message.ts';

const kilobyte = 1024;

/** In bytes: several times what devices send. */
export const replyBytes = {
  keygen: 64 * kilobyte,
  signIn: 64 * kilobyte,
  count: 64 * kilobyte,
  systemInfo: 256 * kilobyte,
  haState: 256 * kilobyte,
  /** One address with 64 tags. */
  readOne: 256 * kilobyte,
  /** A few kilobytes for each of 2,000 firewalls. */
  managedDevices: 8192 * kilobyte,
  deviceGroups: 8192 * kilobyte,
  /** A hundred bytes for each of 1,024 groups. */
  groupHierarchy: 1024 * kilobyte,
} as const;

/** Elements and attributes of what a Panorama tells of all of its firewalls. */
export const fleetParts = 200_000;

/** Members of all device groups: a Panorama manages 5,000 firewalls; one with several vsys may be in several groups. */
export const mostMembers = 20_000;

/** Of a page: 64 tags of 127 characters for each entry, twice as long where they are escaped. */
export function pageBytes(entries: number): number {
  return 64 * kilobyte + entries * 16 * kilobyte;
}

/** Of the reply to a message: it may name each pair, and repeat its tag. */
export function updateBytes(update: UidUpdate, messageBytes: number): number {
  return 64 * kilobyte + messageBytes + 256 * pairsOf(update);
}

/** Elements and attributes of that reply. */
export function updateParts(update: UidUpdate): number {
  return 100 + 4 * pairsOf(update);
}

function pairsOf({ unregister, register }: UidUpdate): number {
  return [...unregister, ...register].reduce((sum, { tags }) => sum + tags.length, 0);
}
