// Steps through XML text tag by tag: strict about form, free of copies, and bounded by what it reads.
import type { DeviceError } from '../../core/model/device-error.ts';
import { invalidResponse } from '../errors/errors.ts';
import { notXml } from './xml-text.ts';

/**
 * A place in a text. The functions below move it forward over what they read and throw InvalidResponse where the text
 * does not go on as XML must. Of XML they know elements, attributes, text, references, CDATA sections, comments and
 * processing instructions: no DOCTYPE, and ASCII names only.
 */
export type Scanner = { readonly text: string; at: number };

type StartTag = {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Written as <name/>: there is no end tag. */
  readonly empty: boolean;
};

/** Reads `<name attributes>` or `<name attributes/>`, after white space and comments. */
export function startTag(scanner: Scanner): StartTag {
  skipBetween(scanner);
  if (scanner.text.charCodeAt(scanner.at) !== lessThan) throw unexpected(scanner, 'a tag');
  scanner.at += 1;
  const name = readName(scanner);
  const attributes = new Map<string, string>();
  for (;;) {
    const spaced = skipSpace(scanner);
    const code = scanner.text.charCodeAt(scanner.at);
    if (code === greaterThan) {
      scanner.at += 1;
      return { name, attributes, empty: false };
    }
    if (code === slash) {
      expect(scanner, '/>');
      return { name, attributes, empty: true };
    }
    if (!spaced) throw unexpected(scanner, 'the end of a tag');
    readAttribute(scanner, attributes);
  }
}

/** Whether the next thing, after white space and comments, is an end tag. */
export function atEndTag(scanner: Scanner): boolean {
  skipBetween(scanner);
  return scanner.text.startsWith('</', scanner.at);
}

/** Reads `</name>`, after white space and comments. */
export function endTag(scanner: Scanner, name: string): void {
  skipBetween(scanner);
  expect(scanner, '</');
  expect(scanner, name);
  if (take(scanner, '>')) return;
  skipSpace(scanner);
  expect(scanner, '>');
}

/**
 * Reads the text of an element up to its end tag, which it reads too, and gives it as written; undefined, and nothing is
 * read, where there is more in it than plain text: CDATA sections, comments or elements.
 */
export function rawText(scanner: Scanner, name: string): string | undefined {
  const { text, at } = scanner;
  const end = text.indexOf('<', at);
  if (end < 0) throw unexpected({ text, at: text.length }, `</${name}>`);
  if (text.charCodeAt(end + 1) !== slash) return undefined;
  scanner.at = end;
  endTag(scanner, name);
  return text.slice(at, end);
}

/** Reads the text of an element up to its end tag, which it reads too: references resolved, CDATA as it is. */
export function textContent(scanner: Scanner, name: string): string {
  let text = '';
  while (!scanner.text.startsWith('</', scanner.at)) text += textPart(scanner);
  endTag(scanner, name);
  return text;
}

/** Reads text up to the next tag, a CDATA section, or a comment, which counts as none. Throws at a start tag. */
function textPart(scanner: Scanner): string {
  const { text, at } = scanner;
  const end = text.indexOf('<', at);
  if (end < 0) throw unexpected({ text, at: text.length }, 'an end tag');
  if (end > at) {
    scanner.at = end;
    return decodeText(scanner, text.slice(at, end));
  }
  if (!take(scanner, '<![CDATA[')) {
    if (skipAside(scanner)) return '';
    throw unexpected(scanner, 'text');
  }
  const from = scanner.at;
  skipPast(scanner, ']]>');
  const raw = text.slice(from, scanner.at - 3);
  if (notXml.test(raw)) throw unexpected(scanner, 'text that XML allows');
  return withLineFeeds(raw);
}

/** Text as written, with its references resolved and its line ends as XML wants them. */
export function decodeText(scanner: Scanner, raw: string): string {
  if (raw.includes(']]>') || notXml.test(raw)) throw unexpected(scanner, 'text that XML allows');
  const text = withLineFeeds(raw);
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]*);?/g, (reference, name: string) => {
    const character = reference.endsWith(';') ? (named.get(name) ?? numbered(name)) : undefined;
    if (character === undefined) throw unexpected(scanner, 'a known reference');
    return character;
  });
}

function withLineFeeds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/** Moves over white space, comments and processing instructions. */
export function skipBetween(scanner: Scanner): void {
  do skipSpace(scanner);
  while (skipAside(scanner));
}

/** Moves over one comment or processing instruction; false where there is none. */
function skipAside(scanner: Scanner): boolean {
  const { text, at } = scanner;
  if (text.charCodeAt(at) !== lessThan) return false;
  if (take(scanner, '<!--')) {
    // Two hyphens end a comment, with > behind them.
    skipPast(scanner, '--');
    expect(scanner, '>');
    return true;
  }
  if (!take(scanner, '<?')) return false;
  skipPast(scanner, '?>');
  return true;
}

function skipPast(scanner: Scanner, end: string): void {
  const { text, at } = scanner;
  const found = text.indexOf(end, at);
  if (found < 0) throw unexpected({ text, at: text.length }, end);
  scanner.at = found + end.length;
}

/** Moves over white space and tells whether there was any. */
function skipSpace(scanner: Scanner): boolean {
  const { text, at } = scanner;
  let next = at;
  while (isSpace(text.charCodeAt(next))) next += 1;
  scanner.at = next;
  return next > at;
}

/** Moves over exactly this text. */
function expect(scanner: Scanner, text: string): void {
  if (!take(scanner, text)) throw unexpected(scanner, text);
}

/** Moves over exactly this text where it is what comes next; false where it is not. */
export function take(scanner: Scanner, text: string): boolean {
  const comes = scanner.text.startsWith(text, scanner.at);
  if (comes) scanner.at += text.length;
  return comes;
}

export function unexpected({ at }: Scanner, wanted: string): DeviceError {
  return invalidResponse(`at character ${at + 1}, ${wanted} was expected`, 'read');
}

const nameHere = /[A-Za-z_][\w.:-]*/y;

function readName(scanner: Scanner): string {
  nameHere.lastIndex = scanner.at;
  const [name] = nameHere.exec(scanner.text) ?? [];
  if (name === undefined) throw unexpected(scanner, 'a name');
  scanner.at += name.length;
  return name;
}

function readAttribute(scanner: Scanner, attributes: Map<string, string>): void {
  const { text } = scanner;
  const name = readName(scanner);
  skipSpace(scanner);
  expect(scanner, '=');
  skipSpace(scanner);
  const quote = text.charAt(scanner.at);
  if (quote !== '"' && quote !== "'") throw unexpected(scanner, 'a quote');
  const end = text.indexOf(quote, scanner.at + 1);
  if (end < 0) throw unexpected({ text, at: text.length }, quote);
  const raw = text.slice(scanner.at + 1, end);
  if (raw.includes('<') || attributes.has(name)) throw unexpected(scanner, 'another attribute');
  // Nearly all values need no second look.
  attributes.set(
    name,
    /^[ !#-%'-;=?-~]*$/.test(raw) ? raw : decodeText(scanner, raw.replace(/\r\n|[\t\r\n]/g, ' ')),
  );
  scanner.at = end + 1;
}

const lessThan = 0x3c;
const greaterThan = 0x3e;
const slash = 0x2f;

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

const named = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

function numbered(name: string): string | undefined {
  const digits = /^#(?:(\d{1,7})|x([\da-fA-F]{1,6}))$/.exec(name);
  if (digits === null) return undefined;
  const code = digits[1] === undefined ? Number.parseInt(digits[2] ?? '', 16) : Number(digits[1]);
  if (code > 0x10ffff) return undefined;
  const character = String.fromCodePoint(code);
  return notXml.test(character) ? undefined : character;
}
