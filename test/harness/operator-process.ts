// The operator as a process of its own, as in a cluster: started, heard, paused, killed.
import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Timing } from '../../src/core/model/timing.ts';
import { LogBook, type LogLine } from './log-book.ts';
import { startLeashed, type Exit, type LeashedProcess } from './leashed-process.ts';

export type OperatorOptions = {
  readonly kubeconfig: string;
  /** The operator's own namespace. */
  readonly namespace: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Times of the product that are shorter than usual. */
  readonly timing?: Partial<Timing> | undefined;
  /** Further arguments of `run`. */
  readonly args?: readonly string[];
  /** Node's own arguments, before the program: '--max-old-space-size=96'. */
  readonly nodeArgs?: readonly string[];
  /** Gets a copy of all output. */
  readonly logFile?: string;
  /** Default operatorProgram. */
  readonly program?: string;
  /** Default true. false resolves as soon as the process runs: for tests of starts that fail. */
  readonly waitUntilListening?: boolean;
};

export type OperatorProcess = {
  readonly pid: number;
  /** 'http://127.0.0.1:41234', of /metrics, /healthz and /readyz; throws before the operator has said it. */
  readonly httpUrl: string;
  /** The lines so far, oldest first; the oldest half is dropped beyond 20,000. */
  readonly logs: () => readonly LogLine[];
  /**
   * The first line, of those so far and those to come, that fits. Rejects after timeoutMs (default 10,000) or when the
   * process has ended, with the last lines in the error.
   */
  readonly waitForLog: (fits: (line: LogLine) => boolean, timeoutMs?: number) => Promise<LogLine>;
  /** Resolves with undefined when it still runs after timeoutMs. */
  readonly waitForExit: (timeoutMs: number) => Promise<Exit | undefined>;
  /** SIGTERM; SIGKILL after 20 s, which shows in the exit. */
  readonly stop: () => Promise<Exit>;
  /** SIGKILL. */
  readonly kill: () => Promise<Exit>;
  /** SIGSTOP: its connections stay open, its Lease runs out. */
  readonly pause: () => void;
  readonly resume: () => void;
} & AsyncDisposable;

const bundled = process.env['PANTAG_TEST_OPERATOR'];
/** What is started as the operator: its sources, or under `npm test` a bundle of them, which starts with a third of the CPU. */
export const operatorProgram = bundled ?? join(import.meta.dirname, '../../src/main.ts');
const startLimitMs = 30_000;
const stopLimitMs = 20_000;

/** Starts `run`; resolves when it listens for HTTP, rejects with its last lines when it does not. */
export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const { env, timing, logFile, waitUntilListening = true } = options;
  const argv = [globalThis.process.execPath, ...commandLine(options)];
  return startCommandLine({
    argv,
    env: environment({ ...timingVariable(timing), ...env }),
    logFile,
    waitUntilListening,
  });
}

export type CommandLine = {
  /** Of `run`, with the program that is to run it: [node, file, 'run', ...]. */
  readonly argv: readonly string[];
  /** All that it shall have. */
  readonly env: NodeJS.ProcessEnv;
  readonly logFile?: string | undefined;
  /** Default true. */
  readonly waitUntilListening?: boolean;
};

/** The same for a whole command line. */
export async function startCommandLine(options: CommandLine): Promise<OperatorProcess> {
  const operator = await launch(options);
  if (options.waitUntilListening ?? true) {
    try {
      await operator.waitForLog(isListening, startLimitMs);
    } catch (error) {
      await operator.kill();
      throw error;
    }
  }
  return operator;
}

async function launch({ argv, env, logFile }: CommandLine): Promise<OperatorProcess> {
  const [command = '', ...args] = argv;
  const process = await startLeashed({ command, args, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const logs = listen(process, logFile);
  const stop = (): Promise<Exit> => process.stop(stopLimitMs);
  return {
    pid: process.pid,
    get httpUrl() {
      const line = logs.lines().find(isListening);
      if (line === undefined) throw new Error('the operator has not said yet where it listens');
      return `http://${String(line['address'])}`;
    },
    logs: () => logs.lines(),
    waitForLog: (fits, timeoutMs = 10_000) => logs.waitFor(fits, timeoutMs),
    waitForExit: process.waitForExit,
    stop,
    kill() {
      process.signal('SIGKILL');
      return process.stop(stopLimitMs);
    },
    pause: () => process.signal('SIGSTOP'),
    resume: () => process.signal('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

function commandLine(options: OperatorOptions): readonly string[] {
  const { kubeconfig, namespace, args = [], nodeArgs = [], program = operatorProgram } = options;
  const http = ['--http-address', '127.0.0.1:0', '--log-format', 'json'];
  return [
    ...nodeArgs,
    program,
    'run',
    '--kubeconfig',
    kubeconfig,
    '--namespace',
    namespace,
    ...http,
    ...args,
  ];
}

function timingVariable(timing: OperatorOptions['timing']): Readonly<Record<string, string>> {
  return timing === undefined ? {} : { PANTAG_TEST_TIMING: JSON.stringify(timing) };
}

/** Nothing of the developer's own settings reaches the operator. */
function environment(extra: OperatorOptions['env']): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(PANTAG_.*|KUBECONFIG|NODE_TEST_CONTEXT|HTTPS?_PROXY|NO_PROXY)$/i.test(name),
  );
  // The bundle's compiled code goes when it goes.
  const compiled = bundled === undefined ? {} : { NODE_COMPILE_CACHE: join(dirname(bundled), 'compiled') };
  return { ...Object.fromEntries(own), ...compiled, ...extra };
}

function listen({ child }: LeashedProcess, logFile: string | undefined): LogBook {
  const logs = new LogBook();
  const copy = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a' });
  for (const [name, stream] of [
    ['stdout', child.stdout],
    ['stderr', child.stderr],
  ] as const) {
    if (stream === null) continue;
    logs.read(name, stream);
    if (copy) stream.pipe(copy, { end: false });
  }
  // 'close' comes after the last byte of output, unlike 'exit'.
  child.once('close', (code, signal) => {
    logs.end(`the operator ended (code ${code}, signal ${signal})`);
    copy?.end();
  });
  return logs;
}

function isListening(line: LogLine): boolean {
  return line.msg === 'http server listening';
}
