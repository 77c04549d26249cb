// The reference for latency: a process that does nothing but watch all Pods as JSON and note when it heard of what.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import type { ClusterAccess } from '../control-plane/access.ts';
import { type Program, startNode } from './program.ts';

export type Heard = {
  /** Ms since the epoch with a fraction: when the bytes that complete the event were there. */
  readonly t: number;
  readonly type: string;
  readonly name: string;
  readonly resourceVersion: string;
};

type WatchEvent = {
  readonly type: string;
  readonly object: { readonly metadata: { readonly name?: string; readonly resourceVersion: string } };
};

/** So often what was heard is told: rarely enough not to disturb. */
const tellEveryMs = 250;
const startLimitMs = 30_000;

export type BareWatch = {
  readonly heard: () => readonly Heard[];
} & AsyncDisposable;

/** Resolves when the watch is open. */
export async function startBareWatch(access: ClusterAccess, signal: AbortSignal): Promise<BareWatch> {
  const program: Program = await startNode(fileURLToPath(import.meta.url), { input: access, signal });
  try {
    await program.field('watching', startLimitMs);
  } catch (error) {
    await program.stop();
    throw error;
  }
  return {
    heard: () => program.lines().flatMap((line) => (line['heard'] ?? []) as readonly Heard[]),
    [Symbol.asyncDispose]: program.stop,
  };
}

async function watch(access: ClusterAccess): Promise<void> {
  const { url, caData, adminToken, clientCertificate } = access;
  const agent = new Agent({
    allowH2: false,
    bodyTimeout: 0,
    connect: { ...(caData === '' ? {} : { ca: caData }), ...clientCertificate },
  });
  const headers = adminToken === '' ? {} : { authorization: `Bearer ${adminToken}` };
  const get = (path: string) => request(`${url}${path}`, { dispatcher: agent, headers });
  const list = await get('/api/v1/pods?limit=1');
  const { metadata } = (await list.body.json()) as { metadata: { resourceVersion: string } };
  const { statusCode, body } = await get(
    `/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}`,
  );
  if (statusCode !== 200) throw new Error(`the watch was answered with ${statusCode}`);
  console.log(JSON.stringify({ watching: metadata.resourceVersion }));
  const pending: Heard[] = [];
  const tell = setInterval(() => {
    if (pending.length > 0) console.log(JSON.stringify({ heard: pending.splice(0) }));
  }, tellEveryMs);
  try {
    await readEvents(body, pending);
  } finally {
    clearInterval(tell);
  }
}

async function readEvents(body: AsyncIterable<Buffer>, into: Heard[]): Promise<void> {
  let rest = '';
  for await (const chunk of body) {
    const t = performance.timeOrigin + performance.now();
    // Latin-1 cuts no character in two; the names that matter are ASCII.
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { type, object } = JSON.parse(line) as WatchEvent;
      const { name = '', resourceVersion } = object.metadata;
      into.push({ t, type, name, resourceVersion });
    }
  }
}

if (process.argv[1] === import.meta.filename) {
  await watch(JSON.parse(readFileSync(0, 'utf8')) as ClusterAccess);
}
