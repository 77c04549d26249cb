// An HTTPS server before another one that sees each request whole, and may lose, cut, hold or repeat it.
import { once } from 'node:events';
import { Agent, createServer, request as httpsRequest } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { makeCertificates } from '../../../simulator/certificates.ts';

export type Tapped = { readonly method: string; readonly path: string; readonly body: string };

/** What becomes of one request. */
export type Treatment =
  | { readonly kind: 'pass' }
  /** The server never hears of it; the connection is cut. */
  | { readonly kind: 'lost before' }
  /** The server has done it; the connection is cut in place of the answer, after `afterwards`. */
  | { readonly kind: 'lost after'; readonly afterwards?: () => Promise<void> }
  /** The server hears of it only then, and its answer reaches nobody. */
  | { readonly kind: 'arrives late'; readonly when: () => Promise<void> }
  /** Answered, and done a second time so many ms later. */
  | { readonly kind: 'doubled late'; readonly ms: number }
  /** Half of the answer, as if it were all of it. */
  | { readonly kind: 'answered by half' }
  /** The answer comes so many ms later. */
  | { readonly kind: 'answered late'; readonly ms: number }
  /** The answer is another text. */
  | { readonly kind: 'answered otherwise'; readonly edit: (answer: string) => string };

export type Tap = {
  /** 'https://127.0.0.1:41234' */
  readonly url: string;
  /** PEM: whom to trust for it. */
  readonly ca: string;
  /** Asked once for each request; nothing is forwarded before it answers. */
  treat: (request: Tapped) => Treatment | Promise<Treatment>;
} & AsyncDisposable;

export type TapTarget = { readonly url: string; readonly ca: string };

const certificates = makeCertificates();

export async function openTap({ url, ca }: TapTarget): Promise<Tap> {
  const agent = new Agent({ keepAlive: true, ca });
  const late = new Set<NodeJS.Timeout>();
  const later = (act: () => void, ms: number): void => {
    const timer = setTimeout(() => {
      late.delete(timer);
      act();
    }, ms);
    late.add(timer);
  };
  const server = createServer({ cert: certificates.cert, key: certificates.key }, (incoming, answer) => {
    void serve(incoming, answer).catch(() => answer.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the tap has no port');
  const tap: Tap = {
    url: `https://127.0.0.1:${address.port}`,
    ca: certificates.ca,
    treat: () => ({ kind: 'pass' }),
    async [Symbol.asyncDispose]() {
      for (const timer of late) clearTimeout(timer);
      server.closeAllConnections();
      server.close();
      agent.destroy();
      await once(server, 'close');
    },
  };

  const forward = async (incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage> => {
    const { method, headers } = incoming;
    // An answer that is to be changed must not be compressed.
    const { 'accept-encoding': _, ...plain } = headers;
    const outgoing = httpsRequest(new URL(incoming.url ?? '/', url), { method, headers: plain, agent });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return response;
  };

  const serve = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = await read(incoming);
    const { method = '', url: path = '' } = incoming;
    const treatment = await tap.treat({ method, path, body: body.toString() });
    if (treatment.kind === 'lost before') return void answer.destroy();
    if (treatment.kind === 'arrives late') {
      await treatment.when();
      await forward(incoming, body).then(read);
      return void answer.destroy();
    }
    const response = await forward(incoming, body);
    answer.on('close', () => response.destroy());
    if (treatment.kind === 'pass') {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      answer.flushHeaders();
      response.on('error', () => answer.destroy());
      return void response.pipe(answer);
    }
    const whole = await read(response);
    if (treatment.kind === 'lost after') {
      await treatment.afterwards?.();
      return void answer.destroy();
    }
    if (treatment.kind === 'doubled late')
      later(
        () =>
          void forward(incoming, body)
            .then(read)
            .catch(() => {}),
        treatment.ms,
      );
    const { 'content-length': _, 'transfer-encoding': __, ...headers } = response.headers;
    const give = (): void => {
      answer.writeHead(response.statusCode ?? 502, headers);
      answer.end(answerOf(treatment, whole));
    };
    if (treatment.kind === 'answered late') later(give, treatment.ms);
    else give();
  };
  return tap;
}

function answerOf(treatment: Treatment, whole: Buffer): Buffer | string {
  if (treatment.kind === 'answered by half') return whole.subarray(0, Math.floor(whole.length / 2));
  if (treatment.kind === 'answered otherwise') return treatment.edit(whole.toString());
  return whole;
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
