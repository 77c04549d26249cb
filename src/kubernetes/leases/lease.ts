// The Lease of coordination.k8s.io/v1 that says who leads: read it, and write over exactly what was read.

import { z } from 'zod';
import type { KubeHttp, KubeRequest } from '../client/http.ts';
import { DecodeError, KubeApiError } from '../errors/kube-errors.ts';

export const leaseName = 'pan-tag-operator';

export type Lease = {
  /** '' when nobody holds it. */
  readonly holder: string;
  /** What its holder claims, ms. */
  readonly termMs: number | undefined;
  /** By the holder's clock, ms since the epoch. */
  readonly renewedAt: number | undefined;
  /** Changes with every write. */
  readonly version: string;
  /** All of it, so that a write keeps what others put there. */
  readonly object: Readonly<Record<string, unknown>>;
};

/** `at`: ms since the epoch. A term of whole seconds. */
export type Claim = { readonly holder: string; readonly termMs: number; readonly at: number };

export type LeaseCall = { readonly signal: AbortSignal; readonly timeoutMs: number };

/** Both reject as KubeHttp does. */
export type LeaseClient = {
  /** undefined: there is none. */
  read(call: LeaseCall): Promise<Lease | undefined>;
  /** Writes the claim if the Lease is still as found (undefined: absent); undefined when it is not. */
  write(claim: Claim, found: Lease | undefined, call: LeaseCall): Promise<Lease | undefined>;
};

const schema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .nullish(),
});

export function createLeaseClient(http: KubeHttp, namespace: string): LeaseClient {
  const collection = leasesPath(namespace);
  const path = `${collection}/${leaseName}`;
  const ask = async (request: Omit<KubeRequest, 'signal'>, call: LeaseCall) =>
    toLease(await http.json({ ...request, ...call }));
  return {
    read: (call) => ask({ path }, call).catch((error: unknown) => unless(error, [404])),
    write: (claim, found, call) => {
      const request = { method: found === undefined ? 'POST' : 'PUT', body: claimed(claim, found) } as const;
      // 404: it was deleted since; 409: somebody else was faster.
      return ask({ ...request, path: found === undefined ? collection : path }, call).catch(
        (error: unknown) => unless(error, found === undefined ? [409] : [404, 409]),
      );
    },
  };
}

export function leasesPath(namespace: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
}

export function toLease(object: unknown): Lease {
  const parsed = schema.safeParse(object);
  if (!parsed.success) throw new DecodeError('the Lease is not readable');
  const { metadata, spec } = parsed.data;
  const renewedAt = Date.parse(spec?.renewTime ?? '');
  return {
    holder: spec?.holderIdentity ?? '',
    termMs: spec?.leaseDurationSeconds == null ? undefined : spec.leaseDurationSeconds * 1000,
    renewedAt: Number.isNaN(renewedAt) ? undefined : renewedAt,
    version: metadata.resourceVersion,
    object: parsed.data,
  };
}

/** The resourceVersion that was read travels with it: the API server refuses to write over anything else. */
function claimed({ holder, termMs, at }: Claim, found: Lease | undefined): object {
  const before = schema.safeParse(found?.object).data?.spec;
  const time = microTime(at);
  const changesHands = holder !== (before?.holderIdentity ?? '');
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: leaseName },
    ...found?.object,
    spec: {
      ...before,
      holderIdentity: holder,
      leaseDurationSeconds: termMs / 1000,
      renewTime: time,
      acquireTime: changesHands ? time : (before?.acquireTime ?? time),
      leaseTransitions: (before?.leaseTransitions ?? 0) + (changesHands && holder !== '' && found ? 1 : 0),
    },
  };
}

/** RFC 3339 with six digits after the point, as metav1.MicroTime is written. @param at ms since the epoch. */
export function microTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '000Z');
}

function unless(error: unknown, statuses: readonly number[]): undefined {
  if (error instanceof KubeApiError && statuses.includes(error.status)) return undefined;
  throw error;
}
