// Serves the controls as JSON over HTTP, for tests and demos in other processes.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import * as z from 'zod';
import { controlPage } from './control-page.ts';
import { makeRoutes, type ControlTargets, type Route } from './control-routes.ts';
import { readBody, UnreadableRequest } from '../http/http-request.ts';
import { listen, stop, type ListenAddress } from '../listen.ts';

type ControlServerOptions = ListenAddress & ControlTargets;

/** A hundred thousand planted entries fit. */
const maxBodyBytes = 64_000_000;

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

/** A page of another site that is open in somebody's browser may not use this port, which asks for no login. */
const refuseOtherSites = ({ headers: { origin, host = '' } }: IncomingMessage): void => {
  if (origin === undefined || URL.parse(origin)?.host === host) return;
  throw new UnreadableRequest(403, 'a page of another site may not use the control port');
};

const writePage = (response: ServerResponse): void => {
  response.writeHead(200, { ...controlPage.headers, 'content-length': Buffer.byteLength(controlPage.body) });
  response.end(controlPage.body);
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
    this.#routes = makeRoutes(options);
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
      refuseOtherSites(request);
      if (request.method === 'GET' && request.url === '/') writePage(response);
      else writeJson(response, 200, await this.#answer(request));
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
    return route({ query: url.searchParams, id: id === undefined ? id : decodeURIComponent(id), body });
  }
}
