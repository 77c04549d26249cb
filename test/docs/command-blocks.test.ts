// Nothing in README and getting started is only to be believed: each block of commands is run by a test, or held for a reason that is true.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf, placeOf, root, runPages, shownIn } from './pasting/blocks.ts';
import { compare } from './pasting/comparison.ts';
import { heldBlocks, isHeld } from './pasting/held-blocks.ts';

const blocks = runPages.flatMap(blocksOf);

/** Which test runs what is not held; it takes every block of its page. */
const runners: Readonly<Record<(typeof runPages)[number], string>> = {
  'README.md': 'test/scenarios/readme.test.ts',
  'docs/getting-started.md': 'test/scenarios/getting-started.test.ts',
};

const read = (file: string) => readFileSync(join(root, file), 'utf8');

test('each block says what it is', () => {
  assert.ok(blocks.length > 20);
  for (const block of blocks)
    assert.match(block.language, /^(?:sh|console|yaml|panos|text)$/, placeOf(block));
});

test('each page has a test that runs all of its blocks that are not held', () => {
  for (const page of runPages) {
    const runner = read(runners[page]);
    assert.ok(runner.includes(`blocksOf('${page}')`), runners[page]);
    assert.ok(runner.includes('isHeld(block)'), runners[page]);
  }
});

test('a held block is there once, and what holds it says so', () => {
  for (const held of heldBlocks) {
    const found = blocks.filter(({ page, text }) => page === held.page && text.startsWith(held.begins));
    assert.equal(found.length, 1, held.begins);
    for (const words of held.saying) assert.ok(read(held.by).includes(words), `${held.by}: ${words}`);
  }
});

test('no command hides in a block of text', () => {
  for (const block of blocks.filter(({ language }) => language === 'text'))
    assert.doesNotMatch(
      block.text,
      /^(?:\$ )?(?:kubectl|helm|npm|git|curl|docker|skopeo|openssl) /m,
      placeOf(block),
    );
});

test('a console block begins with a command, and what it shows is compared', () => {
  const shown = blocks.filter((block) => block.language === 'console' && !isHeld(block));
  assert.ok(shown.length > 5);
  for (const block of shown) {
    assert.match(block.text, /^\$ /, placeOf(block));
    assert.ok(
      shownIn(block).some(({ output }) => output.some((line) => line !== '...')),
      placeOf(block),
    );
  }
});

test('what a page shows is compared line by line, but for what differs from run to run', () => {
  const printed =
    'NAME     READY   AGE\nedge-a   True    1m14s\n\n[20:01:42.198] INFO: leading {"identity":"x"}\n';
  const right = [
    ['NAME   READY  AGE', 'edge-a   True   3s', '', '[09:00:00.001] INFO: leading …'],
    ['...', 'edge-a   True    12m', '...'],
  ];
  for (const shown of right) assert.ok(compare(shown, printed));
  const wrong = [
    ['NAME   READY  AGE', 'edge-a   False   3s', '', '[09:00:00.001] INFO: leading …'],
    ['NAME   READY  AGE', 'edge-a   True   3s'],
    ['edge-a   True    3s', '...'],
    [],
  ];
  for (const shown of wrong) assert.throws(() => compare(shown, printed), assert.AssertionError);
});
