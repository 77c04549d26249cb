// Memories of what stands in objects beside their spec, and of what is written and told of them.

import { Desired } from '../../src/core/desired/desired.ts';
import { policyDecoder } from '../../src/kubernetes/codec/decoders.ts';
import { KubeUnreachableError } from '../../src/kubernetes/errors/kube-errors.ts';
import type { KubeHttp } from '../../src/kubernetes/client/http.ts';
import { RecordStore } from '../../src/kubernetes/reflector/record-store.ts';
import { AnnotationRequests } from '../../src/operator/cluster/annotation-requests.ts';
import { EventRecorder } from '../../src/operator/status/event-recorder.ts';
import { StatusEchoes } from '../../src/operator/status/status-echoes.ts';
import { createLogger } from '../../src/runtime/logger.ts';

const log = createLogger({ level: 'silent', format: 'json' });

/** 1,000 policies with 100 KB of annotations under our own group. */
function policyAnnotations(): (round: number) => void {
  const store = new RecordStore<unknown>();
  const ballast = 'x'.repeat(100_000);
  return (round) => {
    const uid = `u${round % 1000}`;
    const annotations = `{"pantag.io/ballast-${round}":"${ballast}"}`;
    const metadata = `{"name":"p","uid":"${uid}","resourceVersion":"${round + 1}","annotations":${annotations}}`;
    store.set(policyDecoder.json(JSON.parse(`{"metadata":${metadata},"spec":{}}`)), 'watch');
  };
}

/** A PanFirewall whose annotations of our group are never the same, and mean nothing or cannot be acted on. */
function strangeAnnotations(): (round: number) => void {
  const requests = new AnnotationRequests();
  const worker = {
    tell: () => undefined,
    tables: { approve: () => false, mayHaveMore: true, all: [] },
  };
  return (round) => {
    const strange = Array.from(
      { length: 8 },
      (_, i) => [`pantag.io/x${round}-${i}`, 'x'.repeat(1000)] as const,
    );
    requests.note('edge', new Map([...strange, ['pantag.io/approve-removals', 'x'.repeat(10_000) + round]]));
    requests.review({ workerOf: () => worker as never, drop: () => undefined, log });
  };
}

/** Events that an API server does not take, about objects and in words that never come back. */
function events(): (round: number) => void {
  const unreachable = async (): Promise<never> => {
    throw new KubeUnreachableError('ECONNREFUSED', 'nobody is there');
  };
  const recorder = new EventRecorder({
    http: { request: unreachable, json: unreachable } as unknown as KubeHttp,
    instance: 'operator',
    failed: () => undefined,
    log,
    clock: () => 1_700_000_000_000,
  });
  return (round) => {
    const regarding = {
      apiVersion: 'pantag.io/v1alpha1',
      kind: 'PanFirewall',
      name: `edge-${round}`,
      namespace: undefined,
      uid: `u${round}`,
      resourceVersion: '1',
    };
    recorder.record(regarding as never, { reason: 'NotReady', note: `${round} ${'x'.repeat(4000)}` });
  };
}

/** 100 statuses that are written over and over, and that the watch never brings back. */
function echoes(): (round: number) => void {
  const all = Array.from({ length: 100 }, () => new StatusEchoes<unknown>());
  return (round) => {
    const status = { tags: Array.from({ length: 64 }, (_, i) => `k8s.${round}.${i}`) };
    all[round % 100]?.sending(status, round);
    all[round % 100]?.answered(status, round);
  };
}

/** Policies with names that never come back, taken up together, and gone again. */
function comingPolicies(): (round: number) => void {
  const desired = new Desired({ addressChanged: () => undefined, policyChanged: () => undefined });
  const none = new Map<string, string>();
  desired.setFirewall({
    name: 'f',
    labels: none,
    tagPrefix: 'k.',
    namespaceSelector: [],
    addressCIDRs: undefined,
  });
  desired.setNamespace({ name: 'a', labels: none });
  return (round) => {
    const id = `a/${'p'.repeat(200)}${round}`;
    desired.defer();
    desired.setPolicy({
      id,
      name: id.slice(2),
      namespace: 'a',
      firewalls: { names: ['f', `x${round}`] },
      namespaceSelector: undefined,
      podSelector: [{ key: `k${round}`, operator: 'Exists', values: new Set() }],
      tags: [{ kind: 'labelKeys', keys: ['*'] }],
    });
    desired.settle();
    desired.deletePolicy(id);
  };
}

export const ofObjects = { policyAnnotations, strangeAnnotations, events, echoes, comingPolicies };
