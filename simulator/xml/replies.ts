// The XML texts of the device's answers, in the shapes that clients in the field have seen.

import { printAddress } from '../device/address.ts';
import type { PairOutcome } from '../device/registered-ips.ts';
import type { Settings } from '../settings.ts';
import type { Row } from '../device/table.ts';
import type { SectionName } from '../commands/uid-message.ts';
import { cdata, escapeAttribute, escapeText } from './xml-writer.ts';

/** A successful answer around a `<result>` whose content is XML. */
export const success = (content: string): string =>
  `<response status="success"><result>${content}</result></response>`;

/**
 * A refusal of the whole command. 400 and 403 have single quotes and spaces (facts 1.14), 16 has a status of its
 * own (facts 2.7), the others have a CDATA line (facts 3).
 */
export const refusal = (code: number, text: string): string => {
  if (code === 400 || code === 403) {
    return `<response status = 'error' code = '${code}'><result><msg>${escapeText(text)}</msg></result></response>`;
  }
  return code === 16
    ? `<response status="unauth" code="16"><msg><line>${escapeText(text)}</line></msg></response>`
    : `<response status="error" code="${code}"><msg><line>${cdata(text)}</line></msg></response>`;
};

/** `type=keygen` answered (facts 2.1). */
export const keygenReply = (key: string): string =>
  `<response status = 'success'><result><key>${key}</key></result></response>`;

/** The text of a pair that was not simply done, or undefined (facts 4.4, 4.5). */
const pairMessage = (pair: PairOutcome, settings: Settings): string | undefined => {
  switch (pair.outcome) {
    case 'already-exists':
      return `tag ${pair.tag} already exists, ignore`;
    case 'unknown-tag':
      return `tag ${pair.tag} does not exist, ignore unreg`;
    case 'unknown-address':
      return settings.unknownAddressText === 'ip' || pair.tag === ''
        ? `ip ${pair.ip} does not exist, ignore unreg`
        : `tag ${pair.tag} does not exist, ignore unreg`;
    case 'refused':
      return pair.text ?? '';
    case 'registered':
    case 'refreshed':
    case 'unregistered':
      return undefined;
    default:
      return pair.outcome satisfies never;
  }
};

/** A part of a message that was not simply done. */
export type Failure = {
  readonly section: SectionName;
  /** The attribute that names it, and its value. */
  readonly named: readonly ['ip' | 'user' | 'name', string];
  readonly message: string;
};

export const pairFailures = (pairs: readonly PairOutcome[], settings: Settings): Failure[] =>
  pairs.flatMap((pair): Failure[] => {
    const message = pairMessage(pair, settings);
    return message === undefined ? [] : [{ section: pair.section, named: ['ip', pair.ip], message }];
  });

/** The message stays the last attribute: clients look at the end of the joined attributes (facts 4.4). */
const failureEntry = ({ named: [name, value], message }: Failure): string =>
  `<entry ${name}="${escapeAttribute(value)}" message="${escapeAttribute(message)}"/>`;

/**
 * The answer to a uid-message: its sections, each with an entry for every part that was not simply done. One
 * such entry makes the status "error", without a code, though everything else was applied (facts 4.3, 4.4).
 */
export const uidReply = (
  sections: readonly SectionName[],
  failures: readonly Failure[],
): { readonly body: string; readonly status: 'success' | 'error' } => {
  const entriesOf = (section: SectionName): string =>
    failures
      .filter((failure) => failure.section === section)
      .map(failureEntry)
      .join('');
  const payload = sections.map((section) => `<${section}>${entriesOf(section)}</${section}>`).join('');
  const response = `<uid-response><version>2.0</version><payload>${payload}</payload></uid-response>`;
  return failures.length > 0
    ? { status: 'error', body: `<response status="error"><msg><line>${response}</line></msg></response>` }
    : { status: 'success', body: success(response) };
};

/** An entry that names no address, where devices were seen to put it while they are not ready. */
export const notReadyReply = (at: 'response' | 'payload' | 'section', text: string): string => {
  const entry = `<entry message="${escapeAttribute(text)}"/>`;
  const section = at === 'section' ? `<register>${entry}</register>` : entry;
  const content = at === 'response' ? entry : `<payload>${section}</payload>`;
  const response = `<uid-response><version>2.0</version>${content}</uid-response>`;
  return `<response status="error"><msg><line>${response}</line></msg></response>`;
};

const rowEntry = (row: Row, tags: readonly string[], hostsAsCidr: boolean): string => {
  const ip = escapeAttribute(printAddress(row.ip, hostsAsCidr));
  const flags = `from_agent="${row.fromAgent ? 1 : 0}" persistent="${row.persistent ? 1 : 0}"`;
  const shown = row.unescaped ? (tag: string): string => tag : escapeText;
  const members = tags.map((tag) => `<member>${shown(tag)}</member>`).join('');
  return `\n  <entry ip="${ip}" ${flags}><tag>${members}</tag></entry>`;
};

/**
 * One page of a registered-ip read: its entries and their number, never the table's (facts 5.2). With a tag
 * filter only the tags asked for are shown (facts 5.6).
 */
export const pageReply = (rows: readonly Row[], tagFilter: readonly string[], settings: Settings): string => {
  if (rows.length === 0) {
    return settings.emptyTable === 'count-zero'
      ? countReply(0)
      : '<response status="success"><result/></response>';
  }
  const shown = (row: Row): string[] =>
    [...row.tags.keys()].filter((tag) => tagFilter.length === 0 || tagFilter.includes(tag));
  const entries = rows.map((row) => rowEntry(row, shown(row), settings.hostsAsCidr)).join('');
  return success(`${entries}\n  <count>${rows.length}</count>\n`);
};

/** The answer to `option count` (facts 5.5). */
export const countReply = (count: number): string => success(`<count>${count}</count>`);

/** What PAN-OS 7.1 and older answer to a read of more entries than fit (facts 5.4). */
export const outfileReply = success(
  '<msg><line><outfile>/var/log/clioutput/regipdump</outfile></line></msg>',
);
