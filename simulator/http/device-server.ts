// Serves the XML API of a device over HTTPS: time, faults and the log around what the device answers.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerCertificate } from '../certificates.ts';
import { perform, xmlType, type Delivery } from './delivery.ts';
import type { Call } from './call.ts';
import type { Concurrency } from './concurrency.ts';
import type { Device } from '../device/device.ts';
import type { Endpoint } from './endpoint.ts';
import type { FaultList } from '../faults/faults.ts';
import { readHttpRequest, UnreadableRequest } from './http-request.ts';
import { listen, stop, type ListenAddress } from '../listen.ts';
import { refusal } from '../xml/replies.ts';
import type { RequestLog } from './request-log.ts';

type DeviceServerOptions = ListenAddress & {
  readonly device: Device;
  readonly api: Endpoint;
  readonly concurrency: Concurrency;
  readonly faults: FaultList;
  readonly log: RequestLog;
  readonly certificate: ServerCertificate;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** How long the rest of a refused request is read and dropped. */
const drainMs = 2000;

const clientOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

/** Answers bytes that are no HTTP request. Node calls for each chunk of them. */
const refuseBytes = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  if (socket.writableEnded || socket.destroyed || error.code === 'ECONNRESET') return;
  const body = refusal(400, 'the request is not HTTP');
  const head = ['HTTP/1.1 400 Bad Request', `Content-Type: ${xmlType}`, `Content-Length: ${body.length}`];
  socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`);
  // What is still to come is read and dropped: to close with unread bytes would reset the answer away.
  socket.resume();
  setTimeout(() => socket.destroy(), drainMs).unref();
};

export class DeviceServer {
  readonly #options: DeviceServerOptions;
  readonly #server: Server;
  /** The TCP connection under each TLS one, by its client: only TCP can be reset. */
  readonly #connections = new Map<string, Socket>();
  /** Of the present boot: what is in work ends with it. */
  #boot = new AbortController();
  /** Those that carried a request. */
  readonly #used = new WeakSet<Socket>();
  #downUntil = 0;

  constructor(options: DeviceServerOptions) {
    this.#options = options;
    const { cert, key } = options.certificate;
    this.#server = createServer({ cert, key, maxHeaderSize: 65_536 });
    this.#server.on('connection', (socket: Socket) => this.#connected(socket));
    this.#server.on('request', (request, response) => void this.#serve(request, response));
    this.#server.on('clientError', refuseBytes);
  }

  /** `https://host:port` */
  async start(): Promise<string> {
    return `https://${await listen(this.#server, this.#options)}`;
  }

  async stop(): Promise<void> {
    this.#boot.abort();
    const closed = stop(this.#server);
    // Those in their TLS handshake are not the HTTP server's yet.
    for (const socket of this.#connections.values()) socket.destroy();
    await closed;
  }

  /** Drops what is in work, cuts every connection and resets new ones until `downMs` have passed. */
  interrupt(downMs: number): void {
    this.#boot.abort();
    this.#boot = new AbortController();
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
    const concurrency = this.#options.concurrency.arrive();
    this.#server.keepAliveTimeout = this.#options.device.settings.keepAliveMs;
    try {
      if (/^\/api\/?(?:\?|$)/.test(request.url ?? '')) {
        await this.#exchange(request, response, { arrivedAt, concurrency });
      } else {
        response.writeHead(404, { 'content-type': 'text/html; charset=UTF-8' });
        response.end('<html><body><h1>404 Not Found</h1></body></html>\n');
      }
    } catch (error) {
      this.#fail(response, error);
    } finally {
      this.#options.concurrency.leave();
    }
  }

  async #exchange(
    request: IncomingMessage,
    response: ServerResponse,
    arrival: { readonly arrivedAt: number; readonly concurrency: number },
  ): Promise<void> {
    const { device, api, faults, log, clock } = this.#options;
    const parsed = await readHttpRequest(request, device.settings.limits.requestBytes);
    const call = api.prepare(parsed);
    const reused = this.#used.has(request.socket);
    this.#used.add(request.socket);
    const { delayMs, answer: fault } = faults.take({ ...call, reused });
    await this.#work(call, delayMs);
    const performed = perform(call, fault);
    log.add({
      ...performed,
      ...arrival,
      call,
      method: request.method ?? '',
      fault: fault?.fault ?? (delayMs > 0 ? 'slow' : null),
      requestBytes: parsed.bytes,
      queried: parsed.queried,
      endedAt: clock(),
    });
    await this.#send(request, response, performed.delivery);
  }

  /** The time that the device takes, and the firewall behind it that works on the call. */
  async #work({ kind, pairs, worker }: Call, delayMs: number): Promise<void> {
    const { device } = this.#options;
    const devices = worker === device ? [device] : [device, worker];
    const latency = kind === 'version' || kind === 'hierarchy' || kind === 'other' ? 'info' : kind;
    const fixed = devices.reduce((sum, { settings }) => sum + settings.latencyMs[latency], 0);
    const wait = fixed + delayMs + worker.queue.add(pairs);
    if (wait > 0) await sleep(wait, undefined, { signal: this.#boot.signal });
  }

  async #send(request: IncomingMessage, response: ServerResponse, delivery: Delivery): Promise<void> {
    if (delivery.kind === 'reset') return this.#reset(request);
    if (delivery.kind === 'hang') {
      if (!response.destroyed) await once(response, 'close');
      return;
    }
    const { httpStatus, headers, body, cutAt, drip, statusText } = delivery;
    if (statusText !== undefined) response.statusMessage = statusText;
    response.writeHead(httpStatus, { ...headers, 'content-length': body.length });
    if (drip) return this.#drip(response, body, drip);
    if (cutAt === undefined) return void response.end(body);
    response.flushHeaders();
    response.write(body.subarray(0, cutAt), () => request.socket.destroySoon());
  }

  async #drip(
    response: ServerResponse,
    body: Uint8Array,
    { bytes, ms }: { readonly bytes: number; readonly ms: number },
  ): Promise<void> {
    for (let from = 0; from < body.length && !response.destroyed; from += bytes) {
      if (from > 0) await sleep(ms, undefined, { signal: this.#boot.signal });
      response.write(body.subarray(from, from + bytes));
    }
    response.end();
  }

  #reset({ socket }: IncomingMessage): void {
    const connection = this.#connections.get(clientOf(socket));
    if (connection) connection.resetAndDestroy();
    else socket.destroy();
  }

  /** Answers what could not be read, or what the simulator itself failed at, unless the client is gone. */
  #fail(response: ServerResponse, error: unknown): void {
    const dropped = error instanceof Error && error.name === 'AbortError';
    if (dropped || response.destroyed || response.headersSent) return void response.destroy();
    const [status, body] =
      error instanceof UnreadableRequest
        ? [error.httpStatus, refusal(400, error.message)]
        : [500, refusal(11, `the simulator failed: ${String(error)}`)];
    response.writeHead(status, { 'content-type': xmlType });
    response.end(body);
  }
}
