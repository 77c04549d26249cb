// Draws a recorded round of the demo as an SVG that moves, with the lines that the demo prints.

import { columns, type Line, type Style } from '../demo/frame.ts';
import { playedLines } from '../demo/played.ts';
import { readRecording } from '../demo/recording.ts';

export const recordingFile = 'demo/recording.json';
const pictureFile = 'docs/demo.svg';

const cell = { width: 8.4, height: 19, font: 14 } as const;
const margin = 18;
/** How long a step is shown. */
const stepSeconds = 4;
/** The step to see where nothing moves: three Pods have come. */
const still = 1;

/** As on a dark terminal, whatever the page is. */
const classes: Readonly<Record<Style, string>> = {
  plain: 'fill:#e6edf3',
  strong: 'fill:#e6edf3;font-weight:bold',
  faint: 'fill:#9198a1',
  came: 'fill:#3fb950',
  gone: 'fill:#ff7b72;text-decoration:line-through',
};

/** Path from the repository's root -> content. */
export function pictureFiles(read: (path: string) => string): Map<string, string> {
  return new Map([[pictureFile, drawn(readRecording(read(recordingFile)).map(playedLines))]]);
}

function drawn(frames: readonly (readonly Line[])[]): string {
  const rows = Math.max(...frames.map((lines) => lines.length));
  const [width, height] = [Math.ceil(columns * cell.width) + 2 * margin, rows * cell.height + 2 * margin];
  const share = (100 / frames.length).toFixed(3);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    '<title id="title">The demo: the registered-ip table of a firewall follows Pods that come and go</title>',
    '<style>',
    `text{font:${cell.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}`,
    ...Object.entries(classes).map(([style, css]) => `.${style}{${css}}`),
    `.step{opacity:0;animation:step ${frames.length * stepSeconds}s infinite step-end}`,
    `@keyframes step{0%{opacity:1}${share}%{opacity:0}}`,
    '.still{opacity:1}',
    '@media (prefers-reduced-motion:reduce){.step{animation:none}}',
    '</style>',
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" fill="#0d1117" stroke="#3d444d"/>`,
    ...frames.flatMap((lines, i) => step(lines, i, frames.length)),
    '</svg>',
  ].join('\n')}\n`;
}

function step(lines: readonly Line[], i: number, of: number): string[] {
  // Begun in the past, so that it shows at once what is its turn.
  const delay = (i - of) * stepSeconds;
  const name = i === still ? 'step still' : 'step';
  const texts = lines.flatMap((line, row) => drawnLine(line, margin + cell.font + row * cell.height));
  return [`<g class="${name}" style="animation-delay:${delay}s">`, ...texts, '</g>'];
}

/** Each piece at its column and as wide as its characters, whatever font there is. Blanks in a row are no part of one. */
function drawnLine(line: Line, y: number): string[] {
  let column = 0;
  const pieces = line.flatMap(({ text, style }) => {
    const start = column;
    column += text.length;
    return [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: shown, index }) => {
      const x = (margin + (start + index) * cell.width).toFixed(1);
      const length = (shown.length * cell.width).toFixed(1);
      return `<tspan x="${x}" textLength="${length}" class="${style}">${escaped(shown)}</tspan>`;
    });
  });
  return pieces.length === 0 ? [] : [`<text y="${y}">${pieces.join('')}</text>`];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
