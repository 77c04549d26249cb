// Writes the uid-message that registers and unregisters tags.
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
