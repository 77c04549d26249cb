// A program beside the bench: a process of its own that says what it measured as lines of JSON.
import { LogBook, type LogLine } from '../harness/log-book.ts';
import { startLeashed } from '../harness/leashed-process.ts';

export type ProgramOptions = {
  readonly command: string;
  readonly args: readonly string[];
  /** Given to it as JSON on its standard input: what the command line may not show. */
  readonly input?: unknown;
  /** Ends it; whoever waits for a line is then told so. */
  readonly signal: AbortSignal;
};

export type Program = {
  readonly pid: number;
  /** The first line, so far or to come, with this field; the field's value. Rejects with the last lines. */
  readonly field: <T>(name: string, timeoutMs: number) => Promise<T>;
  readonly lines: () => readonly LogLine[];
  readonly stop: () => Promise<void>;
} & AsyncDisposable;

const stopLimitMs = 10_000;

export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { command, args, input, signal } = options;
  signal.throwIfAborted();
  const leashed = await startLeashed({ command, args, stdio: ['pipe', 'pipe', 'pipe'] });
  const { child } = leashed;
  const book = new LogBook();
  if (child.stdout) book.read('stdout', child.stdout);
  if (child.stderr) book.read('stderr', child.stderr);
  child.once('close', (code, name) =>
    book.end(`${args.at(0) ?? command} ended (code ${code}, signal ${name})`),
  );
  // It may end without having read its input: its exit then tells why.
  child.stdin?.on('error', () => undefined).end(input === undefined ? '' : JSON.stringify(input));
  const abort = (): void => leashed.signal('SIGTERM');
  signal.addEventListener('abort', abort, { once: true });
  const stop = async (): Promise<void> => {
    signal.removeEventListener('abort', abort);
    await leashed.stop(stopLimitMs);
  };
  return {
    pid: leashed.pid,
    async field<T>(name: string, timeoutMs: number) {
      try {
        return (await book.waitFor((line) => name in line, timeoutMs))[name] as T;
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      }
    },
    lines: () => book.lines(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A TypeScript program, by this process's own Node. */
export function startNode(
  file: string,
  options: Pick<ProgramOptions, 'input' | 'signal'> & {
    readonly args?: readonly string[];
    /** Node's own: '--max-old-space-size=96'. */
    readonly nodeArgs?: readonly string[];
  },
): Promise<Program> {
  const { args = [], nodeArgs = [], ...rest } = options;
  return startProgram({ ...rest, command: process.execPath, args: [...nodeArgs, file, ...args] });
}
