// Binds the operator's port to the PAN-OS client: batches in, refused pairs and DeviceErrors out.

import type { X509Certificate } from 'node:crypto';
import { DeviceError } from '../../core/model/device-error.ts';
import { whyUnsupported } from '../../core/device/pan-os-version.ts';
import type { RefusedPair } from '../../core/message/refusals.ts';
import { type Batch, sectionsOf } from '../../core/message/batch.ts';
import type { Timing } from '../../core/model/timing.ts';
import type { TableRef } from '../../core/model/table-ref.ts';
import { type CallObserver, createPanosClient, type PanosClient } from '../../panos/client/client.ts';
import type { KeyExchange } from '../../panos/http/key-exchange.ts';
import type { Entry } from '../../panos/messages/uid-message.ts';
import { readTable } from '../../panos/client/read-table.ts';
import { registeredIp } from '../../panos/messages/registered-ip.ts';
import type { RefusedEntry } from '../../panos/messages/response.ts';
import type { ConnectionSettings } from './credentials.ts';
import type { Answers, Connection } from './device-port.ts';
import { type EnvironmentProxy, proxyFor } from './device-proxy.ts';
import { isDenial, understoodDenial } from './passive-peer.ts';

export type ConnectionOptions = {
  readonly settings: ConnectionSettings;
  /** Where the settings name no proxy. */
  readonly environmentProxy: EnvironmentProxy;
  /** What is known of the devices' key exchange. Default: what this connection finds out. */
  readonly keyExchange?: KeyExchange | undefined;
  readonly userAgent: string;
  /** Asked just before each request. */
  readonly mayCall: () => boolean;
  /** Asked just before each further part of a request. */
  readonly mayGoOn: () => boolean;
  readonly observe: CallObserver;
  /** Told of the certificate that the device presents. */
  readonly presented?: ((certificate: X509Certificate) => void) | undefined;
  readonly timing: Timing;
};

/** @throws DeviceError when the settings cannot work, such as a CA that is no certificate. */
export function openConnection({
  settings,
  environmentProxy,
  timing,
  ...call
}: ConnectionOptions): Connection {
  const client = createPanosClient({
    ...settings,
    ...call,
    credentials: settings.login,
    proxy: proxyFor(settings, environmentProxy),
    timeouts: timing,
    signInHoldMs: timing.signInHoldMs,
  });
  return connectionOver(client);
}

export function connectionOver(client: PanosClient): Connection {
  const tables = client.tables(registeredIp);
  let closed = false;
  /** A call that began after close() was never sent; one that was given up may have been before. */
  const called = <T>(answer: Promise<T>, signal: AbortSignal): Promise<T> =>
    answer.catch((error: unknown) => {
      throw closed && !signal.aborted && !(error instanceof DeviceError) ? closedFailure() : error;
    });
  /** A device that denies is asked whether it is a passive peer. */
  const onTable = <T>(table: TableRef, answer: Promise<T>, signal: AbortSignal): Promise<T> =>
    called(answer, signal).catch(async (error: unknown) => {
      if (!isDenial(error)) throw error;
      const ha = called(client.haState(table, signal), signal).catch((unanswered: unknown) => {
        throw unanswered instanceof DeviceError ? error : unanswered;
      });
      throw understoodDenial(error, await ha);
    });
  const answers: Answers = {
    info: async (of, signal) => supported(await called(client.systemInfo(signal, of), signal)),
    haState: (of, signal) => called(client.haState(of, signal), signal),
    managedDevices: (_, signal) => called(client.managedDevices(signal), signal),
    deviceGroups: (_, signal) => called(client.deviceGroups(signal), signal),
    groupHierarchy: (_, signal) => called(client.groupHierarchy(signal), signal),
    readAll: ({ table, ...read }, signal) =>
      onTable(table, readTable(tables, { kind: registeredIp, ...table, ...read, signal }), signal),
    readOne: ({ table, key }, signal) => onTable(table, tables.readOne({ ...table, key }, signal), signal),
    send: async ({ table, batch }, signal) => {
      const answer = tables.update({ ...table, ...sections(batch) }, signal);
      const { rejected } = await onTable(table, answer, signal);
      return rejected.map(toRefusedPair);
    },
  };
  return {
    call: (question, signal) => answers[question.ask](question, signal),
    close: () => {
      closed = true;
      return client.close();
    },
  };
}

function sections(batch: Batch) {
  const unregister: Entry[] = [];
  const register: Entry[] = [];
  for (const item of batch) {
    const { address: ip, timeoutSeconds = 0 } = item;
    const tags = sectionsOf(item);
    if (tags.unregister.length > 0) unregister.push({ ip, tags: tags.unregister });
    if (tags.register.length > 0) register.push({ ip, tags: tags.register, timeoutSeconds });
  }
  return { unregister, register };
}

function toRefusedPair({ section, ip, tag, message, limit }: RefusedEntry): RefusedPair {
  return { section, address: ip, tag, message, limit };
}

function supported<T extends { readonly swVersion: string }>(device: T): T {
  const why = whyUnsupported(device.swVersion);
  if (why === undefined) return device;
  throw new DeviceError('UnsupportedVersion', why, { retry: 'slow', applied: 'no' });
}

function closedFailure(): DeviceError {
  const message = 'the connection was closed to be opened with new settings';
  return new DeviceError('DeviceUnavailable', message, { retry: 'backoff', applied: 'no' });
}
