// docs/reliability.md names for each fault what holds it now: all must exist under that name.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8');

const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| fault '))
  .map((line) => line.slice(2, -2).split(' | '))
  .filter(({ length }) => length > 2);

test('each fault says since when it was there, by commit and day, and what holds it', () => {
  assert.ok(rows.length > 50);
  for (const cells of rows) {
    const [fault = '', foundBy = '', since = '', held = ''] = cells;
    assert.equal(cells.length, 4, fault);
    assert.notEqual(foundBy, '', fault);
    assert.match(since, /\b[0-9a-f]{7}\b.* ?2026-\d\d-\d\d/, fault);
    assert.match(held, /^(?:`?test\/|no test: )/, fault);
  }
});

/** `file: name` or a file alone, apart by semicolons. */
const proofs = rows
  .map(([, , , held = '']) => held.replaceAll('`', ''))
  .filter((held) => !held.startsWith('no test'))
  .flatMap((held) => held.split(/; (?=test\/)/));

for (const proof of new Set(proofs)) {
  const [file = '', ...words] = proof.split(': ');
  const name = words.join(': ');
  test(`${file} ${name === '' ? 'is there' : `has the test: ${name}`}`, () => {
    assert.match(file, /^test\/[\w/-]+\.test\.ts$/);
    assert.ok(existsSync(join(root, file)), `${file} is not there`);
    const source = readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'");
    const parts = name.split(/ ?\.\.\. ?/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    assert.match(source, new RegExp(parts.join('[^\\n]*')), `no test of ${file} is called so`);
  });
}
