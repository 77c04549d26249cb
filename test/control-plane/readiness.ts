// Waits until a control plane that was just started can be used.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { LeashedProcess } from '../harness/leashed-process.ts';
import type { Layout } from './layout.ts';

type Started = {
  readonly layout: Layout;
  readonly processes: readonly LeashedProcess[];
  /** 0: the process writes it to layout.addressFile. */
  readonly port: number;
  readonly signal: AbortSignal | undefined;
};

const startLimitMs = 60_000;
const pollMs = 25;
const requestLimitMs = 2_000;

// /readyz does not wait for the namespaces that the API server makes for itself.
const paths = ['/readyz', '/api/v1/namespaces/kube-system', '/api/v1/namespaces/default'];

/** Resolves with the port; rejects when a process has ended, after 60 s, and when signal aborts. */
export async function waitUntilReady(started: Started): Promise<number> {
  const { layout, processes, signal } = started;
  const deadline = performance.now() + startLimitMs;
  let agent: Agent | undefined;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const ended = processes.map((server) => server.exit()).find((exit) => exit !== undefined);
      if (ended !== undefined)
        throw new Error(`a process ended (code ${ended.code}, signal ${ended.signal})`);
      const port = started.port || (await readPort(layout));
      agent ??= await makeAgent(layout);
      if (port !== 0 && agent && (await isReady(port, agent, layout.adminToken))) return port;
      if (performance.now() > deadline) throw new Error(`not ready after ${startLimitMs} ms`);
      await sleep(pollMs, undefined, signal ? { signal } : {});
    }
  } finally {
    await agent?.destroy();
  }
}

async function readPort(layout: Layout): Promise<number> {
  const [line = '', ...rest] = (await readFile(layout.addressFile, 'utf8').catch(() => '')).split('\n');
  return rest.length === 0 ? 0 : Number(line.split(':').at(-1));
}

/** undefined until the API server has written its certificate and the CA behind it. */
async function makeAgent(layout: Layout): Promise<Agent | undefined> {
  const ca = await readFile(layout.caFile, 'utf8').catch(() => '');
  const certificates = ca.split('-----END CERTIFICATE-----').length - 1;
  return certificates < 2
    ? undefined
    : new Agent({ allowH2: false, connect: { ca, timeout: requestLimitMs } });
}

async function isReady(port: number, dispatcher: Agent, token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  try {
    for (const path of paths) {
      const signal = AbortSignal.timeout(requestLimitMs);
      const url = `https://127.0.0.1:${port}${path}`;
      const { statusCode, body } = await request(url, { dispatcher, headers, signal });
      await body.dump();
      if (statusCode !== 200) return false;
    }
    return true;
  } catch {
    return false;
  }
}
