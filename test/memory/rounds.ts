// A child process with a small heap: feeds one memory of the program its worst legal input, round after round, and prints how
// much heap is in use half-way and at the end, in bytes, as JSON.

import { createPodDecoder, createSecretDecoder, policyDecoder } from '../../src/kubernetes/codec/decoders.ts';
import { RecordStore } from '../../src/kubernetes/reflector/record-store.ts';
import { Desired } from '../../src/core/desired/desired.ts';
import { RemovalCauses } from '../../src/core/removals/removal-causes.ts';
import type { Policy } from '../../src/core/model/model.ts';
import { ofDevices } from './of-devices.ts';
import { ofObjects } from './of-objects.ts';

const rounds = 10_000;

/** A Pod whose labels never come back; now and then with so many that they take a megabyte. */
function relabelledPod(): (round: number) => void {
  const decoder = createPodDecoder();
  const store = new RecordStore<unknown>();
  return (round) => {
    const count = round % 500 === 0 ? 20_000 : 30;
    const labels = Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, `r${round}`]));
    const metadata = { name: 'p', namespace: 'a', uid: 'u', resourceVersion: String(round + 1), labels };
    store.set(decoder.json({ metadata }), 'watch');
  };
}

/** Small label sets just under the size up to which they are shared. */
function sharedSets(): (round: number) => void {
  const decoder = createPodDecoder();
  return (round) => {
    const labels = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`k${i}`, `v${round}`.padEnd(60, 'x')]),
    );
    decoder.json({ metadata: { name: 'p', uid: 'u', resourceVersion: '1', labels } });
  };
}

/** 800 policies and 800 Secrets, edited over and over, each with 25 KB that is none of ours. */
function rawObjects(): (round: number) => void {
  const store = new RecordStore<unknown>();
  const secret = createSecretDecoder(['apiKey']);
  const xs = 'x'.repeat(25_000);
  return (round) => {
    const ballast = `"${xs}${round}"`;
    const named = `{"ballast":${ballast}}`;
    const rest = `"name":"p","resourceVersion":"${round + 1}","annotations":${named},"managedFields":[${ballast}],"labels":${named}`;
    const metadataOf = (uid: string) => `{"uid":"${uid}${round % 800}",${rest}}`;
    store.set(policyDecoder.json(JSON.parse(`{"metadata":${metadataOf('u')},"spec":{}}`)), 'watch');
    store.set(secret.json(JSON.parse(`{"metadata":${metadataOf('s')},"data":${named}}`)), 'watch');
  };
}

/** A tenant relabels a Pod every second, and the device is away: the ledger of causes is never settled. */
function causes(): (round: number) => void {
  const ledger = new RemovalCauses();
  const desired = new Desired({
    addressChanged: (_, change) => ledger.note(change),
    policyChanged: () => {},
  });
  const policy: Policy = {
    id: 'a/p',
    name: 'p',
    namespace: 'a',
    firewalls: { names: ['f'] },
    namespaceSelector: undefined,
    podSelector: [],
    tags: [{ kind: 'labelKeys', keys: ['*'] }],
  };
  const none = new Map<string, string>();
  desired.setFirewall({
    name: 'f',
    labels: none,
    tagPrefix: 'k.',
    namespaceSelector: [],
    addressCIDRs: undefined,
  });
  desired.setNamespace({ name: 'a', labels: none });
  desired.setPolicy(policy);
  return (round) => {
    const labels = new Map(Array.from({ length: 64 }, (_, i) => [`l${i}`, `r${round}`]));
    desired.setClaimant({
      uid: 'u',
      namespace: 'a',
      name: 'p',
      kind: 'Pod',
      fields: { node: 'n', serviceAccount: 's' },
      labels,
      addresses: ['10.0.0.1'],
      ineligible: undefined,
      terminating: false,
      since: 1,
    });
  };
}

const memories = { relabelledPod, sharedSets, rawObjects, causes, ...ofDevices, ...ofObjects };

const play: (round: number) => void | Promise<void> = memories[process.argv[2] as keyof typeof memories]();
const used = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};
let half = 0;
for (let round = 0; round < rounds; round += 1) {
  await play(round);
  if (round === rounds / 2) half = used();
}
process.stdout.write(JSON.stringify({ half, end: used() }));
// What is measured must still be there when it is.
await play(rounds);
