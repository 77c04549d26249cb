// One small client of a Kubernetes API for tests: JSON in, JSON out, failures as errors that name the call.
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { ClusterAccess } from '../control-plane/access.ts';

export type KubernetesObject = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: unknown;
  readonly status?: unknown;
};

export type RequestOptions = {
  /** Of the body; default application/json. */
  readonly contentType?: string;
  /** Default: whatever the server prefers, which is JSON. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
};

export type ApiClient = {
  /**
   * The parsed answer of one call; path with its query: '/api/v1/pods?limit=5'. Rejects with an ApiFailure for any
   * status of 400 and above, and with undici's or the signal's error when no answer came within 15 s.
   */
  readonly request: <T = KubernetesObject>(
    method: Method,
    path: string,
    body?: unknown,
    options?: RequestOptions,
  ) => Promise<T>;
  readonly close: () => Promise<void>;
};

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export const mergePatch = 'application/merge-patch+json';
export const applyPatch = 'application/apply-patch+yaml';

const requestLimitMs = 15_000;
// undici hears a request's signal only once the connection stands.
const connectLimitMs = 5_000;
const connections = 32;

/** The API refused: code is the HTTP status, reason the machine-readable word of the answered Status. */
export class ApiFailure extends Error {
  readonly code: number;
  readonly reason: string;
  constructor(call: string, code: number, reason: string, message: string) {
    super(`${call}: ${code} ${reason}: ${message}`);
    this.name = 'ApiFailure';
    this.code = code;
    this.reason = reason;
  }
}

export function makeApiClient(access: ClusterAccess): ApiClient {
  const { url, caData, adminToken, clientCertificate } = access;
  const dispatcher = new Agent({
    allowH2: false,
    connections,
    connect: { timeout: connectLimitMs, ...(caData === '' ? {} : { ca: caData }), ...clientCertificate },
  });
  const authorization = adminToken === '' ? {} : { authorization: `Bearer ${adminToken}` };
  const constant = { ...authorization, 'user-agent': 'pantag-test' };
  return {
    async request<T>(method: Method, path: string, body?: unknown, options: RequestOptions = {}): Promise<T> {
      const limit = AbortSignal.timeout(requestLimitMs);
      const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
      for (;;) {
        const answer = await request(`${url}${path}`, {
          method,
          dispatcher,
          headers: {
            ...constant,
            'content-type': options.contentType ?? 'application/json',
            accept: options.accept ?? 'application/json',
          },
          body: body === undefined ? null : JSON.stringify(body),
          signal,
        });
        const text = await answer.body.text();
        if (answer.statusCode < 400) return JSON.parse(text) as T;
        // A definition that is served already has its storage made anew as its status moves: clients come again, too.
        const isInitializing = answer.statusCode === 429 && text.includes('storage is (re)initializing');
        if (!isInitializing) throw readFailure(`${method} ${path}`, answer.statusCode, text);
        await sleep(100, undefined, { signal });
      }
    },
    close: () => dispatcher.destroy(),
  };
}

function readFailure(call: string, code: number, text: string): ApiFailure {
  try {
    const { reason = '', message = '' } = JSON.parse(text) as { reason?: string; message?: string };
    return new ApiFailure(call, code, reason, message);
  } catch {
    return new ApiFailure(call, code, 'NoStatus', text.slice(0, 500));
  }
}
