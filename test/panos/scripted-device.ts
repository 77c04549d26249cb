// An HTTPS server that answers each request as the test says, for what no real device does on purpose.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { makeCertificates } from '../../simulator/certificates.ts';

export type Received = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
  readonly socket: Socket;
};

/** Answers a whole request, resets its socket, or leaves it without an answer. */
export type Answer = (request: Received, response: ServerResponse) => void | Promise<void>;

export type ScriptedDevice = AsyncDisposable & {
  /** https://127.0.0.1:port */
  readonly endpoint: string;
  readonly ca: string;
  readonly received: readonly Received[];
  /** How many connections were accepted so far. */
  connections(): number;
};

/** `answers` are given in turn, the last one to all further requests. */
export function startScriptedDevice(...answers: readonly Answer[]): Promise<ScriptedDevice> {
  return startDeviceOver(makeCertificates(), ...answers);
}

/** As startScriptedDevice, with a certificate and TLS as the test wants them; `ca` is what clients are told to trust. */
export async function startDeviceOver(
  {
    ca,
    ...tls
  }: ServerOptions & {
    readonly ca: string;
  },
  ...answers: readonly Answer[]
): Promise<ScriptedDevice> {
  const received: Received[] = [];
  let connections = 0;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers, socket } = request;
    const form = new URLSearchParams(await text(request));
    const answer = answers[Math.min(received.length, answers.length - 1)];
    const whole = { method, url, headers, form, socket };
    received.push(whole);
    await answer?.(whole, response);
  };
  const server = createServer(tls, (request, response) => {
    // A request that is cut off has no answer.
    serve(request, response).catch(() => request.destroy());
  });
  server.on('secureConnection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    endpoint: `https://127.0.0.1:${port}`,
    ca,
    received,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Answers with a body, as a device does unless told otherwise. */
export function reply(
  body: string | Buffer,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/xml; charset=UTF-8', ...headers }).end(body);
  };
}

/** Ends the connection without an answer, as a device does with one that was idle too long. */
export const cut: Answer = ({ socket }) => {
  socket.destroy();
};

export const hang: Answer = () => undefined;
