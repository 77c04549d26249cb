// Binds a table worker's port to the PAN-OS client, and its failures to the operator's words.

import { canonicalHost } from '../core/address.ts';
import type { Rejection } from '../core/refusals.ts';
import { type Batch, sectionsOf } from '../core/batch.ts';
import { type CallObserver, createPanosClient } from '../panos/client.ts';
import { PanosError } from '../panos/errors.ts';
import type { Entry } from '../panos/uid-message.ts';
import { readTable } from '../panos/registered-ip-table.ts';
import type { Rejected } from '../panos/response.ts';
import type { ConnectionSettings } from './credentials.ts';
import { type Connection, DeviceFailure } from './device-port.ts';
import { type EnvironmentProxy, proxyFor } from './device-proxy.ts';

export type ConnectionOptions = {
  readonly settings: ConnectionSettings;
  /** Where the settings name no proxy. */
  readonly environmentProxy: EnvironmentProxy;
  readonly userAgent: string;
  /** Asked just before each write to the socket. */
  readonly mayCall: () => boolean;
  readonly observe: CallObserver;
};

/** @throws DeviceFailure when the settings cannot work, such as a CA that is no certificate. */
export function openConnection(options: ConnectionOptions): Connection {
  const client = create(options);
  let closed = false;
  const call = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      // A call that began after close() was never sent.
      if (closed && !(error instanceof PanosError)) throw closedFailure();
      throw inOurWords(error);
    }
  };
  return {
    info: (signal) => call(client.systemInfo(signal)),
    readTable: (table, betweenPages, signal) => call(readTable(client, { ...table, betweenPages, signal })),
    readAddress: (table, ip, signal) => call(client.readAddress({ ...table, ip }, signal)),
    send: async (table, batch, signal) => {
      const { rejected } = await call(client.update({ ...table, ...sections(batch) }, signal));
      return rejected.map(toRejection);
    },
    close: () => {
      closed = true;
      return client.close();
    },
  };
}

function create({ settings, environmentProxy, ...options }: ConnectionOptions) {
  const { login: credentials, endpoint, maxConcurrentCalls, tls } = settings;
  const proxy = proxyFor(settings, environmentProxy);
  try {
    return createPanosClient({ endpoint, credentials, maxConcurrentCalls, tls, proxy, ...options });
  } catch (error) {
    throw inOurWords(error);
  }
}

function sections(batch: Batch) {
  const unregister: Entry[] = [];
  const register: Entry[] = [];
  for (const planned of batch) {
    const { address: ip, timeoutSeconds = 0 } = planned;
    const tags = sectionsOf(planned);
    if (tags.unregister.length > 0) unregister.push({ ip, tags: tags.unregister });
    if (tags.register.length > 0) register.push({ ip, tags: tags.register, timeoutSeconds });
  }
  return { unregister, register };
}

function toRejection({ section, ip, tag, message }: Rejected): Rejection {
  return { section, address: canonicalHost(ip) ?? ip, tag, message };
}

function closedFailure(): DeviceFailure {
  const message = 'the connection was closed to be opened with new settings';
  return new DeviceFailure('DeviceUnavailable', message, { retry: 'backoff', applied: 'no' });
}

function inOurWords(error: unknown): unknown {
  if (!(error instanceof PanosError)) return error;
  const { reason, message, retry, applied } = error;
  return new DeviceFailure(reason, message, { retry, applied, cause: error });
}
