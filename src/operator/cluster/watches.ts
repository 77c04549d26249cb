// Watched kinds, each with the controller's sink that it feeds.

import {
  createNamespaceDecoder,
  createSecretDecoder,
  policyDecoder,
  rawDecoder,
} from '../../kubernetes/codec/decoders.ts';
import type { KubeHttp } from '../../kubernetes/client/http.ts';
import {
  createReflector,
  type Reflector,
  type ReflectorOptions,
} from '../../kubernetes/reflector/reflector.ts';
import {
  clusterPanTagPolicies,
  collectionPath,
  panFirewalls,
  panTagPolicies,
} from '../../kubernetes/resources/api.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { Controller, WatchedKind } from './controller.ts';
import { usedKeys } from '../device/credentials.ts';
import { podSource } from '../sources/pod-source.ts';
import type { Source } from '../sources/source.ts';
import type { Watched } from './readiness.ts';

/** How often each cache is compared with an exact list, to count what a watch did not tell. */
const resyncMs = 3_600_000;
/** How long a right that was taken away, or a token that ran out, may go unnoticed. */
const probeMs = 20_000;

type WatchParts = {
  readonly http: KubeHttp;
  /** The operator's own, where Secrets are. */
  readonly namespace: string;
  readonly controller: Controller;
  readonly metrics: Metrics;
  readonly log: Logger;
};

export type Watch = Watched & Pick<Reflector, 'run' | 'startAnew'>;

type Collection<R> = Pick<ReflectorOptions<R>, 'decoder' | 'sink'> & Pick<Source<R>, 'path' | 'query'>;

export function createWatches({ http, namespace, controller, metrics, log }: WatchParts): Watch[] {
  const watch = <R>(name: WatchedKind, { path, query, decoder, sink }: Collection<R>): Watch => {
    const reflector = createReflector({
      http,
      resource: { name, path, ...(query === undefined ? {} : { query }) },
      decoder,
      sink,
      log: log.child({ resource: name }),
      observer: {
        watchRestart: (reason) => metrics.watchRestarts.inc({ resource: name, reason }),
        missedChange: (count) => metrics.watchMissedChanges.inc({ resource: name }, count),
        activity: () => {},
      },
      resyncMs,
      probeMs,
    });
    return { name, ...reflector };
  };
  const watchSource = <R>(source: Source<R>) =>
    watch(source.name, { ...source, sink: controller.claimants(source) });
  const raw = (path: string, sink: ReturnType<Controller['secretsOf']>, decoder = rawDecoder) => ({
    path,
    sink,
    decoder,
  });
  return [
    watchSource(podSource()),
    watch('namespaces', {
      path: '/api/v1/namespaces',
      decoder: createNamespaceDecoder(),
      sink: controller.namespaces(),
    }),
    watch('panfirewalls', raw(collectionPath(panFirewalls), controller.panFirewalls())),
    watch(
      'pantagpolicies',
      raw(collectionPath(panTagPolicies), controller.policiesOf('pantagpolicies'), policyDecoder),
    ),
    watch(
      'clusterpantagpolicies',
      raw(
        collectionPath(clusterPanTagPolicies),
        controller.policiesOf('clusterpantagpolicies'),
        policyDecoder,
      ),
    ),
    watch(
      'secrets',
      raw(`/api/v1/namespaces/${namespace}/secrets`, controller.secretsOf(), createSecretDecoder(usedKeys)),
    ),
  ];
}
