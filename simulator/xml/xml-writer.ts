// Escapes text for the places of a reply where it may stand; what XML cannot carry becomes U+FFFD.

const named = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
]);

// oxlint-disable-next-line no-control-regex -- these are the characters that XML 1.0 cannot carry
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const writable = (text: string): string => text.toWellFormed().replace(unwritable, '\ufffd');

const reference = (character: string): string => named.get(character) ?? `&#${character.codePointAt(0)};`;

export const escapeText = (text: string): string => writable(text).replace(/[&<>\r]/g, reference);

export const escapeAttribute = (text: string): string => writable(text).replace(/[&<>"\t\r\n]/g, reference);

/** A CDATA section with any text in it. */
export const cdata = (text: string): string =>
  `<![CDATA[${writable(text).replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
