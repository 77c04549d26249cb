// Reads the small replies of the XML API into values: user-id results, system info, counts, keys.
import type { RefusedLimit } from '../../core/model/device-error.ts';
import { canonicalHost } from '../../core/syntax/address.ts';
import { detached } from '../errors/detached.ts';
import { isName, oneLine, shortened } from '../errors/device-words.ts';
import {
  attribute,
  child,
  children,
  type Element,
  readEnvelope,
  readResult,
  refusalOf,
  textOf,
  wordsOf,
} from './envelope.ts';
import { invalidResponse } from '../errors/errors.ts';
import { type Echo, echoOf, saysNotNow } from '../errors/phrases.ts';
import { isBenign } from '../errors/benign.ts';
import { notNowAnswer } from '../errors/refusal.ts';
import { updateParts } from './reply-limits.ts';
import { refusedLimit } from '../errors/refused-limit.ts';
import type { UidUpdate } from './uid-message.ts';

const sections = ['unregister', 'register'] as const;
type Section = (typeof sections)[number];

/** A pair, or an address as a whole, that the device did not accept. */
export type RefusedEntry = {
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
 * names are listed. Throws DeviceError when the message as a whole was refused or the outcome is unknown: success, too, has
 * a uid-response (facts 4.3).
 */
export function readUidResponse(text: string, sent: UidUpdate): readonly RefusedEntry[] {
  const { status, response } = readEnvelope(text, 'update', updateParts(sent));
  const all = echoOf([...sent.unregister, ...sent.register].flatMap(({ tags }) => tags));
  const replies = uidResponses(response);
  const entries = replies.flatMap((reply) => entriesIn(reply));
  const sentFor = sentEntries(sent);
  const judged = entries.map((entry) => judge(entry, sentFor, all));
  // An error that names no pair says nothing about any of them.
  if (status === 'refused' && entries.length === 0) throw refusalOf(response, 'update', all);
  if (replies.length !== 1) {
    throw invalidResponse(
      'it does not tell what became of the message',
      'update',
      oneLine(wordsOf(response)),
    );
  }
  return judged.filter((rejected) => rejected !== undefined);
}

/** Reads the reply to <show><system><info/></system></show>. A Panorama has no multi-vsys. */
export function readSystemInfo(text: string): DeviceInfo {
  const system = child(readResult(text), 'system');
  if (system === undefined) throw invalidResponse('it has no <system>', 'read');
  const required = (name: string): string => {
    const value = textOf(system[name]);
    if (value === '') throw invalidResponse(`it has no <${name}>`, 'read');
    if (/\p{Cc}/u.test(value)) throw invalidResponse(`<${name}> has control characters`, 'read');
    return value;
  };
  const serial = required('serial');
  // Cut, it could be the serial of another device.
  if (!isName(serial)) throw invalidResponse('<serial> is no serial number', 'read');
  const multiVsys = textOf(system['multi-vsys']);
  if (!['', 'on', 'off'].includes(multiVsys))
    throw invalidResponse('<multi-vsys> is neither on nor off', 'read');
  return {
    hostname: shortened(oneLine(textOf(system['hostname']))),
    serial: detached(serial),
    model: shortened(oneLine(required('model'))),
    swVersion: shortened(oneLine(required('sw-version'))),
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
  return detached(key);
}

/** What a reply says of a pair or of an address; of nothing in particular where it names no address. */
type Told = { readonly section: Section | undefined; readonly ip: string; readonly message: string };

/** Wherever a reply has them: in msg/line, msg or result. */
function uidResponses(response: Element): readonly Element[] {
  const message = children(response, 'msg');
  const places = [
    ...message,
    ...message.flatMap((part) => children(part, 'line')),
    ...children(response, 'result'),
  ];
  return places.flatMap((place) => children(place, 'uid-response'));
}

/** Devices put entries into sections; one that is not ready was seen to put them elsewhere (Pulse Secure KB43642). */
function entriesIn(reply: Element): readonly Told[] {
  refuseOthers(reply, ['version', 'payload', 'entry']);
  const payloads = children(reply, 'payload');
  const inPayloads = payloads.flatMap((payload) => {
    refuseOthers(payload, [...sections, 'entry']);
    const inSections = sections.flatMap((section) =>
      children(payload, section).flatMap((part) => {
        refuseOthers(part, ['entry']);
        return children(part, 'entry').map((entry) => told(section, entry));
      }),
    );
    return [...inSections, ...children(payload, 'entry').map((entry) => told(undefined, entry))];
  });
  const outside = children(reply, 'entry').map((entry) => told(undefined, entry));
  if (payloads.length === 0 && outside.length === 0) throw invalidResponse('it has no <payload>', 'update');
  return [...outside, ...inPayloads];
}

function told(section: Section | undefined, entry: Element): Told {
  return { section, ip: attribute(entry, 'ip'), message: attribute(entry, 'message') };
}

function refuseOthers(element: Element, known: readonly string[]): void {
  const other = Object.keys(element).find((name) => !name.startsWith('@') && !known.includes(name));
  if (other !== undefined)
    throw invalidResponse('it names something other than pairs of addresses and tags', 'update');
}

type Sent = { readonly tags: ReadonlySet<string>; readonly echo: Echo };
type Named = { readonly address: string | undefined; readonly sent: Sent | undefined };
/** The canonical text of an address as the device wrote it, and what was sent for it in the section. */
type SentFor = (section: Section | undefined, ip: string) => Named;

/** Each address is looked up for every pair of it that is refused, and is made canonical once. */
function sentEntries(sent: UidUpdate): SentFor {
  const of = (entries: UidUpdate[Section]) =>
    new Map(
      entries.map(({ ip, tags }) => [canonicalHost(ip) ?? ip, { tags: new Set(tags), echo: echoOf(tags) }]),
    );
  const known = { unregister: of(sent.unregister), register: of(sent.register) };
  const canonical = new Map<string, string | undefined>();
  return (section, ip) => {
    if (!canonical.has(ip)) canonical.set(ip, canonicalHost(ip));
    const address = canonical.get(ip);
    return {
      address,
      sent: section === undefined || address === undefined ? undefined : known[section].get(address),
    };
  };
}

/** undefined: the pair is as asked. Throws where the message as a whole has failed. */
function judge({ section, ip, message }: Told, sentFor: SentFor, all: Echo): RefusedEntry | undefined {
  const { address, sent } = sentFor(section, ip);
  if (saysNotNow(message, sent?.echo ?? all)) throw notNowAnswer(message);
  if (section === undefined || ip === '' || message === '')
    throw invalidResponse('an <entry> lacks its section, its ip or its message', 'update', oneLine(message));
  // Taken for a failure of nobody, it would be a success of somebody.
  if (address === undefined || sent === undefined)
    throw invalidResponse('it refuses an address that was not in the message', 'update', oneLine(message));
  const tag = meantTag(sent.tags, message);
  if (isBenign(section, message, { address, tag })) return undefined;
  return { section, ip: address, tag, message: oneLine(message), limit: refusedLimit(message, sent.echo) };
}

/** The one tag sent for the address, or the one that the device's words begin with (the longest: tags have spaces). */
function meantTag(tags: ReadonlySet<string>, message: string): string | undefined {
  const [only] = tags;
  if (tags.size === 1) return only;
  if (!message.startsWith(beforeTag)) return undefined;
  // Where a tag may end, however many were sent: no tag is longer, but for what others once registered under our prefix.
  const start = beforeTag.length;
  const ends = [...message.slice(start, start + longestTag).matchAll(/[\s:,]|$/g)];
  for (const { index } of ends.toReversed()) {
    const tag = message.slice(start, start + index);
    if (tags.has(tag)) return tag;
  }
  return undefined;
}

const beforeTag = 'tag ';
/** Code units. */
const longestTag = 512;
