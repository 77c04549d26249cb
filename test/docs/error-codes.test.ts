// The table of error codes in docs/panos-notes.md says what the operator makes of each.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { refusal } from '../../src/panos/errors/refusal.ts';

/** "PAN-OS XML API Error Codes", without 19 and 20, which are success; 9 is not among them. */
const documentedByVendor = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 400, 403];

const page = readFileSync(join(import.meta.dirname, '../../docs/panos-notes.md'), 'utf8');
const [, section = ''] = /^## What a device's error codes mean[^\n]*\n(.*?)^## /ms.exec(page) ?? [];
const rows = section
  .split('\n')
  .filter((line) => /^\| (?!code )\S/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

/** The codes of a row's first cell: numbers, `none`, and `any other`, for which 999 stands. */
function codesOf(cell: string): string[] {
  const words = cell.replaceAll(/\([^)]*\)/g, '').split(',');
  return words.map((word) => ({ none: '', 'any other': '999' })[word.trim()] ?? word.trim());
}

test('every code has one row', () => {
  const listed = rows.flatMap(([codes = '']) => codesOf(codes));
  assert.deepEqual(listed.toSorted(), ['', '999', ...documentedByVendor.map(String)].toSorted());
});

for (const [codes = '', ...said] of rows) {
  test(`the row of ${codes} is what happens`, () => {
    for (const code of codesOf(codes)) {
      const update = refusal({ code, text: '', intent: 'update' });
      const read = refusal({ code, text: '', intent: 'read' });
      assert.deepEqual([update.reason, read.reason, update.retry, update.applied], said, `code ${code}`);
      assert.equal(read.retry, update.retry);
      assert.equal(read.applied, 'no');
    }
  });
}

/** The column "retry?" of the fact sheet's section 3, and what became of it: slow is seldom enough for what needs a human. */
const worthRetrying: Readonly<Record<string, readonly number[]>> = {
  backoff: [2, 3, 4, 5, 11, 14, 21, 22],
  slow: [400, 403, 1, 6, 7, 8, 10, 12, 13, 15, 16, 17, 18],
};

test('what the fact sheet would try again is tried soon, everything else seldom', () => {
  const all = Object.values(worthRetrying).flat();
  assert.deepEqual(
    all.toSorted((a, b) => a - b),
    documentedByVendor.toSorted((a, b) => a - b),
  );
  for (const [manner, codes] of Object.entries(worthRetrying)) {
    for (const code of codes) {
      const { retry } = refusal({ code: String(code), text: '', intent: 'update' });
      assert.equal(retry, manner, `code ${code}`);
    }
  }
});
