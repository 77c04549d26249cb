// Draws one frame as lines of styled text: what comes and goes in the firewall's table, and the statuses beside it.

/** `came` and `gone` are what a change made and took away; `faint` is of less interest. */
export type Style = 'plain' | 'strong' | 'faint' | 'came' | 'gone';
export type Span = { readonly text: string; readonly style: Style };
export type Line = readonly Span[];

/** Address -> tags, in the order in which they are shown. */
export type Table = ReadonlyMap<string, readonly string[]>;

/** Columns as the API server prints them, cells by column; '' where a kind has no such column. */
export type Statuses = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
};

/** Of a terminal that nobody has made wider: what would go beyond it goes on in the next line. */
export const columns = 80;

export const plain = (text: string): Line => [{ text, style: 'plain' }];
export const strong = (text: string): Line => [{ text, style: 'strong' }];
export const faint = (text: string): Line => [{ text, style: 'faint' }];
export const blank: Line = [];

/** The text in lines that fit. */
export function paragraph(text: string, style: Style): Line[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length === 0 || longer.length > columns) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line) => [{ text: line, style }]);
}

const gap = 2;

/** The table after a change: what came has a + and is `came`, what is gone has a - and is `gone`. */
export function tableLines(before: Table, after: Table): Line[] {
  const addresses = [...new Set([...before.keys(), ...after.keys()])].sort(byNumber);
  if (addresses.length === 0) return [faint('  (empty)')];
  const width = Math.max('ADDRESS'.length, ...addresses.map((address) => address.length)) + gap;
  const head = faint(`  ${'ADDRESS'.padEnd(width)}TAGS`);
  const rows = addresses.flatMap((address) =>
    row(address, { width, had: before.get(address) ?? [], has: after.get(address) ?? [] }),
  );
  return [head, ...rows];
}

type Change = { readonly width: number; readonly had: readonly string[]; readonly has: readonly string[] };

function row(address: string, { width, had, has }: Change): Line[] {
  const style = had.length === 0 ? 'came' : has.length === 0 ? 'gone' : 'plain';
  const tags = [...new Set([...had, ...has])].sort().map((tag): Span => {
    const own = had.includes(tag) ? (has.includes(tag) ? 'plain' : 'gone') : 'came';
    return { text: own === style ? tag : marks[own] + tag, style: own };
  });
  const changed = tags.some((tag) => tag.style !== 'plain');
  const mark = style === 'plain' && changed ? '~' : marks[style] || ' ';
  return wrapped({ text: `${mark} ${address.padEnd(width)}`, style }, tags);
}

const marks: Readonly<Record<Style, string>> = { came: '+', gone: '-', plain: '', strong: '', faint: '' };

/** The head and what stands beside it, in as many lines as that takes. */
function wrapped(head: Span, spans: readonly Span[]): Line[] {
  const lines: Span[][] = [[head]];
  let used = head.text.length;
  for (const span of spans) {
    if (used > head.text.length && used + 1 + span.text.length > columns) {
      lines.push([{ text: ''.padEnd(head.text.length), style: 'plain' }]);
      used = head.text.length;
    }
    const space: Span[] = used === head.text.length ? [] : [{ text: ' ', style: 'plain' }];
    lines.at(-1)?.push(...space, span);
    used += space.length + span.text.length;
  }
  return lines;
}

export function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** @param agreed false: counts that are about to follow the table are shown as `…` */
export function statusLines({ columns: names, rows }: Statuses, agreed: boolean): Line[] {
  const shown = rows.map((cells) => cells.map((cell) => (agreed || !/^\d+$/.test(cell) ? cell : '…')));
  const widths = names.map((name, i) =>
    Math.max(name.length, ...shown.map((cells) => (cells[i] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, i) => cell.padEnd((widths[i] ?? 0) + gap)).join('')}`.trimEnd();
  return [faint(line(names)), ...shown.map((cells) => plain(line(cells)))];
}

/** As many columns as there are: what is longer ends in `…`. */
export function cut(line: Line, width: number): Line {
  let left = width;
  const length = line.reduce((sum, { text }) => sum + text.length, 0);
  if (length <= width) return line;
  return line.flatMap((span) => {
    if (left <= 0) return [];
    const text = span.text.length < left ? span.text : `${span.text.slice(0, left - 1)}…`;
    left -= text.length;
    return [{ ...span, text }];
  });
}
