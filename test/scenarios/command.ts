// A command of the program that ends by itself, as a process under the operator's own rights.
import { spawn } from 'node:child_process';
import { operatorProgram } from '../harness/operator-process.ts';
import { operatorNamespace, type Stage } from './stage.ts';

const limitMs = 60_000;

export type Ended = {
  readonly code: number | null;
  /** Of standard output. */
  readonly lines: readonly string[];
};

export type RunningCommand = {
  readonly interrupt: () => void;
  /** Closes the other end of its standard output. */
  readonly stopReading: () => void;
  readonly ended: Promise<Ended>;
};

export type CommandOptions = {
  /** Default: a token of the operator's ServiceAccount. */
  readonly token?: string;
};

/** @param args the command and what follows it, such as ['purge', '--yes']. */
export async function startCommand(
  { cluster, plane }: Pick<Stage, 'cluster' | 'plane'>,
  [command = '', ...more]: readonly string[],
  { token }: CommandOptions = {},
): Promise<RunningCommand> {
  const used = token ?? (await cluster.serviceAccountToken(operatorNamespace, 'pan-tag-operator'));
  const kubeconfig = await plane.kubeconfigFor({ token: used });
  const args = [
    operatorProgram,
    command,
    '--kubeconfig',
    kubeconfig,
    '--namespace',
    operatorNamespace,
    ...more,
  ];
  const signal = AbortSignal.timeout(limitMs);
  const child = spawn(process.execPath, args, { env: {}, signal, stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  const { promise: ended, resolve, reject } = Promise.withResolvers<Ended>();
  child.once('error', reject);
  child.once('close', (code) => resolve({ code, lines: output.trimEnd().split('\n') }));
  return { ended, interrupt: () => child.kill('SIGINT'), stopReading: () => child.stdout.destroy() };
}
