// Makes what a device says fit for messages: one short line without secrets.

import { detached } from './detached.ts';

const longest = 200;

/** Without control characters, white space made single blanks. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
}

/**
 * Makes a function that takes secrets out of a device's words, which may repeat what it was sent, and then cuts them.
 * In this order: a cut through a secret would hide it from the search.
 */
export function cleaner(secrets: readonly string[]): (words: string) => string {
  const forms = secrets.flatMap(writings).sort((a, b) => b.length - a.length);
  return (words) => {
    const clean = forms.reduce((text, form) => text.replaceAll(form, '***'), oneLine(words));
    const kept = clean.length > longest ? `${clean.slice(0, longest)}...` : clean;
    // They are kept for longer than the reply.
    return detached(kept.toWellFormed());
  };
}

/** The words of a library or of the system, in one line that is not too long. They know no secret. */
export const quoted: (words: string) => string = cleaner([]);

/** A secret as it is, as a line of text shows it, and as a form or a URL carries it. */
function writings(secret: string): string[] {
  const well = secret.toWellFormed();
  const forms = [
    secret,
    oneLine(secret),
    encodeURIComponent(well),
    new URLSearchParams([['', well]]).toString().slice(1),
  ];
  return [...new Set(forms)].filter((form) => form !== '');
}

/** What a device calls itself or others: no name is longer. */
const longestName = 64;

/** Whether a device can be meant by this: a name that is too long, or has characters that no name has, is none. */
export function isName(text: string): boolean {
  return text.length <= longestName && text !== '' && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\uFFFD]/u.test(text);
}

/** A device's word for itself, cut to the length of a name. */
export function shortened(words: string): string {
  return words.length > longestName ? `${words.slice(0, longestName - 3).toWellFormed()}...` : words;
}
