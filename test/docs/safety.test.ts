// docs/safety.md names a test for each promise, docs/security.md for each threat: all must exist under that name.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const pages = ['docs/safety.md', 'docs/security.md'];
const text = pages.map((page) => readFileSync(join(root, page), 'utf8')).join('\n');

/** The second column of every row: parts of `file` name, or words where a rule of all scenarios holds the promise. */
const proofs = text
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (?:promise|threat) /.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, 3)
      .map((cell) => cell.trim()),
  )
  .flatMap(([promise = '', held = '']) => held.split('<br>').map((proof) => ({ promise, proof })));

test('every promise is held by something', () => {
  assert.ok(proofs.length > 40);
  for (const { promise, proof } of proofs) {
    assert.notEqual(promise, '');
    assert.match(proof, /^(?:`test\/\S+\.test\.ts` \S|every scenario: )/, promise);
  }
});

for (const { proof } of proofs.filter(({ proof }) => proof.startsWith('`'))) {
  const [, file = '', name = ''] = /^`(\S+)` (.+)$/.exec(proof) ?? [];
  test(`${file} has the test: ${name}`, () => {
    assert.ok(existsSync(join(root, file)), `${file} is not there`);
    const source = readFileSync(join(root, file), 'utf8').replaceAll(/\(\s+/g, '(');
    const isThere = ["'", '"', '`'].some((quote) => source.includes(`(${quote}${name}${quote}`));
    assert.ok(isThere, `no test of ${file} is called so`);
  });
}
