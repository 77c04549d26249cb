// Syntax of a PAN-OS tag, and how a text that is too long is shortened.

import { createHash } from 'node:crypto';

/** Unicode characters. */
export const maxTagLength = 127;
const kept = 118;

/**
 * Quotes end the quoted tags of a dynamic address group's filter, and XML 1.0 carries neither control characters
 * nor lone surrogates nor U+FFFE and U+FFFF.
 */
const illegalCharacter = /['"\p{Cc}\p{Cs}\uFFFE\uFFFF]/u;
/** Nearly every tag, told by one look: printable ASCII without blanks and quotes. */
const plainText = /^[!#-&(-~]+$/;
const blankAtEnd = /^[\p{Z}\uFEFF]|[\p{Z}\uFEFF]$/u;
const bareWord = /^(?:and|or|not)$/iu;

/**
 * The tag `prefix + suffix` in the form that a device takes, or undefined (skip reason IllegalTag) where it has none.
 * More than 127 characters become the first 118, `_`, and the first 8 hex digits of the whole tag's SHA-256.
 * The result begins with the prefix, always. Source of the rules: PAN-OS documentation, "Register IP addresses and
 * tags"; DAG filters read bare and, or, not as operators.
 */
export function legalTag(prefix: string, suffix: string): string | undefined {
  if (suffix === '') return undefined;
  const tag = prefix + suffix;
  if (!plainText.test(tag) && (illegalText(tag) !== undefined || blankAtEnd.test(tag))) return undefined;
  if (bareWord.test(tag)) return undefined;
  if (tag.length <= maxTagLength) return tag;
  const characters = Array.from(tag);
  if (characters.length <= maxTagLength) return tag;
  const start = characters.slice(0, kept).join('');
  return start.startsWith(prefix) ? `${start}_${digest(tag)}` : undefined;
}

/** Why no tag may hold this text, as the end of a sentence; undefined where one may. */
export function illegalText(text: string): string | undefined {
  if (text.includes('  ')) return 'holds two spaces in a row';
  const [character] = illegalCharacter.exec(text) ?? [];
  if (character === undefined) return undefined;
  if (character === '"' || character === "'") return 'holds a quote';
  return `holds the character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Whether a ClusterPanTagPolicy may not use this suffix: it is a namespace's, or the operator's own. */
export function reservedClusterSuffix(suffix: string): boolean {
  return suffix.startsWith('ns_') || suffix.startsWith('_');
}

function digest(tag: string): string {
  return createHash('sha256').update(tag, 'utf8').digest('hex').slice(0, 8);
}
