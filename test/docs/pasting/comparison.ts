// Compares what a command prints with what a page shows of it.
import assert from 'node:assert/strict';

/** What differs from run to run, and the mark for it; widths of columns move with it. */
const masks: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\d\b/g, '<day>'],
  [/\b\d\d:\d\d:\d\d(?:\.\d+)?\b/g, '<time>'],
  [/\bv1\.\d+\.\d+\S*/g, '<version>'],
  [/\b\d{15}\b/g, '<serial>'],
  [/\b_owner\.[0-9a-f]{12}\b/g, '_owner.<id>'],
  [/\bhas all \d+\b/g, 'has all <number>'],
  [/\b(?:\d+m\d+s|\d+[sm])\b/g, '<age>'],
  [/ {2,}/g, '  '],
  [/ +$/gm, ''],
];

function masked(text: string): string {
  return masks.reduce((all, [pattern, mark]) => all.replaceAll(pattern, mark), text);
}

/** @param shown '...' stands for any lines, '…' for anything within one. Throws where they differ; true, so that it can be waited for. */
export function compare(shown: readonly string[], printed: string): true {
  const escape = (line: string) => line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*');
  const lines = shown.map((line) => (line === '...' ? '(?:.*\\n)*?' : `${escape(masked(line))}\\n`));
  const seen = printed.trim() === '' ? '' : `${masked(printed).trimEnd()}\n`;
  const difference = `\n${masked(shown.join('\n'))}\n--- is\n${seen}`;
  assert.match(seen, new RegExp(`^${lines.join('')}$`), difference);
  return true;
}
