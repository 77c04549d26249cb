// Reads an HTTP request to /api: query and body become one set of parameters.

import type { IncomingMessage } from 'node:http';
import type { ApiRequest } from './api-request.ts';

/** The request cannot be read; the device answers with this HTTP status. */
export class UnreadableRequest extends Error {
  override readonly name = 'UnreadableRequest';
  readonly httpStatus: number;

  constructor(httpStatus: number, message: string) {
    super(message);
    this.httpStatus = httpStatus;
  }
}

type HttpRequest = ApiRequest & {
  /** Of query and body. */
  readonly bytes: number;
  /** The names of the parameters in the URL. */
  readonly queried: readonly string[];
};

/**
 * The whole body. One of more than `limit` bytes is read to its end without being kept, so that the client is
 * there for the answer; then UnreadableRequest 413 is thrown.
 */
export const readBody = async (request: IncomingMessage, limit: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  if (size > limit) throw new UnreadableRequest(413, 'the request is too large');
  return Buffer.concat(chunks);
};

/** Parts of a multipart form; `file` holds the command (facts 1.4). */
const multipartParameters = async (body: Buffer, contentType: string): Promise<[string, string][]> => {
  let form;
  try {
    form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  } catch {
    throw new UnreadableRequest(400, 'the multipart body is malformed');
  }
  const parts = [...form].map(async ([name, value]): Promise<[string, string]> => {
    const text = typeof value === 'string' ? value : await value.text();
    return [name === 'file' ? 'cmd' : name, text];
  });
  return Promise.all(parts);
};

const bodyParameters = async (body: Buffer, contentType: string): Promise<Iterable<[string, string]>> => {
  if (/^multipart\/form-data\b/i.test(contentType)) return multipartParameters(body, contentType);
  return new URLSearchParams(body.toString('utf8'));
};

const basicOf = (authorization: string): ApiRequest['basic'] => {
  const token = /^Basic +([\w+/=-]+)$/i.exec(authorization)?.[1];
  const [, name, password] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(token ?? '', 'base64').toString('utf8')) ?? [];
  return name === undefined || password === undefined ? undefined : { name, password };
};

const cookiesOf = (header: string): Map<string, string> =>
  new Map(
    header.split(';').map((pair): [string, string] => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim(), value.join('=').trim()];
    }),
  );

/**
 * Query and body together; what both name, the body says. A body counts as urlencoded unless it is multipart.
 * Throws UnreadableRequest: 413 above `limit` bytes, 400 for a multipart body that is none.
 */
export const readHttpRequest = async (request: IncomingMessage, limit: number): Promise<HttpRequest> => {
  const [, query = ''] = /\?(.*)$/s.exec(request.url ?? '') ?? [];
  const body = await readBody(request, limit - query.length);
  const fromBody = await bodyParameters(body, request.headers['content-type'] ?? '');
  const { authorization = '', cookie = '', 'x-pan-key': headerKey } = request.headers;
  const fromQuery = new URLSearchParams(query);
  return {
    parameters: new Map([...fromQuery, ...fromBody]),
    headerKey: Array.isArray(headerKey) ? headerKey[0] : headerKey,
    basic: basicOf(authorization),
    cookies: cookiesOf(cookie),
    bytes: query.length + body.length,
    queried: [...fromQuery.keys()],
  };
};
