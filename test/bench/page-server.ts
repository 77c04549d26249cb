// A device that only gives pages of one large table, written beforehand: what a transfer costs without the making.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { makeCertificates } from '../../simulator/certificates.ts';
import { pageEntries } from '../../src/panos/client/read-table.ts';
import { bigTable, countOf, pageOf } from './big-table.ts';

/** Where the pages are. */
export type PageAccess = { readonly endpoint: string; readonly caPem: string; readonly entries: number };

const start = /<start-point>(\d+)<\/start-point>/;

/** The replies to all calls that a whole read makes, by their start-point; the count has none. */
function repliesOf(size: number): ReadonlyMap<string, Buffer> {
  const entries = bigTable(size);
  const replies = new Map([['', Buffer.from(countOf(entries))]]);
  for (let at = 1; at <= size + 1; at += pageEntries) {
    replies.set(String(at), Buffer.from(pageOf(entries, at, pageEntries)));
  }
  return replies;
}

async function answer(
  replies: ReadonlyMap<string, Buffer>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const cmd = new URLSearchParams(await text(request)).get('cmd') ?? '';
  const body = replies.get(start.exec(cmd)?.[1] ?? '') ?? Buffer.alloc(0);
  response.setHeader('content-type', 'application/xml; charset=UTF-8');
  response.setHeader('content-length', body.length);
  response.end(body);
}

function main(): void {
  const size = Number(process.argv[2]);
  const replies = repliesOf(size);
  const { ca, cert, key } = makeCertificates();
  const server = createServer({ cert, key, keepAliveTimeout: 90_000 }, (request, response) => {
    answer(replies, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    const pages: PageAccess = { endpoint: `https://127.0.0.1:${port}`, caPem: ca, entries: size };
    console.log(JSON.stringify({ pages }));
  });
  process.once('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
  });
}

if (process.argv[1] === import.meta.filename) main();
