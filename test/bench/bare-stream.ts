// The floor for learning Pods: reads the same WatchList in protobuf and only counts its frames; nothing is decoded.
// Its standard input is a ClusterAccess as JSON.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import type { ClusterAccess } from '../control-plane/access.ts';
import { type Cost, startCost } from './cost.ts';

const query = new URLSearchParams({
  watch: 'true',
  sendInitialEvents: 'true',
  resourceVersionMatch: 'NotOlderThan',
  allowWatchBookmarks: 'true',
  fieldSelector: 'status.phase!=Failed,status.phase!=Succeeded',
});

/** A WatchEvent begins with its type: tag 0x0a, the length, the text. Only BOOKMARK begins with B. */
const bookmark = { lengthAt: 1, length: 8, letterAt: 2, letter: 'B'.charCodeAt(0) };

/** Counts frames, each a 4-byte big-endian length and as many bytes, without keeping any. */
class FrameCounter {
  frames = 0;
  bytes = 0;
  /** The bookmark that ends the initial events was there. */
  ended = false;
  /** Bytes of the head (length and first three of the content) that have been seen, and those still to skip. */
  readonly #head = Buffer.alloc(7);
  #headLength = 0;
  #skip = 0;

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - offset);
        this.#skip -= step;
        offset += step;
      } else {
        const taken = chunk.copy(this.#head, this.#headLength, offset);
        this.#headLength += taken;
        offset += taken;
        if (this.#headLength === this.#head.length) this.#frame();
      }
    }
  }

  #frame(): void {
    const head = this.#head;
    this.#headLength = 0;
    this.#skip = head.readUInt32BE(0) + 4 - head.length;
    const isBookmark =
      head[4 + bookmark.lengthAt] === bookmark.length && head[4 + bookmark.letterAt] === bookmark.letter;
    if (isBookmark) this.ended = true;
    else this.frames += 1;
  }
}

async function read(access: ClusterAccess): Promise<void> {
  const { url, caData, adminToken, clientCertificate } = access;
  const dispatcher = new Agent({
    allowH2: false,
    bodyTimeout: 0,
    connect: { ...(caData === '' ? {} : { ca: caData }), ...clientCertificate },
  });
  const counter = new FrameCounter();
  const end = startCost();
  const { statusCode, body } = await request(`${url}/api/v1/pods?${query.toString()}`, {
    dispatcher,
    headers: {
      accept: 'application/vnd.kubernetes.protobuf;stream=watch',
      ...(adminToken === '' ? {} : { authorization: `Bearer ${adminToken}` }),
    },
  });
  if (statusCode !== 200) throw new Error(`the watch was answered with ${statusCode}`);
  const cost = Promise.withResolvers<Cost>();
  // By events: async iteration copies, and a floor must not pay for that.
  body.on('data', (chunk: Buffer) => {
    counter.push(chunk);
    if (counter.ended) cost.resolve(end(counter.frames));
  });
  body.on('error', cost.reject);
  body.on('end', () => cost.reject(new Error('the stream ended before its initial events did')));
  console.log(JSON.stringify({ cost: { ...(await cost.promise), bytes: counter.bytes } }));
  await dispatcher.destroy();
}

await read(JSON.parse(readFileSync(0, 'utf8')) as ClusterAccess);
