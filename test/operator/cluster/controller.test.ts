// Holders that came while nobody led, as the controller reports them to its workers, whatever order the kinds are listed in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import type { AddressChange } from '../../../src/core/model/address-change.ts';
import type { PodRecord } from '../../../src/kubernetes/codec/pod-record.ts';
import { podSource } from '../../../src/operator/sources/pod-source.ts';
import type { RawObject } from '../../../src/kubernetes/codec/decoders.ts';
import type { Sink } from '../../../src/kubernetes/reflector/reflector.ts';
import { Controller, kinds } from '../../../src/operator/cluster/controller.ts';
import type { FirewallWorker } from '../../../src/operator/firewall/firewall-worker.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { podRecord } from '../pod-records.ts';

const firewall = {
  metadata: {
    name: 'edge',
    uid: 'f1',
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {
    endpoint: 'https://fw.example.net',
    tagPrefix: 'k8s.',
    credentials: { secretRef: { name: 'edge' } },
    namespaceSelector: {},
    deletionPolicy: 'Retain',
  },
};

const pod = (n: number): PodRecord =>
  podRecord(`p${n}`, `10.0.0.${n}`, { name: `web-${n}`, networkReadyAt: n * 1000 });

/** A controller whose one worker only remembers what it is told. */
function world() {
  const told: AddressChange[] = [];
  const worker = {
    note: (change: AddressChange) => told.push(change),
    tables: { knowledgeChanged: () => undefined },
    settingsChanged: () => undefined,
    refersTo: () => false,
  };
  const controller = new Controller({
    createWorker: () => worker as unknown as FirewallWorker,
    changed: () => undefined,
    dropAnnotation: () => undefined,
    askDefinition: () => undefined,
    statusObserved: () => undefined,
    log: createLogger({ level: 'silent', format: 'json' }),
  });
  return { controller, told };
}

function list<R>(sink: Sink<R>, records: readonly R[]): void {
  sink.apply(records.map((record) => ({ type: 'set', record, origin: 'list' })));
  sink.synced();
}

const raw = (object: typeof firewall): RawObject => ({ uid: 'f1', resourceVersion: '1', object });

const lists: Readonly<Record<(typeof kinds)[number], (controller: Controller) => void>> = {
  pods: (controller) => list(controller.claimants(podSource()), [1, 2, 3].map(pod)),
  namespaces: (controller) => list(controller.namespaces(), [{ name: 'shop', labels: new Map() }]),
  panfirewalls: (controller) => list(controller.panFirewalls(), [raw(firewall)]),
  pantagpolicies: (controller) => list(controller.policiesOf('pantagpolicies'), []),
  clusterpantagpolicies: (controller) => list(controller.policiesOf('clusterpantagpolicies'), []),
  secrets: (controller) => list(controller.secretsOf(), []),
};

const order = fc.shuffledSubarray([...kinds, 'lease' as const], { minLength: kinds.length + 1 });

test('whatever is listed last, holders since the last renewal are told as new, and nobody else', async () => {
  const law = fc.asyncProperty(order, async (steps) => {
    const { controller, told } = world();
    for (const step of steps) {
      if (step === 'lease') controller.nobodyLedSince(1500);
      else lists[step](controller);
    }
    await setImmediate();
    const holders = told.filter(({ cause }) => cause === 'newHolder').map(({ address }) => address);
    assert.deepEqual([...new Set(holders)].sort(), ['10.0.0.2', '10.0.0.3']);
  });
  await fc.assert(law);
});

test('where no Lease was ever written, nobody is new', async () => {
  const { controller, told } = world();
  for (const kind of kinds) lists[kind](controller);
  await setImmediate();
  assert.deepEqual(
    told.filter(({ cause }) => cause === 'newHolder'),
    [],
  );
});
