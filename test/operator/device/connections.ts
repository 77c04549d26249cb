// Connections to simulated devices, as the operator opens them, and what a call on one failed with.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import { productTiming } from '../../../src/core/model/timing.ts';
import assert from 'node:assert/strict';
import type { Simulator } from '../../../simulator/simulator.ts';
import type { Batch } from '../../../src/core/message/batch.ts';
import type { ConnectionSettings } from '../../../src/operator/device/credentials.ts';
import { openConnection } from '../../../src/operator/device/device-connection.ts';
import type { Connection } from '../../../src/operator/device/device-port.ts';

export function connectionTo(
  { endpoint, apiKey, caPem: ca }: Simulator,
  settings: Partial<ConnectionSettings> = {},
): Connection & AsyncDisposable {
  const connection = openConnection({
    settings: {
      endpoint,
      login: { apiKey },
      maxConcurrentCalls: 2,
      proxyUrl: undefined,
      tls: { ca, serverName: undefined, insecureSkipVerify: false },
      ...settings,
    },
    environmentProxy: { url: undefined, except: '' },
    userAgent: 'pan-tag-operator/test',
    mayCall: () => true,
    mayGoOn: () => true,
    observe: () => {},
    timing: productTiming,
  });
  return { ...connection, [Symbol.asyncDispose]: () => connection.close() };
}

/** Fails for every other outcome. */
export async function failureOf(call: Promise<unknown>): Promise<DeviceError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof DeviceError, String(error));
  return error;
}

/** A message that gives this address one tag. */
export function registers(address: string, tag = 'k8s.web'): Batch {
  return [{ address, register: [tag], unregister: [], causes: new Map(), since: 0 }];
}
