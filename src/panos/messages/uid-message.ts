// Writes the uid-message that registers and unregisters tags, and tells how large a message will be.
import { escapeXml } from '../xml/xml-text.ts';

/** One address with the tags to add to it or to take from it. */
export type Entry = {
  readonly ip: string;
  readonly tags: readonly string[];
  /**
   * After so many seconds, 2,592,000 at most, the device forgets the tags by itself; 0 or absent: never. Only where
   * they are registered, and only on PAN-OS 9.0 or newer.
   */
  readonly timeoutSeconds?: number;
};

export type UidUpdate = { readonly unregister: readonly Entry[]; readonly register: readonly Entry[] };

const head = '<uid-message><version>2.0</version><type>update</type><payload>';
const foot = '</payload></uid-message>';

/**
 * The XML of one message (PAN-OS XML API, type=user-id). One section of each kind at most: the device then takes
 * <unregister> before <register>, whatever their order, so a pair that is in both ends up registered.
 * Throws on an update that no caller may build: one without entries, an entry without tags (for an unregister it would
 * drop every tag of the address, foreign ones too), characters that XML cannot carry.
 */
export function encodeUidMessage(update: UidUpdate): string {
  const unregister = section('unregister', '', update.unregister);
  const register = section('register', ' persistent="1"', update.register);
  if (unregister === '' && register === '') throw new Error('A uid-message needs at least one entry');
  return head + unregister + register + foot;
}

function section(name: string, attributes: string, entries: readonly Entry[]): string {
  if (entries.length === 0) return '';
  return `<${name}>${entries.map((entry) => entryElement(entry, attributes)).join('')}</${name}>`;
}

function entryElement({ ip, tags, timeoutSeconds = 0 }: Entry, attributes: string): string {
  if (tags.length === 0) throw new Error(`The entry of ${ip} names no tags`);
  const timeout = timeoutSeconds === 0 ? '' : ` timeout="${timeoutSeconds}"`;
  const members = tags.map((tag) => `<member${timeout}>${escapeXml(tag)}</member>`).join('');
  return `<entry ip="${escapeXml(ip)}"${attributes}><tag>${members}</tag></entry>`;
}

/**
 * How many bytes a text takes in the body of the call, an urlencoded form: what the device's request limit counts.
 * Letters, digits and `*-._` take one byte, a space too; every other byte of its UTF-8 takes three.
 */
export function messageBytes(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x80) bytes += plain[code] === 1 ? 1 : 3;
    else if (code < 0x800) bytes += 6;
    else if (code < 0xd800 || code > 0xdfff) bytes += 9;
    else bytes += 6; // half of a surrogate pair, whose four bytes of UTF-8 take twelve
  }
  return bytes;
}

const plain = new Uint8Array(0x80);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._ ') {
  plain[character.charCodeAt(0)] = 1;
}

/** Upper bound of what one entry adds to `messageBytes` of a message, whichever section it is in. */
export function entryBytes(entry: Entry): number {
  return messageBytes(entryElement(entry, ' persistent="1"'));
}

/** What `messageBytes` of a message has beside its entries, at most. */
export const messageOverheadBytes = messageBytes(
  `${head}<unregister></unregister><register></register>${foot}`,
);
