// Clients for tests, with short time limits; a message to send, and what a call failed with.
import { DeviceError } from '../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import type { Simulator } from '../../simulator/simulator.ts';
import {
  createPanosClient,
  type PanosClient,
  type PanosClientOptions,
} from '../../src/panos/client/client.ts';
import { fixture } from './fixtures.ts';
import { type Answer, startScriptedDevice } from './scripted-device.ts';
import type { TableClient } from '../../src/panos/client/table-client.ts';
import { registeredIp } from '../../src/panos/messages/registered-ip.ts';
import type { RegisteredIp } from '../../src/panos/messages/registered-ip-reader.ts';
import type { RefusedEntry } from '../../src/panos/messages/response.ts';
import type { UidUpdate } from '../../src/panos/messages/uid-message.ts';

/** A signal that never aborts. */
export const never = new AbortController().signal;

export type TestClient = PanosClient & RegisteredIpClient & AsyncDisposable;

type RegisteredIpClient = TableClient<RegisteredIp, UidUpdate, RefusedEntry>;

export function clientOf(
  device: { readonly endpoint: string; readonly ca: string },
  options: Partial<PanosClientOptions> = {},
): TestClient {
  const client = createPanosClient({
    endpoint: device.endpoint,
    credentials: { apiKey: 'KEY' },
    tls: { ca: device.ca, insecureSkipVerify: false },
    userAgent: 'pan-tag-operator/test',
    timeouts: { connectMs: 2000, callMs: 5000 },
    ...options,
  });
  return { ...client, ...client.tables(registeredIp), [Symbol.asyncDispose]: () => client.close() };
}

/** A client of a simulated device, with its API key unless told otherwise. */
export function clientOfSimulator(device: Simulator, options: Partial<PanosClientOptions> = {}): TestClient {
  const { endpoint, caPem, apiKey } = device;
  return clientOf({ endpoint, ca: caPem }, { credentials: { apiKey }, ...options });
}

/** What the call failed with; fails for every other outcome. */
export async function failure(call: Promise<unknown>): Promise<DeviceError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof DeviceError, String(error));
    return error;
  }
  throw new Error('nothing failed');
}

/** The reply to a message that the device took. */
export const success = fixture('user-id.success.pan-dev');

export const message = { register: [{ ip: '10.0.0.1', tags: ['a'] }], unregister: [] };

/** Reason and effect of one message to a device that answers so. */
export async function afterMessage(
  answer: Answer,
  options: Partial<PanosClientOptions> = {},
): Promise<[string, string]> {
  await using device = await startScriptedDevice(answer);
  await using client = clientOf(device, options);
  const { reason, applied } = await failure(client.update(message, never));
  assert.equal(device.received.length, 1, 'a message is sent once');
  return [reason, applied];
}

/** Entries of a message, each an address and its tags. */
export const entries = (...pairs: readonly (readonly [string, ...string[]])[]) =>
  pairs.map(([ip, ...tags]) => ({ ip, tags }));
