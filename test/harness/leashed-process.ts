// Child processes that never outlive this one, however it ends and even while they are paused.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { within } from './wait-for.ts';

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type Command = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio: StdioOptions;
  /** A directory to delete when this process dies without having ended the child. */
  readonly temporaryDirectory?: string;
};

export type LeashedProcess = {
  readonly child: ChildProcess;
  readonly pid: number;
  /** How the child ended; undefined while it runs. */
  readonly exit: () => Exit | undefined;
  /** Resolves with the exit, or with undefined after timeoutMs. */
  readonly waitForExit: (timeoutMs: number) => Promise<Exit | undefined>;
  /** Signals the child and its descendants; nothing happens when it has ended. */
  readonly signal: (name: NodeJS.Signals) => void;
  /** SIGTERM (a paused child is woken for it), then SIGKILL when it has not ended within timeoutMs. */
  readonly stop: (timeoutMs: number) => Promise<Exit>;
};

// Waits for a line (the child has ended) or for the end of its input (the parent has died: end the child).
// It ignores the signals of a terminal and sits in a session of its own, so it survives what kills the parent.
const leashScript = `
trap '' INT TERM HUP
read -r line && exit 0
kill -s KILL -- "-$1" 2>/dev/null
[ -z "$2" ] || { sleep 0.2; rm -rf -- "$2"; }
`;

/**
 * Starts a command in a session of its own: Ctrl-C in a terminal reaches this process only, which then stops its
 * children in order. Neither the child nor its pipes keep this process alive. Rejects when it cannot be started.
 */
export async function startLeashed(options: Command): Promise<LeashedProcess> {
  const { command, args, cwd, env = process.env, stdio, temporaryDirectory = '' } = options;
  const child = spawn(command, args, { cwd, env, stdio, detached: true });
  let exit: Exit | undefined;
  const ended = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      resolve(exit);
    });
  });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  attachLeash(child, pid, temporaryDirectory);
  release(child);

  const signal = (name: NodeJS.Signals): void => {
    if (exit === undefined) signalGroup(pid, name);
  };
  const waitForExit = (timeoutMs: number): Promise<Exit | undefined> => within(ended, timeoutMs);
  return {
    child,
    pid,
    exit: () => exit,
    waitForExit,
    signal,
    async stop(timeoutMs) {
      signal('SIGTERM');
      signal('SIGCONT');
      const inTime = await waitForExit(timeoutMs);
      if (inTime !== undefined) return inTime;
      signal('SIGKILL');
      const killed = await waitForExit(5_000);
      if (killed === undefined) throw new Error(`process ${pid} (${command}) does not even end on SIGKILL`);
      return killed;
    },
  };
}

function attachLeash(child: ChildProcess, pid: number, temporaryDirectory: string): void {
  const args = ['-c', leashScript, 'leash', String(pid), temporaryDirectory];
  const leash = spawn('sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  leash.once('error', () => signalGroup(pid, 'SIGKILL'));
  // The write fails with EPIPE when somebody ended the leash: nothing is left to let go then.
  leash.stdin.on('error', () => undefined);
  child.once('exit', () => leash.stdin.end('ended\n'));
  release(leash);
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    // It has ended, and the news of it is still under way.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Takes the process and its pipes out of what keeps this process's event loop alive. */
function release(child: ChildProcess): void {
  child.unref();
  for (const stream of child.stdio) if (stream instanceof Socket) stream.unref();
}
