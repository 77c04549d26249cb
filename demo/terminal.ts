// Turns styled lines into text for an output stream, with colours where it is a terminal and NO_COLOR is not set.

import { styleText } from 'node:util';
import { columns, cut, type Line, type Style } from './frame.ts';

type Colours = Parameters<typeof styleText>[0];

const colours: Readonly<Record<Style, Colours | undefined>> = {
  plain: undefined,
  strong: 'bold',
  faint: 'gray',
  came: 'green',
  gone: ['red', 'strikethrough'],
};

/** Each line with its end. */
export function rendered(lines: readonly Line[], stream: NodeJS.WriteStream): string {
  return lines.map((line) => `${coloured(line, stream)}\n`).join('');
}

function coloured(line: Line, stream: NodeJS.WriteStream): string {
  return line
    .map(({ text, style }) => {
      const colour = colours[style];
      return colour === undefined ? text : styleText(colour, text, { stream });
    })
    .join('');
}

/** Over what stands on the terminal, without flicker: from the top, each line to its end, then the rest. */
export function redrawn(lines: readonly Line[], stream: NodeJS.WriteStream): string {
  // A terminal that does not say how large it is says 0. The last line stays free: an end of line there would move all of it up.
  const fitting = lines.slice(0, (stream.rows || 24) - 1).map((line) => cut(line, stream.columns || columns));
  return `\x1b[H${rendered(fitting, stream).replaceAll('\n', '\x1b[K\n')}\x1b[J`;
}
