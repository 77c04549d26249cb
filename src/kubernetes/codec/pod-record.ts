// Builds a PodRecord, which is the claimant that core knows, from what either decoder read of a Pod: the rules for both encodings.

import { podAddress } from '../../core/syntax/address.ts';
import type { Claimant } from '../../core/model/claimant.ts';
import type { Labels } from '../../core/model/model.ts';
import type { Entry } from './decode.ts';
import { type Interner, noLabels } from './intern.ts';
import { DecodeError } from '../errors/kube-errors.ts';

type PodWords = Pick<Claimant, 'uid' | 'namespace' | 'name' | 'labels' | 'terminating'> & {
  /** spec.nodeName, '' until scheduled. */
  readonly node: string;
  readonly serviceAccount: string;
  /** status.podIPs in canonical text (see address.ts), IPv4 and IPv6, without duplicates. */
  readonly addresses: readonly string[];
  readonly hostNetwork: boolean;
  /**
   * When the Pod's network came up, in ms since the epoch: the last transition of the condition
   * PodReadyToStartContainers, else status.startTime, else metadata.creationTimestamp.
   */
  readonly networkReadyAt: number;
};

/**
 * A few hundred bytes of the 10 KB that the API serves. A class, so that what a Claimant has and a Pod does not stands on
 * the prototype: neither a second object nor a field for each of 100,000 Pods.
 */
export class PodRecord implements PodWords, Claimant {
  declare readonly uid: string;
  declare readonly namespace: string;
  declare readonly name: string;
  declare readonly node: string;
  declare readonly serviceAccount: string;
  declare readonly labels: Labels;
  declare readonly addresses: readonly string[];
  declare readonly hostNetwork: boolean;
  declare readonly terminating: boolean;
  declare readonly networkReadyAt: number;

  constructor(words: PodWords) {
    this.uid = words.uid;
    this.namespace = words.namespace;
    this.name = words.name;
    this.node = words.node;
    this.serviceAccount = words.serviceAccount;
    this.labels = words.labels;
    this.addresses = words.addresses;
    this.hostNetwork = words.hostNetwork;
    this.terminating = words.terminating;
    this.networkReadyAt = words.networkReadyAt;
  }

  get kind(): 'Pod' {
    return 'Pod';
  }

  get since(): number {
    return this.networkReadyAt;
  }

  /** A Pod on its node's network reports the node's addresses. */
  get ineligible(): 'HostNetwork' | undefined {
    return this.hostNetwork ? 'HostNetwork' : undefined;
  }

  get fields(): Claimant['fields'] {
    return this;
  }
}

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
  const record = new PodRecord({
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
  });
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
