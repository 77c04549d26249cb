// The source of Pods: every Pod that has not finished is a claimant.

import { createPodDecoder } from '../../kubernetes/codec/decoders.ts';
import type { PodRecord } from '../../kubernetes/codec/pod-record.ts';
import type { Source } from './source.ts';

/** A Pod that ends leaves this selection, and so arrives as deleted. */
const unfinished = { fieldSelector: 'status.phase!=Failed,status.phase!=Succeeded' };

export function podSource(): Source<PodRecord> {
  return {
    name: 'pods',
    path: '/api/v1/pods',
    query: unfinished,
    decoder: createPodDecoder(),
    toClaimants: (change) => [change],
  };
}
