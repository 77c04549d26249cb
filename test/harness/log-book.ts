// The JSON log lines of a process, kept in bounded memory, to be searched and waited for.
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** One parsed line; what is not a JSON object becomes { stream, msg }. */
export type LogLine = { readonly msg?: string; readonly [field: string]: unknown };

const maxLines = 20_000;
const linesInError = 20;

export class LogBook {
  #lines: LogLine[] = [];
  #ended: string | undefined;
  readonly #listeners = new Set<(line: LogLine | undefined) => void>();

  /** Takes in what stream says, line by line; name marks lines that are not JSON. */
  read(name: string, stream: Readable): void {
    createInterface({ input: stream }).on('line', (text) => this.#add(parse(name, text)));
  }

  /** No line will come any more: whoever waits is told why. */
  end(reason: string): void {
    this.#ended = reason;
    for (const listener of this.#listeners) listener(undefined);
  }

  lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Rejects after timeoutMs, or at once when the end has come, with the last lines in the error. */
  async waitFor(fits: (line: LogLine) => boolean, timeoutMs: number): Promise<LogLine> {
    const known = this.#lines.find(fits);
    if (known !== undefined) return known;
    if (this.#ended !== undefined) throw this.#failure(this.#ended);
    const found = Promise.withResolvers<LogLine>();
    const listener = (line: LogLine | undefined): void => {
      try {
        if (line === undefined) found.reject(this.#failure(this.#ended ?? ''));
        else if (fits(line)) found.resolve(line);
      } catch (error) {
        found.reject(error);
      }
    };
    const late = (): void => found.reject(this.#failure(`no such log line within ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    this.#listeners.add(listener);
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      this.#listeners.delete(listener);
    }
  }

  #add(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length > maxLines) this.#lines = this.#lines.slice(-maxLines / 2);
    for (const listener of this.#listeners) listener(line);
  }

  #failure(reason: string): Error {
    const last = this.#lines.slice(-linesInError).map((line) => JSON.stringify(line));
    return new Error(`${reason}; the last log lines:\n${last.join('\n')}`);
  }
}

function parse(stream: string, text: string): LogLine {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as LogLine;
  } catch {
    // A crash, a warning of Node's: kept as text.
  }
  return { stream, msg: text };
}
