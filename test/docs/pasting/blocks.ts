// The fenced blocks of the pages whose commands are run, and what each of them shows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../../..');

/** The pages all of whose commands something runs. */
export const runPages = ['README.md', 'docs/getting-started.md'] as const;

export type Block = {
  readonly page: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  /** 'sh': commands. 'console': commands after '$ ', each with what it prints. 'yaml': objects to apply. 'text', 'panos': nothing to run here. */
  readonly language: string;
  /** Its one command runs until somebody ends it. */
  readonly keepsRunning: boolean;
  readonly text: string;
};

export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  const text = readFileSync(join(root, page), 'utf8');
  for (const found of text.matchAll(/^```(\S*)([^\n]*)\n(.*?)^```$/gms)) {
    const [, language = '', words = '', body = ''] = found;
    const line = text.slice(0, found.index).split('\n').length;
    blocks.push({ page, line, language, keepsRunning: words.trim() === 'keeps-running', text: body });
  }
  return blocks;
}

/** `page:line` of a block, for messages. */
export function placeOf({ page, line }: Block): string {
  return `${page}:${line}`;
}

export type Shown = { readonly command: string; readonly output: readonly string[] };

/** The commands of a console block, each with the lines that follow it. */
export function shownIn({ text }: Block): readonly Shown[] {
  const shown: { command: string; output: string[] }[] = [];
  let goesOn = false;
  for (const line of text.trimEnd().split('\n')) {
    const last = shown.at(-1);
    if (line.startsWith('$ ')) shown.push({ command: line.slice(2), output: [] });
    else if (last !== undefined && goesOn) last.command += `\n${line}`;
    else last?.output.push(line);
    goesOn = (line.startsWith('$ ') || goesOn) && line.endsWith('\\');
  }
  return shown;
}
