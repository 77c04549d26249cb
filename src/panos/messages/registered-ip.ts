// The registered-ip table as a kind of table: addresses, each with a set of tags.
import { canonicalHost } from '../../core/syntax/address.ts';
import { escapeXml } from '../xml/xml-text.ts';
import { createRegisteredIpReader, type RegisteredIp } from './registered-ip-reader.ts';
import { pageBytes, updateBytes } from './reply-limits.ts';
import { type RefusedEntry, readUidResponse } from './response.ts';
import type { TableKind } from './table-kind.ts';
import { encodeUidMessage, type UidUpdate } from './uid-message.ts';

export const registeredIp: TableKind<RegisteredIp, UidUpdate, RefusedEntry> = {
  commands: {
    count: show('<all><option>count</option></all>'),
    page: (start, limit) => show(`<limit>${limit}</limit><start-point>${start}</start-point>`),
    one: (ip) => show(`<ip>${escapeXml(ip)}</ip>`),
  },
  keyOf: ({ ip }) => ip,
  canonicalKey: (ip) => canonicalHost(ip) ?? ip,
  createReader: createRegisteredIpReader,
  encode: encodeUidMessage,
  decode: readUidResponse,
  replyBytes: { page: pageBytes, answer: updateBytes },
};

function show(filter: string): string {
  return `<show><object><registered-ip>${filter}</registered-ip></object></show>`;
}
