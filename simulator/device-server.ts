// Serves the XML API of a device over HTTPS: time, faults and the log around what the device answers.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerCertificate } from './certificates.ts';
import { perform, xmlType, type Delivery } from './delivery.ts';
import type { Call, Device } from './device.ts';
import type { FaultList } from './faults.ts';
import { readHttpRequest, UnreadableRequest } from './http-request.ts';
import { listen, stop, type ListenAddress } from './listen.ts';
import { refusal } from './replies.ts';
import type { RequestLog } from './request-log.ts';

export type DeviceServerOptions = ListenAddress & {
  readonly device: Device;
  readonly faults: FaultList;
  readonly log: RequestLog;
  readonly certificate: ServerCertificate;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** As the devices' web server is said to keep idle connections (facts 1.9). */
const keepAliveMs = 90_000;

const clientOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** Answers bytes that are no HTTP request. */
const refuseBytes = (socket: Duplex): void => {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = refusal(400, 'the request is not HTTP');
  const head = ['HTTP/1.1 400 Bad Request', `Content-Type: ${xmlType}`, `Content-Length: ${body.length}`];
  socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`);
};

export class DeviceServer {
  readonly #options: DeviceServerOptions;
  readonly #server: Server;
  /** The TCP connection under each TLS one, by its client: only TCP can be reset. */
  readonly #connections = new Map<string, Socket>();
  readonly #stopping = new AbortController();
  #inWork = 0;
  #busyUntil = 0;
  #downUntil = 0;

  constructor(options: DeviceServerOptions) {
    this.#options = options;
    const { cert, key } = options.certificate;
    this.#server = createServer({ cert, key, keepAliveTimeout: keepAliveMs, maxHeaderSize: 65_536 });
    this.#server.on('connection', (socket: Socket) => this.#connected(socket));
    this.#server.on('request', (request, response) => void this.#serve(request, response));
    this.#server.on('clientError', (_error, socket: Duplex) => refuseBytes(socket));
  }

  /** `https://host:port` */
  async start(): Promise<string> {
    return `https://${await listen(this.#server, this.#options)}`;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await stop(this.#server);
  }

  /** Cuts every connection and refuses new ones until `downMs` have passed. */
  interrupt(downMs: number): void {
    this.#downUntil = this.#options.clock() + downMs;
    for (const socket of this.#connections.values()) socket.resetAndDestroy();
  }

  #connected(socket: Socket): void {
    if (this.#options.clock() < this.#downUntil) return void socket.resetAndDestroy();
    const client = clientOf(socket);
    this.#connections.set(client, socket);
    socket.once('close', () => this.#connections.delete(client));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrivedAt = this.#options.clock();
    const concurrency = ++this.#inWork;
    try {
      if (/^\/api\/?(?:\?|$)/.test(request.url ?? '')) {
        await this.#exchange(request, response, { arrivedAt, concurrency });
      } else {
        response.writeHead(404, { 'content-type': 'text/html; charset=UTF-8' });
        response.end('<html><body><h1>404 Not Found</h1></body></html>\n');
      }
    } catch (error) {
      this.#fail(request, response, error);
    } finally {
      this.#inWork--;
    }
  }

  async #exchange(
    request: IncomingMessage,
    response: ServerResponse,
    arrival: { readonly arrivedAt: number; readonly concurrency: number },
  ): Promise<void> {
    const { device, faults, log, clock } = this.#options;
    const parsed = await readHttpRequest(request, device.settings.limits.requestBytes);
    const call = device.prepare(parsed);
    const { delayMs, answer: fault } = faults.take(call);
    await this.#work(call, delayMs);
    const performed = perform(device, call, fault);
    log.add({
      ...performed,
      ...arrival,
      call,
      method: request.method ?? '',
      fault: fault?.fault ?? (delayMs > 0 ? 'slow' : null),
      requestBytes: parsed.bytes,
      endedAt: clock(),
    });
    await this.#send(request, response, performed.delivery);
  }

  /** The time that the device takes. Pairs are worked off one after the other, whoever sent them. */
  async #work({ kind, pairs }: Call, delayMs: number): Promise<void> {
    const { latencyMs, pairMs } = this.#options.device.settings;
    const cost = pairs.register * pairMs.register + pairs.unregister * pairMs.unregister;
    const now = performance.now();
    this.#busyUntil = Math.max(now, this.#busyUntil) + cost;
    const queued = cost > 0 ? this.#busyUntil - now : 0;
    const fixed = latencyMs[kind === 'version' || kind === 'other' ? 'info' : kind];
    const wait = fixed + delayMs + queued;
    if (wait > 0) await sleep(wait, undefined, { signal: this.#stopping.signal });
  }

  async #send(request: IncomingMessage, response: ServerResponse, delivery: Delivery): Promise<void> {
    if (delivery.kind === 'reset') return this.#reset(request);
    if (delivery.kind === 'hang') {
      if (!response.destroyed) await once(response, 'close');
      return;
    }
    const { httpStatus, contentType, body, cutAt } = delivery;
    response.writeHead(httpStatus, { 'content-type': contentType, 'content-length': body.length });
    if (cutAt === undefined) response.end(body);
    else response.write(body.subarray(0, cutAt), () => request.socket.destroy());
  }

  #reset({ socket }: IncomingMessage): void {
    const connection = this.#connections.get(clientOf(socket));
    if (connection) connection.resetAndDestroy();
    else socket.destroy();
  }

  /** Answers what could not be read, or what the simulator itself failed at, unless the client is gone. */
  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (response.destroyed || response.headersSent || this.#stopping.signal.aborted) {
      return void response.destroy();
    }
    const [status, body] =
      error instanceof UnreadableRequest
        ? [error.httpStatus, refusal(400, error.message)]
        : [500, refusal(11, `the simulator failed: ${String(error)}`)];
    response.writeHead(status, { 'content-type': xmlType, connection: 'close' });
    response.end(body);
    request.resume();
  }
}
