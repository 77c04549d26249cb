// Writes lines to a file descriptor without blocking: a reader that is slow costs lines, never the process its time.

import { write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Up to here a write to a pipe is one piece: lines that others write meanwhile do not fall into it (PIPE_BUF). */
const pieceBytes = 4096;
/** A pipe that does not block and is full is tried again after so long. */
const fullMs = 20;

type LineSinkOptions = {
  /** Writes all of it. Rejects when nobody will ever read it. */
  readonly write: (text: string) => Promise<void>;
  /** So much waits at most; what comes then is lost. */
  readonly mostBytes: number;
  /** Told of lines that nobody will read. */
  readonly lost: (lines: number) => void;
  /** The line that stands where so many are missing. */
  readonly gap: (lines: number) => string;
};

export class LineSink {
  readonly #options: LineSinkOptions;
  #waiting: string[] = [];
  #bytes = 0;
  /** Lines that are missing after those that wait. */
  #missing = 0;
  #writing: Promise<void> | undefined;

  constructor(options: LineSinkOptions) {
    this.#options = options;
  }

  /** @param line without its end. */
  push(line: string): void {
    const { mostBytes, lost, gap } = this.#options;
    const text = this.#missing === 0 ? `${line}\n` : `${gap(this.#missing)}\n${line}\n`;
    const bytes = Buffer.byteLength(text);
    if (this.#bytes + bytes > mostBytes) {
      this.#missing += 1;
      return lost(1);
    }
    this.#missing = 0;
    this.#waiting.push(text);
    this.#bytes += bytes;
    this.#writing ??= this.#drain();
  }

  /** Resolves when everything has been written, or after so long; what has not by then is lost. */
  async close(limitMs: number): Promise<void> {
    const { lost, gap } = this.#options;
    if (this.#missing > 0) {
      this.#waiting.push(`${gap(this.#missing)}\n`);
      this.#missing = 0;
      this.#writing ??= this.#drain();
    }
    const timer = new AbortController();
    const limit = sleep(limitMs, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([this.#writing, limit]);
    timer.abort();
    if (this.#waiting.length > 0) lost(this.#waiting.length);
    this.#waiting = [];
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const count = this.#pieceLength();
      const piece = this.#waiting.splice(0, count).join('');
      try {
        await this.#options.write(piece);
      } catch {
        this.#missing += count;
        this.#options.lost(count);
      }
      this.#bytes -= Buffer.byteLength(piece);
    }
    this.#writing = undefined;
  }

  /** How many lines go together. */
  #pieceLength(): number {
    let bytes = 0;
    let count = 0;
    for (const line of this.#waiting) {
      bytes += Buffer.byteLength(line);
      if (count > 0 && bytes > pieceBytes) break;
      count += 1;
    }
    return count;
  }
}

/** Writes all of a text to a file descriptor, in a thread that may wait for its reader: one of Node's four, as one write is on its way. */
export async function writeAll(descriptor: number, text: string): Promise<void> {
  let rest = Buffer.from(text);
  while (rest.length > 0) rest = rest.subarray(await writeSome(descriptor, rest));
}

async function writeSome(descriptor: number, bytes: Buffer): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  write(descriptor, bytes, (error, written) => {
    if (error === null) resolve(written);
    else if (error.code === 'EAGAIN') resolve(0);
    else reject(error);
  });
  const written = await promise;
  if (written === 0) await sleep(fullMs);
  return written;
}
