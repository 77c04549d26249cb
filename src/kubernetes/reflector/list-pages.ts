// Reads a whole list in pages, so that neither side ever holds all of it as text.

import type { Page } from '../codec/decode.ts';
import type { Query } from '../client/http.ts';
import { acceptOf, decodePage, type ResourceReader } from './resource-reader.ts';

type ListOptions = {
  readonly pageSize: number;
  /** Where in time to list; only the first page carries it, the others continue the same snapshot. */
  readonly at?: Query;
  readonly signal: AbortSignal;
};

/** A page of large objects from a busy server may take a while; a page that takes longer will not come. */
const pageTimeoutMs = 60_000;

/**
 * Yields the pages of one consistent snapshot: all have the same resourceVersion.
 * @throws KubeApiError (410 when the snapshot was compacted away in between: begin again), KubeUnreachableError,
 * DecodeError
 */
export async function* listPages<R>(
  reader: ResourceReader<R>,
  options: ListOptions,
): AsyncGenerator<Page<R>> {
  const { http, resource, decoder } = reader;
  let position: Query = options.at ?? {};
  for (;;) {
    const { headers, body } = await http.request({
      path: resource.path,
      query: { ...resource.query, ...position, limit: options.pageSize },
      accept: acceptOf(reader, 'list'),
      timeoutMs: pageTimeoutMs,
      signal: options.signal,
    });
    const page = decodePage(decoder, String(headers['content-type'] ?? ''), body);
    yield page;
    if (page.continueToken === '') return;
    position = { continue: page.continueToken };
  }
}
