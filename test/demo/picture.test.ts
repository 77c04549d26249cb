// The README's picture: a recorded round of the script as it is now, drawn as an image that a page can show.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { byNumber } from '../../demo/frame.ts';
import { agree, ours } from '../../demo/picture.ts';
import { playedLines } from '../../demo/played.ts';
import { readRecording } from '../../demo/recording.ts';
import { steps, withPrefix } from '../../demo/script.ts';
import { pictureFiles, recordingFile } from '../../scripts/demo-picture.ts';

const root = new URL('../../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');
const played = readRecording(text(recordingFile));
const [[file, svg] = ['', '']] = pictureFiles(text);

test('the recording is of the script as it is: the same steps, each ended as the script expects', () => {
  assert.deepEqual(
    played.map(({ title }) => title),
    steps.map(({ title }) => title),
  );
  for (const [i, { picture, ms }] of played.entries()) {
    const { expected, pods } = steps[i] ?? assert.fail();
    assert.deepEqual(
      [...ours(picture.after)].sort(([a], [b]) => byNumber(a, b)),
      [...withPrefix(expected)],
    );
    assert.deepEqual(picture.before, played[i - 1]?.picture.after ?? picture.before);
    assert.ok(agree(picture.statuses, picture.after, pods));
    assert.equal(ms === undefined, i === 0);
  }
});

test('the README shows the picture that is drawn', () => {
  assert.match(text('README.md'), new RegExp(`!\\[[^\\]]+\\]\\(${file}\\)`));
  assert.equal(text(file), svg);
});

test('every line of every step stands in the picture', () => {
  const parser = new XMLParser({
    ignoreAttributes: false,
    trimValues: false,
    isArray: (name) => ['g', 'text', 'tspan'].includes(name),
  });
  const { svg: picture } = parser.parse(svg) as {
    svg: { g: { text: { tspan: { '#text': string | number }[] }[] }[] };
  };
  const shown = picture.g.map((step) =>
    step.text.map(({ tspan }) => tspan.map((one) => String(one['#text'])).join(' ')),
  );
  const words = (line: string) => line.trim().split(/ +/).join(' ');
  const wanted = played.map((step) =>
    playedLines(step)
      .map((line) => words(line.map((span) => span.text).join('')))
      .filter((line) => line !== ''),
  );
  assert.deepEqual(
    shown.map((lines) => lines.map(words)),
    wanted,
  );
});

test('it is well formed, small, and asks for nothing from elsewhere', () => {
  assert.equal(XMLValidator.validate(svg), true);
  assert.ok(svg.length < 60_000, `${svg.length} bytes`);
  assert.doesNotMatch(svg, /<script|<foreignObject|href|url\(|@import|@font-face|\son\w+=/i);
  assert.deepEqual(svg.match(/https?:[^"]*/g), ['http://www.w3.org/2000/svg']);
});

test('one step is to be seen where nothing moves', () => {
  assert.equal(svg.match(/class="step still"/g)?.length, 1);
  assert.match(svg, /prefers-reduced-motion:reduce/);
});
