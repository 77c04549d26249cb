// Serves the controls as JSON over HTTP, for tests and demos in other processes.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import * as z from 'zod';
import type { Controls, Planting, Reboot } from './controls.ts';
import type { FaultSpec } from './faults.ts';
import { readBody, UnreadableRequest } from './http-request.ts';
import { listen, stop, type ListenAddress } from './listen.ts';
import type { SettingsPatch } from './settings.ts';

type Input = { readonly query: URLSearchParams; readonly id: string | undefined; readonly body: unknown };
type Route = (input: Input) => unknown;

export type ControlServerOptions = ListenAddress & {
  readonly controls: Controls;
  /** PEM of the device's certificate authority. */
  readonly caPem: string;
};

/** A hundred thousand planted entries fit. */
const maxBodyBytes = 64_000_000;

const sinceSchema = z.coerce.number().pipe(z.int().min(0));
const idSchema = z.coerce.number().pipe(z.int().min(1));
const passwordSchema = z.strictObject({ password: z.string().min(1) });

const act = (action: (body: unknown) => void): Route => {
  return ({ body }) => {
    action(body);
    return { done: true };
  };
};

/** By method and path. The casts are safe: the controls check what they are given. */
const makeRoutes = (controls: Controls, caPem: string): ReadonlyMap<string, Route> =>
  new Map<string, Route>([
    ['GET /tables', () => controls.tables()],
    ['POST /tables', act((body) => controls.plant(body as Planting))],
    ['GET /log', ({ query }) => controls.log(sinceSchema.parse(query.get('since') ?? '0'))],
    ['GET /faults', () => controls.faults()],
    ['POST /faults', ({ body }) => ({ id: controls.inject(body as FaultSpec) })],
    ['DELETE /faults', act(() => controls.clearFaults())],
    ['DELETE /faults/ID', ({ id }) => ({ cleared: controls.clearFaults(idSchema.parse(id)) })],
    ['GET /settings', () => controls.settings()],
    ['POST /settings', ({ body }) => controls.settings(body as SettingsPatch)],
    ['POST /reboot', act((body) => controls.reboot(body as Reboot))],
    ['POST /wipe', act(() => controls.wipe())],
    ['POST /reset', act(() => controls.reset())],
    ['POST /expire-keys', act(() => controls.expireKeys())],
    ['POST /password', act((body) => controls.changePassword(passwordSchema.parse(body).password))],
    ['GET /ca', () => ({ pem: caPem })],
  ]);

const parseJson = (text: string): unknown => {
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableRequest(400, 'the body is not JSON');
  }
};

const problemOf = (error: unknown): { readonly status: number; readonly problem: string } => {
  if (error instanceof z.ZodError) return { status: 400, problem: z.prettifyError(error) };
  if (error instanceof RangeError) return { status: 400, problem: error.message };
  if (error instanceof UnreadableRequest) return { status: error.httpStatus, problem: error.message };
  return { status: 500, problem: String(error) };
};

const writeJson = (response: ServerResponse, status: number, value: unknown): void => {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
};

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #server: Server;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#routes = makeRoutes(options.controls, options.caPem);
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** `http://host:port` */
  async start(): Promise<string> {
    return `http://${await listen(this.#server, this.#options)}`;
  }

  async stop(): Promise<void> {
    await stop(this.#server);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      writeJson(response, 200, await this.#answer(request));
    } catch (error) {
      const { status, problem } = problemOf(error);
      if (!response.headersSent) writeJson(response, status, { problem });
    }
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const url = new URL(request.url ?? '/', 'http://control');
    const [, path, id] = /^(\/[\w-]*)(?:\/([^/]*))?$/.exec(url.pathname) ?? [];
    const route = this.#routes.get(`${request.method} ${path}${id === undefined ? '' : '/ID'}`);
    if (!route)
      throw new UnreadableRequest(404, `no such route; there are ${[...this.#routes.keys()].join(', ')}`);
    const body = parseJson((await readBody(request, maxBodyBytes)).toString('utf8'));
    return route({ query: url.searchParams, id, body });
  }
}
