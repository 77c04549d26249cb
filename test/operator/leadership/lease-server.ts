// A Lease in memory that several processes ask for, with a network that can fail in the ways that matter to elections.
import { setImmediate } from 'node:timers/promises';
import type { Claim, Lease, LeaseCall, LeaseClient } from '../../../src/kubernetes/leases/lease.ts';

export type Network = 'up' | 'down' | 'swallows-calls' | 'swallows-answers';

export type LeaseServer = {
  lease: Lease | undefined;
  /** The client of one process; its network is its own. */
  client(network: () => Network): LeaseClient;
  writes: number;
};

export function createLeaseServer(): LeaseServer {
  const server: LeaseServer = {
    lease: undefined,
    writes: 0,
    client: (network) => ({
      read: (call) => pass(network, call, () => server.lease),
      write: (claim, found, call) =>
        pass(network, call, () => (server.lease?.version === found?.version ? write(claim) : undefined)),
    }),
  };
  const write = ({ holder, termMs, at }: Claim): Lease => {
    server.writes += 1;
    // A server that was restored from a backup goes on counting from there.
    const version = String(Number(server.lease?.version ?? 0) + 1);
    server.lease = { holder, termMs, renewedAt: at, version, object: {} };
    return server.lease;
  };
  return server;
}

async function pass<T>(network: () => Network, { signal, timeoutMs }: LeaseCall, act: () => T): Promise<T> {
  signal.throwIfAborted();
  const state = network();
  if (state === 'down') throw new Error('no connection');
  await setImmediate();
  if (state === 'swallows-calls') return silence(signal, timeoutMs);
  const answer = act();
  if (state === 'swallows-answers') return silence(signal, timeoutMs);
  return answer;
}

function silence(signal: AbortSignal, timeoutMs: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error('no answer')), timeoutMs);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
