// Pieces of messages to people: a quoted text of bounded length, and the word that was probably meant.

const maxQuoted = 64;

/** The text in double quotes, with escapes, and with its end left out where it is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length <= maxQuoted ? text : `${text.slice(0, maxQuoted)}…`);
}

/** For a terminal: with escapes for what would end the line, move the cursor or turn the direction of the text. */
export function printable(text: string): string {
  const escape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, escape);
}

/** The entry of `known` that takes the fewest single-character edits; of equals, the one that begins alike longest. */
export function nearest(word: string, known: readonly [string, ...string[]]): string {
  const typed = word.toLowerCase();
  const distance = (candidate: string): number =>
    editDistance(typed, candidate.toLowerCase()) - sharedStart(typed, candidate.toLowerCase()) / 1000;
  return known.reduce((best, candidate) => (distance(candidate) < distance(best) ? candidate : best));
}

/** Close enough to be what was meant: two edits, and no more than a third of the word. */
export function isNear(word: string, candidate: string): boolean {
  const most = Math.min(2, Math.ceil(candidate.length / 3));
  return editDistance(word.toLowerCase(), candidate.toLowerCase()) <= most;
}

function sharedStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** Levenshtein's distance: insertions, deletions and replacements of one character. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
