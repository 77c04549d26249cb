// Escapes text for XML, and tells which characters XML can carry.

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // A parser would make spaces or line feeds of these if they were written as they are.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** A character that XML 1.0 does not allow (production 2, Char, negated; lone surrogates are none of them either). */
export const notXml = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Text for an element or an attribute. Throws on characters that XML 1.0 cannot carry, even as references. */
export function escapeXml(text: string): string {
  if (notXml.test(text)) throw new Error(`XML cannot carry a character of ${JSON.stringify(text)}`);
  return text.replace(/[&<>"'\t\n\r]/g, (character) => escapes[character] ?? character);
}
