// A client of PAN-OS that others wrote, as a process: it is called by lines of JSON and answers in lines of JSON.
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { startLeashed, type Command } from '../harness/leashed-process.ts';

/** What the client raised. */
export type Raised = { readonly kind: string; readonly text: string };

export type Stranger = {
  /** What the client's call returned; rejects where it raised, or did not answer in time. */
  readonly call: (name: string, values?: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /** What the client's call raised; rejects where it returned. */
  readonly raises: (name: string, values?: Readonly<Record<string, unknown>>) => Promise<Raised>;
} & AsyncDisposable;

type Answer = { readonly result?: unknown; readonly error?: Raised };

const answerLimitMs = 120_000;

export async function startStranger(command: Omit<Command, 'stdio'>): Promise<Stranger> {
  const process = await startLeashed({ ...command, stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout } = process.child;
  assert.ok(stdin && stdout);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  stdin.on('error', () => undefined);

  const ask = async (name: string, values: Readonly<Record<string, unknown>> = {}): Promise<Answer> => {
    stdin.write(`${JSON.stringify({ call: name, ...values })}\n`);
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => timeout.reject(new Error(`${name}: no answer`)), answerLimitMs);
    try {
      const line = await Promise.race([lines.next(), timeout.promise]);
      if (line.done === true) throw new Error(`${name}: the client has ended`);
      return JSON.parse(line.value) as Answer;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    async call(name, values) {
      const { error, result } = await ask(name, values);
      if (error) throw new Error(`${name} raised ${error.kind}: ${error.text}`);
      return result;
    },
    async raises(name, values) {
      const { error, result } = await ask(name, values);
      assert.ok(error, `${name} returned ${JSON.stringify(result)}`);
      return error;
    },
    async [Symbol.asyncDispose]() {
      await process.stop(5_000);
    },
  };
}
