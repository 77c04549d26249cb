// Builds a PodRecord from what either decoder read of a Pod: the rules live here, once for both encodings.

import { podAddress } from '../../core/syntax/address.ts';
import type { Labels, PodRecord } from '../../core/model/model.ts';
import type { Entry } from './decode.ts';
import { type Interner, noLabels } from './intern.ts';
import { DecodeError } from '../errors/kube-errors.ts';

/** A Pod's own words. Times are ms since the epoch; absent ones are undefined. */
export type PodDraft = {
  uid: string;
  resourceVersion: string;
  namespace: string;
  name: string;
  node: string;
  serviceAccount: string;
  labels: Labels;
  hostNetwork: boolean;
  deletedAt: number | undefined;
  createdAt: number | undefined;
  startedAt: number | undefined;
  /** Last transition of PodReadyToStartContainers, while it is True. */
  networkReadyAt: number | undefined;
  podIP: string;
  podIPs: readonly string[];
};

const noAddresses: readonly string[] = [];

export function createPodDraft(): PodDraft {
  return {
    uid: '',
    resourceVersion: '',
    namespace: '',
    name: '',
    node: '',
    serviceAccount: '',
    labels: noLabels,
    hostNetwork: false,
    deletedAt: undefined,
    createdAt: undefined,
    startedAt: undefined,
    networkReadyAt: undefined,
    podIP: '',
    podIPs: noAddresses,
  };
}

/** The condition that says a Pod's sandbox exists and its network is set up (KEP-3085). */
export const networkReadyCondition = 'PodReadyToStartContainers';

/** @throws DecodeError when the Pod lacks what every stored object has. */
export function podEntry(draft: PodDraft, interner: Interner): Entry<PodRecord> {
  const { uid, resourceVersion } = draft;
  if (uid === '' || resourceVersion === '') throw new DecodeError('a Pod without uid or resourceVersion');
  const record: PodRecord = {
    uid,
    namespace: interner.string(draft.namespace),
    name: draft.name,
    node: interner.string(draft.node),
    serviceAccount: interner.string(draft.serviceAccount),
    labels: draft.labels,
    addresses: addressesOf(draft),
    hostNetwork: draft.hostNetwork,
    terminating: draft.deletedAt !== undefined,
    networkReadyAt: draft.networkReadyAt ?? draft.startedAt ?? draft.createdAt ?? 0,
  };
  return { uid, resourceVersion, record };
}

/** podIPs is podIP's successor; a server that knows only podIP fills only that. */
function addressesOf({ podIP, podIPs }: PodDraft): readonly string[] {
  const texts = podIPs.length > 0 || podIP === '' ? podIPs : [podIP];
  if (texts.length === 0) return noAddresses;
  const addresses: string[] = [];
  for (const text of texts) {
    const address = podAddress(text);
    if (address !== undefined && !addresses.includes(address)) addresses.push(address);
  }
  // A list that grew by push keeps room for 17 elements; its copy is exact.
  return addresses.length === 0 ? noAddresses : addresses.slice();
}
