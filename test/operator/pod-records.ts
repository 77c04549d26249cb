// Pods as the operator's tests deliver them.
import { PodRecord } from '../../src/kubernetes/codec/pod-record.ts';

type Facts = ConstructorParameters<typeof PodRecord>[0];

/** A Pod of the namespace shop that runs; `address` is its only one. */
export function podRecord(uid: string, address: string, more: Partial<Facts> = {}): PodRecord {
  return new PodRecord({
    uid,
    namespace: 'shop',
    name: `web-${uid}`,
    node: 'n1',
    serviceAccount: 'default',
    labels: new Map(),
    addresses: [address],
    hostNetwork: false,
    terminating: false,
    networkReadyAt: 1000,
    ...more,
  });
}
