// Replicas in virtual time that ask for one Lease in memory, each with its own network, clock and work.
import { productTiming } from '../../../src/core/model/timing.ts';
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Election, type ElectionMode } from '../../../src/operator/leadership/election.ts';
import type { Clocks, Term } from '../../../src/operator/leadership/term.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import type { LeaseServer, Network } from './lease-server.ts';

mock.timers.enable({ apis: ['setTimeout'] });
export const log = createLogger({ level: 'silent', format: 'json' });
let time = 0;

/** Virtual ms. */
export const now = (): number => time;

export const clocks = { now, wall: () => 1e12 + time };

const stepMs = 50;

/** Virtual time passes in steps in which everybody acts; `each` is called after every step. */
export async function pass(ms: number, each: () => void = () => undefined): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    jump(stepMs);
    mock.timers.tick(stepMs);
    for (let turn = 0; turn < 12; turn += 1) await setImmediate();
    each();
  }
}

/** Time passes unnoticed: no timer fires before the next step. */
export function jump(ms: number): void {
  time += ms;
}

export type Replica = {
  readonly name: string;
  network: Network;
  /** How long its work takes to end after its term, if the Lease is not lost before. */
  lastWorkMs: number;
  /** While it works. */
  term: Term | undefined;
  former: string | undefined;
  found: string | undefined;
  readonly election: Election;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
};

export type ReplicaOptions = {
  readonly server: LeaseServer;
  readonly name: string;
  readonly mode?: ElectionMode;
  readonly clocks?: Clocks;
  readonly turnedBack?: () => void;
};

export function start({
  server,
  name,
  mode = 'wait',
  clocks: own = clocks,
  turnedBack = () => undefined,
}: ReplicaOptions): Replica {
  const stopping = new AbortController();
  const state = { ended: false };
  const replica: Replica = {
    name,
    network: 'up',
    lastWorkMs: 0,
    term: undefined,
    former: undefined,
    found: undefined,
    election: new Election({
      client: server.client(() => replica.network),
      identity: name,
      mode,
      clocks: own,
      turnedBack,
      timing: productTiming,
      found: (lease) => {
        replica.found = lease?.holder ?? 'none';
      },
      log,
    }),
    async stop() {
      stopping.abort();
      for (let waited = 0; !state.ended; waited += stepMs) {
        assert.ok(waited <= replica.lastWorkMs + 15_000, `${name} does not stop`);
        await pass(stepMs);
      }
    },
  };
  const lead = async (term: Term, former: { holder: string } | undefined): Promise<void> => {
    replica.term = term;
    replica.former = former?.holder;
    await aborted(term.signal);
    if (replica.lastWorkMs > 0) await Promise.race([aborted(term.lost), timer(replica.lastWorkMs)]);
    replica.term = undefined;
  };
  void replica.election.run(stopping.signal, lead).finally(() => {
    state.ended = true;
  });
  return replica;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function timer(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Passes time until it leads; tells after how long. */
export async function untilLeading(replica: Replica, limitMs: number): Promise<number> {
  const since = time;
  while (replica.term === undefined) {
    assert.ok(time - since < limitMs, `${replica.name} does not lead after ${limitMs} ms`);
    await pass(stepMs);
  }
  return time - since;
}
