// Every status that an object is given, as it is given: a watch that keeps what it saw.
import { Agent, request } from 'undici';
import type { ClusterAccess } from '../control-plane/access.ts';
import type { KubernetesObject } from '../harness/api-client.ts';
import type { Status } from './statuses.ts';

export type SeenStatus = {
  readonly name: string;
  /** Monotonic ms of this process. */
  readonly at: number;
  readonly ready: boolean;
  readonly reason: string;
  /** Conditions without their times, and Ready without its words, as text: between equal ones only counts moved. */
  readonly verdict: string;
};

export type StatusWatch = AsyncDisposable & {
  /** The writes of statuses so far, oldest first; what was there at the start is not among them. */
  readonly writes: readonly SeenStatus[];
};

type Frame = { readonly type: string; readonly object: KubernetesObject & { readonly status?: Status } };

/** @param path of a collection: '/apis/pantag.io/v1alpha1/pantagpolicies' */
export async function watchStatuses(access: ClusterAccess, path: string): Promise<StatusWatch> {
  const dispatcher = new Agent({
    connect: { ca: access.caData, ...access.clientCertificate },
    bodyTimeout: 0,
  });
  const headers = access.adminToken === '' ? {} : { authorization: `Bearer ${access.adminToken}` };
  const end = new AbortController();
  const { body } = await request(`${access.url}${path}?watch=1`, {
    dispatcher,
    headers,
    signal: end.signal,
  });
  const writes: SeenStatus[] = [];
  /** uid -> status as text: what was last seen. */
  const known = new Map<string, string>();
  const take = ({ type, object }: Frame): void => {
    const { uid = '', name } = object.metadata;
    const text = JSON.stringify(object.status ?? null);
    const isWrite = type === 'MODIFIED' && known.get(uid) !== text;
    known.set(uid, text);
    if (isWrite && object.status !== undefined) writes.push(seen(name, object.status));
  };
  const reading = readLines(body, (line) => take(JSON.parse(line) as Frame));
  return {
    writes,
    async [Symbol.asyncDispose]() {
      end.abort();
      await reading.catch(() => undefined);
      await dispatcher.destroy();
    },
  };
}

function seen(name: string, { conditions = [] }: Status): SeenStatus {
  const ready = conditions.find(({ type }) => type === 'Ready');
  return {
    name,
    at: performance.now(),
    ready: ready?.status === 'True',
    reason: ready?.reason ?? '',
    verdict: JSON.stringify(
      conditions.map(({ type, status, reason, observedGeneration, message }) => {
        const words = type === 'Ready' && status === 'True' ? '' : message;
        return [type, status, reason, observedGeneration, words];
      }),
    ),
  };
}

async function readLines(body: AsyncIterable<Buffer>, take: (line: string) => void): Promise<void> {
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  }
}
