// Start-up errors of the simulator: one sentence that names the argument and what to give instead.

import * as z from 'zod';
import type { SimulatorOptions } from './assemble.ts';

/** What was typed is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Place = Pick<SimulatorOptions, 'host' | 'controlHost' | 'port' | 'controlPort'>;

/** @param place what the arguments said of ports and addresses, as far as they could be read */
export const problemOf = (error: unknown, place: Place): string => {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  if (!(error instanceof Error)) return String(error);
  const { code = '', syscall, path } = error as NodeJS.ErrnoException;
  if (syscall === 'listen' || syscall === 'getaddrinfo') return notListening(error, place);
  if (syscall !== undefined && path !== undefined) {
    return `${path} cannot be written (${code}): give another file as --ca-file`;
  }
  return error.message;
};

type ListenFailure = NodeJS.ErrnoException & { readonly port?: number; readonly hostname?: string };

const notListening = (error: ListenFailure, { host, controlHost, port, controlPort }: Place): string => {
  const { code = '', port: failed, hostname } = error;
  if (code === 'EADDRINUSE' || code === 'EACCES') {
    const flag = failed === controlPort && failed !== port ? '--control-port' : '--port';
    const cause = code === 'EACCES' ? 'it is reserved' : 'another process has it';
    return `${flag} ${failed}: ${cause}. Give another port, or 0 for a free one: ${flag} 0`;
  }
  const address = hostname ?? (error as { readonly address?: string }).address;
  const flag = address === controlHost && address !== host ? '--control-host' : '--host';
  return `${flag} ${address}: this machine has no such address (${code}). Give one of its own, such as 127.0.0.1`;
};

/** `; did you mean X?` where a known word is at most two edits, and a third of itself, away; else ''. */
export const meant = (word: string, known: readonly string[], before = ''): string => {
  const [near] = known
    .map((candidate) => ({ candidate, distance: edits(word, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.min(2, Math.ceil(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return near ? `; did you mean ${before}${near.candidate}?` : '';
};

/** Insertions, deletions and replacements of one character that make b of a. */
const edits = (a: string, b: string): number => {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i += 1) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (above[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      row.push(Math.min(replaced, (above[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    above = row;
  }
  return above[b.length] ?? 0;
};
