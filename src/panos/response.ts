// Reads the small replies of the XML API into values: user-id results, system info, counts, keys.
import { canonicalHost } from '../core/address.ts';
import { oneLine } from './device-words.ts';
import {
  attribute,
  child,
  children,
  type Element,
  readEnvelope,
  readResult,
  refusalOf,
  textOf,
} from './envelope.ts';
import { invalidResponse } from './errors.ts';
import { isBenign } from './refusal.ts';
import { type RefusedLimit, refusedLimit } from './refused-limit.ts';
import type { UidUpdate } from './uid-message.ts';

const sections = ['unregister', 'register'] as const;
type Section = (typeof sections)[number];

/** A pair, or an address as a whole, that the device did not accept. */
export type Rejected = {
  readonly section: Section;
  /** Canonical text. */
  readonly ip: string;
  /** The tag, where the message or the device's words leave no doubt which one is meant. */
  readonly tag: string | undefined;
  /** The device's words, in one line. */
  readonly message: string;
  /** What the words say of a limit of the device. */
  readonly limit: RefusedLimit | undefined;
};

export type DeviceInfo = {
  readonly hostname: string;
  readonly serial: string;
  readonly model: string;
  /** As the device writes it, with a suffix such as -h12. */
  readonly swVersion: string;
  readonly multiVsys: boolean;
};

/**
 * Reads the reply to a user-id message. A pair that is already as asked counts as success; all others that the device
 * names are listed. Throws PanosError when the message as a whole was refused or the outcome is unknown.
 */
export function readUidResponse(text: string, sent: UidUpdate): readonly Rejected[] {
  const { status, response } = readEnvelope(text, 'update');
  const named = namedEntries(response);
  // An error that names no pair says nothing about any of them.
  if (status === 'refused' && named.length === 0) throw refusalOf(response, 'update');
  return named
    .filter(({ section, message }) => !isBenign(section, message))
    .map((entry) => rejection(entry, sent));
}

/** Reads the reply to <show><system><info/></system></show>. A Panorama has no multi-vsys. */
export function readSystemInfo(text: string): DeviceInfo {
  const system = child(readResult(text), 'system');
  if (system === undefined) throw invalidResponse('it has no <system>', 'read');
  const required = (name: string): string => {
    const value = textOf(system[name]);
    if (value === '') throw invalidResponse(`it has no <${name}>`, 'read');
    return value;
  };
  const multiVsys = textOf(system['multi-vsys']);
  if (!['', 'on', 'off'].includes(multiVsys))
    throw invalidResponse('<multi-vsys> is neither on nor off', 'read');
  return {
    hostname: textOf(system['hostname']),
    serial: required('serial'),
    model: required('model'),
    swVersion: required('sw-version'),
    multiVsys: multiVsys === 'on',
  };
}

/** Reads the reply to a registered-ip command with <option>count</option>. An empty <result> is an empty table. */
export function readCount(text: string): number {
  const result = readResult(text);
  const names = Object.keys(result).filter((name) => !name.startsWith('@'));
  if (names.length === 0) return 0;
  const count = textOf(result['count']);
  if (names.length > 1 || !/^\d{1,9}$/.test(count)) throw invalidResponse('it is no count', 'read');
  return Number(count);
}

/** Reads the reply to type=keygen. */
export function readKey(text: string): string {
  const key = textOf(readResult(text)['key']);
  if (key === '') throw invalidResponse('it has no <key>', 'read');
  return key;
}

type NamedEntry = { readonly section: Section; readonly ip: string; readonly message: string };

/** The pairs that a reply names, wherever it has its uid-response: msg/line, msg, or result. */
function namedEntries(response: Element): readonly NamedEntry[] {
  const message = children(response, 'msg');
  const places = [
    ...message,
    ...message.flatMap((part) => children(part, 'line')),
    ...children(response, 'result'),
  ];
  const payloads = places
    .flatMap((place) => children(place, 'uid-response'))
    .flatMap((uid) => children(uid, 'payload'));
  return payloads.flatMap((payload) => {
    refuseOthers(payload, sections);
    return sections.flatMap((section) =>
      children(payload, section).flatMap((part) => {
        refuseOthers(part, ['entry']);
        return children(part, 'entry').map((entry) => namedEntry(section, entry));
      }),
    );
  });
}

function namedEntry(section: Section, entry: Element): NamedEntry {
  const ip = attribute(entry, 'ip');
  const message = attribute(entry, 'message');
  if (ip === '' || message === '') throw invalidResponse('an <entry> lacks its ip or its message', 'update');
  return { section, ip, message };
}

function refuseOthers(element: Element, known: readonly string[]): void {
  const other = Object.keys(element).find((name) => !name.startsWith('@') && !known.includes(name));
  if (other !== undefined)
    throw invalidResponse('it names something other than pairs of addresses and tags', 'update');
}

function rejection({ section, ip, message }: NamedEntry, sent: UidUpdate): Rejected {
  const address = canonicalHost(ip);
  const entry = sent[section].find((candidate) => canonicalHost(candidate.ip) === address);
  // Taken for a failure of nobody, it would be a success of somebody.
  if (address === undefined || entry === undefined) {
    throw invalidResponse('it refuses an address that was not in the message', 'update');
  }
  const words = oneLine(message);
  const tag = meantTag(entry.tags, message);
  return { section, ip: address, tag, message: words, limit: refusedLimit(words, entry.tags) };
}

/** The one tag sent for the address, or the one that the device's words begin with (the longest: tags have spaces). */
function meantTag(tags: readonly string[], message: string): string | undefined {
  if (tags.length === 1) return tags[0];
  return tags
    .filter((tag) => message.startsWith(`tag ${tag}`) && /^(?:[\s:,]|$)/.test(message.slice(4 + tag.length)))
    .toSorted((a, b) => b.length - a.length)
    .at(0);
}
