// Reads the bodies of answers: whole, their beginning, or chunk by chunk as they come.

import { finished, type Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DecodeError } from '../errors/kube-errors.ts';

/** While it returns a promise, nothing more is shown. */
export type VisitChunk = (chunk: Buffer) => void | Promise<void>;

/** An error's body is for reading a Status out of it; nobody needs more of a proxy's HTML page. */
const maxErrorBytes = 64 * 1024;
/** A page of 500 objects at etcd's own limit of 1.5 MB would not fit into one JavaScript string anyway. */
const maxBodyBytes = 384 * 1024 * 1024;
const longVisitMs = 10;

/**
 * By events rather than by async iteration, which glues chunks together by copying and costs several promises a
 * chunk: a quarter of the time of learning a large cluster. Rejects with what `visit` throws, as it is, or with
 * what `asBroken` makes of the connection's own error.
 */
export async function readChunks(
  body: Readable,
  visit: VisitChunk,
  asBroken: (error: unknown) => unknown,
): Promise<void> {
  const ended = Promise.withResolvers<void>();
  let pending: Promise<void> | undefined;
  const fail = (error: unknown) => {
    ended.reject(error);
    body.destroy();
  };
  body.on('data', (chunk: Buffer) => {
    const startedAt = performance.now();
    try {
      pending = visit(chunk) ?? undefined;
    } catch (error) {
      fail(error);
      return;
    }
    // What has come meanwhile would follow in the same turn, chunk after chunk, and timers and other work would wait.
    if (pending === undefined && performance.now() - startedAt > longVisitMs) pending = nextTurn();
    if (pending === undefined) return;
    body.pause();
    pending.then(() => body.resume(), fail);
  });
  finished(body, (error) => {
    if (error) ended.reject(asBroken(error));
    else ended.resolve();
  });
  try {
    await ended.promise;
  } finally {
    // The connection may break while a chunk is still being worked on.
    await pending;
  }
}

export async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBodyBytes) throw new DecodeError(`an answer is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

export async function readStart(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= maxErrorBytes) break;
  }
  return Buffer.concat(chunks);
}
