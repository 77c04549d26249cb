// Control planes that outlive the test file that uses them: lent to one file at a time, through a socket.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterAccess } from './access.ts';
import type { ControlPlane } from './control-plane.ts';

export type Pool = {
  /** Where to borrow; whoever closes the connection gives the control plane back as it is. */
  readonly socket: string;
  readonly close: () => Promise<void>;
};

/** Starts as many control planes as are borrowed at the same time, each when it is first needed. */
export async function openPool(start: () => Promise<ControlPlane>): Promise<Pool> {
  const directory = await mkdtemp(join(tmpdir(), 'pantag-pool-'));
  const socket = join(directory, 'socket');
  const idle: ControlPlane[] = [];
  const started: Promise<ControlPlane>[] = [];
  const take = (): Promise<ControlPlane> | ControlPlane => {
    const free = idle.pop();
    if (free !== undefined) return free;
    const fresh = start();
    started.push(fresh);
    return fresh;
  };
  const lend = async (borrower: Socket): Promise<void> => {
    const given = once(borrower.resume(), 'close');
    // A borrower that was killed gives back all the same.
    borrower.on('error', () => {});
    const plane = await take();
    const { url, caData, adminToken } = plane;
    borrower.write(`${JSON.stringify({ url, caData, adminToken } satisfies ClusterAccess)}\n`);
    await given.catch(() => {});
    idle.push(plane);
  };
  const server = createServer((borrower) => {
    lend(borrower).catch((error: unknown) => borrower.end(String(error)));
  }).listen(socket);
  await once(server, 'listening');
  return {
    socket,
    async close() {
      server.close();
      const ends = started.map(async (plane) => (await plane).stop());
      await Promise.allSettled(ends);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export type Loan = { readonly access: ClusterAccess; readonly giveBack: () => void };

/** Rejects with what the pool says when no control plane can be started. */
export async function borrow(socket: string): Promise<Loan> {
  const lender = connect(socket);
  const line = await firstLine(lender);
  return {
    access: JSON.parse(line) as ClusterAccess,
    giveBack: () => lender.destroy(),
  };
}

async function firstLine(lender: Socket): Promise<string> {
  let said = '';
  for await (const chunk of lender.iterator({ destroyOnReturn: false })) {
    said += String(chunk);
    if (said.endsWith('\n')) return said;
  }
  throw new Error(`no control plane was lent: ${said}`);
}
