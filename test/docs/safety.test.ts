// Checks that each test which the safety pages of docs name for a promise, or docs/security.md for a threat, exists under that name.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const pages = globSync(['docs/safety*.md', 'docs/security.md'], { cwd: root });
const text = pages.map((page) => readFileSync(join(root, page), 'utf8')).join('\n');

/** A promise in bold, and below it the tests: `file` name, or words where a rule of all scenarios holds the promise. */
const items = text.split(/^(?=- \*\*|#)/m);
const proofs = items.flatMap((item) => {
  const [, promise] = /^- \*\*([^*]+)\*\*$/m.exec(item) ?? [];
  if (promise === undefined) return [];
  const lines = item.replaceAll(/\n {4}/g, ' ');
  const held = [...lines.matchAll(/^ {2}- (.+)$/gm)].map(([, proof = '']) => proof);
  return (held.length > 0 ? held : ['']).map((proof) => ({ promise, proof }));
});

test('every promise is held by something', () => {
  assert.equal(pages.length, 4);
  assert.ok(proofs.length > 200, String(proofs.length));
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
