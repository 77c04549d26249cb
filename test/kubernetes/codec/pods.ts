// Pods for tests, as the API server's JSON: arbitrary ones for laws, plain ones for stories.

import * as fc from 'fast-check';
import type { PodJson } from './encode-protobuf.ts';

const seconds = fc
  .integer({ min: 0, max: 4_000_000_000 })
  .map((s) => `${new Date(s * 1000).toISOString().slice(0, 19)}Z`);
const maybeTime = fc.option(fc.option(seconds, { nil: null }), { nil: undefined });
const word = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '1',
    '10',
    '',
    'app',
    'tier',
    'ä',
    '日本',
  ),
  fc.string({ maxLength: 12 }),
);
const identifier = fc.string({ minLength: 1, maxLength: 36 });
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.constantFrom('fd00:10::0:30', '10.0.0.1', 'FD00::1', 'nonsense', ''),
);

/** A dictionary whose `__proto__`, if any, is an own key, as JSON.parse makes it. */
const dictionary = fc
  .array(fc.tuple(word, fc.string({ maxLength: 12 })), { maxLength: 6 })
  .map(
    (pairs) =>
      JSON.parse(
        `{${pairs.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`,
      ) as object,
  );

const condition = fc.record({
  type: fc.constantFrom('PodReadyToStartContainers', 'Ready', 'PodScheduled'),
  status: fc.constantFrom('True', 'False'),
  lastTransitionTime: fc.option(seconds, { nil: null }),
});

export const arbitraryPod: fc.Arbitrary<PodJson> = fc.record(
  {
    metadata: fc.record(
      {
        name: identifier,
        namespace: identifier,
        uid: identifier,
        resourceVersion: identifier,
        creationTimestamp: maybeTime,
        deletionTimestamp: maybeTime,
        labels: dictionary,
        annotations: dictionary,
        managedFields: fc.array(dictionary, { maxLength: 2 }),
      },
      { requiredKeys: ['name', 'namespace', 'uid', 'resourceVersion'] },
    ),
    spec: fc.record(
      {
        nodeName: word,
        serviceAccountName: word,
        hostNetwork: fc.boolean(),
        containers: fc.array(dictionary, { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
    status: fc.record(
      {
        phase: fc.constantFrom('Pending', 'Running'),
        podIP: address,
        podIPs: fc.array(
          address.map((ip) => ({ ip })),
          { maxLength: 3 },
        ),
        startTime: maybeTime,
        conditions: fc.array(condition, { maxLength: 3 }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['metadata'] },
) as fc.Arbitrary<PodJson>;

export type PodOptions = {
  readonly uid?: string;
  readonly namespace?: string;
  readonly version?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ip?: string;
};

export function pod(name: string, options: PodOptions = {}): PodJson {
  const { uid = `uid-${name}`, namespace = 'shop', version = 1, labels = { app: name }, ip } = options;
  return {
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion: String(version),
      creationTimestamp: '2026-11-21T10:00:00Z',
      labels,
    },
    spec: { nodeName: 'node-1', serviceAccountName: 'default' },
    status: { phase: 'Running', ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }) },
  };
}
