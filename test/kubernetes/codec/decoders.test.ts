// Decoding: both encodings of an object say the same, hostile bytes only ever throw, equal label sets are one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  createNamespaceDecoder,
  createPodDecoder,
  createSecretDecoder,
  policyDecoder,
  rawDecoder,
} from '../../../src/kubernetes/codec/decoders.ts';
import { pageFromJson, watchEventFromJson } from '../../../src/kubernetes/codec/decode-json.ts';
import {
  pageFromProtobuf,
  statusFromProtobuf,
  watchEventFromProtobuf,
} from '../../../src/kubernetes/codec/decode-protobuf.ts';
import { createInterner } from '../../../src/kubernetes/codec/intern.ts';
import { DecodeError } from '../../../src/kubernetes/errors/kube-errors.ts';
import { PodRecord } from '../../../src/kubernetes/codec/pod-record.ts';
import { podFromProtobuf } from '../../../src/kubernetes/codec/pod-protobuf.ts';
import {
  encodeFrame,
  encodePod,
  encodePodEvent,
  encodePodList,
  encodeStatus,
  field,
  wrap,
} from './encode-protobuf.ts';
import { arbitraryPod, pod } from './pods.ts';

const fromProtobuf = (bytes: Buffer) => podFromProtobuf(bytes, 0, bytes.length, createInterner());
const fromJson = (object: unknown) => createPodDecoder().json(object);

test('a Pod has the same record in protobuf and in JSON', () => {
  fc.assert(
    fc.property(arbitraryPod, (pod) => {
      assert.deepEqual(fromProtobuf(encodePod(pod)), fromJson(JSON.parse(JSON.stringify(pod))));
    }),
    { numRuns: 3000 },
  );
});

test('a PodRecord holds what the Pod says', () => {
  const labels = JSON.parse('{"__proto__":"a","constructor":"b","app":"web","1":"one"}') as Record<
    string,
    string
  >;
  const json = {
    metadata: {
      ...pod('web-0', { uid: 'u-1', version: 42 }).metadata,
      labels,
      deletionTimestamp: '2026-11-21T10:09:00Z',
    },
    spec: { nodeName: 'node-7', serviceAccountName: 'web', hostNetwork: true },
    status: {
      podIP: '10.0.0.7',
      podIPs: [{ ip: '10.0.0.7' }, { ip: 'fd00:10::0:30' }, { ip: 'FD00:10::30' }],
      startTime: '2026-11-21T10:00:01Z',
      conditions: [
        { type: 'Ready', status: 'True', lastTransitionTime: '2026-11-21T10:00:09Z' },
        { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: '2026-11-21T10:00:03Z' },
      ],
    },
  };
  const expected = {
    uid: 'u-1',
    namespace: 'shop',
    name: 'web-0',
    node: 'node-7',
    serviceAccount: 'web',
    labels: new Map([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['app', 'web'],
      ['1', 'one'],
    ]),
    addresses: ['10.0.0.7', 'fd00:10::30'],
    hostNetwork: true,
    terminating: true,
    networkReadyAt: Date.parse('2026-11-21T10:00:03Z'),
  };
  for (const { uid, resourceVersion, record } of [fromJson(json), fromProtobuf(encodePod(json))]) {
    assert.deepEqual({ uid, resourceVersion }, { uid: 'u-1', resourceVersion: '42' });
    assert.deepEqual(record, new PodRecord(expected));
    const { kind, since, ineligible, fields } = record;
    assert.deepEqual([kind, since, ineligible], ['Pod', expected.networkReadyAt, 'HostNetwork']);
    assert.deepEqual([fields.node, fields.serviceAccount], ['node-7', 'web']);
  }
});

test('the network of a Pod is as old as its sandbox, else its start, else itself', () => {
  const at = (status: object) => {
    const json = { ...pod('a'), status: { ...status } };
    const records = [fromJson(json), fromProtobuf(encodePod(json))].map(
      ({ record }) => record.networkReadyAt,
    );
    assert.equal(records[0], records[1]);
    return records[0];
  };
  const condition = (status: string) => ({
    type: 'PodReadyToStartContainers',
    status,
    lastTransitionTime: '2026-11-21T10:00:05Z',
  });
  const startTime = '2026-11-21T10:00:02Z';
  assert.equal(at({ startTime, conditions: [condition('True')] }), Date.parse('2026-11-21T10:00:05Z'));
  assert.equal(at({ startTime, conditions: [condition('False')] }), Date.parse(startTime));
  assert.equal(at({ startTime }), Date.parse(startTime));
  assert.equal(at({}), Date.parse('2026-11-21T10:00:00Z'));
});

test('equal label sets are one instance, in either encoding', () => {
  const decoder = createPodDecoder();
  const labels = { app: 'web', tier: 'gold' };
  const records = ['a', 'b'].map((name) => pod(name, { labels: { ...labels } }));
  const [first, second] = records.map((json) => decoder.json(json).record.labels);
  assert.equal(first, second);
  const [third, fourth] = records.map((json) => {
    const bytes = encodePod(json);
    return decoder.protobuf?.(bytes, 0, bytes.length).record.labels;
  });
  assert.ok(third !== undefined);
  assert.equal(third, fourth);
});

test('labels that a writer scatters between other fields are all read', () => {
  const pair = (key: string, value: string) => field(11, Buffer.concat([field(1, key), field(2, value)]));
  const meta = Buffer.concat([
    pair('app', 'web'),
    field(1, 'web-0'),
    pair('tier', 'gold'),
    pair('zone', 'a'),
    field(5, 'u-1'),
    field(6, '1'),
  ]);
  const { labels, name } = fromProtobuf(field(1, meta)).record;
  assert.equal(name, 'web-0');
  assert.deepEqual(
    [...labels],
    [
      ['app', 'web'],
      ['tier', 'gold'],
      ['zone', 'a'],
    ],
  );
});

test('a list page says its items, its version and how to go on, in either encoding', () => {
  fc.assert(
    fc.property(fc.array(arbitraryPod, { maxLength: 5 }), fc.string(), (pods, token) => {
      const decoder = createPodDecoder();
      const json = pageFromJson(
        Buffer.from(JSON.stringify({ metadata: { resourceVersion: '77', continue: token }, items: pods })),
        decoder.json,
      );
      assert.deepEqual(pageFromProtobuf(encodePodList(pods, '77', token), podReader), json);
      assert.equal(json.entries.length, pods.length);
      assert.equal(json.continueToken, token);
    }),
    { numRuns: 200 },
  );
});

test('every kind of watch event is the same in either encoding', () => {
  const status = { code: 410, reason: 'Expired', message: 'too old resource version' };
  const bookmark = (annotations: Record<string, string>) => ({
    metadata: { resourceVersion: '99', annotations },
  });
  const end = { 'k8s.io/initial-events-end': 'true' };
  const cases: readonly (readonly [Buffer, object])[] = [
    [encodePodEvent('ADDED', pod('a')), { type: 'ADDED', object: pod('a') }],
    [encodePodEvent('MODIFIED', pod('a')), { type: 'MODIFIED', object: pod('a') }],
    [encodePodEvent('DELETED', pod('a')), { type: 'DELETED', object: pod('a') }],
    [encodePodEvent('BOOKMARK', bookmark({})), { type: 'BOOKMARK', object: bookmark({}) }],
    [encodePodEvent('BOOKMARK', bookmark(end)), { type: 'BOOKMARK', object: bookmark(end) }],
    [
      encodeFrame('ERROR', encodeStatus({ ...status, retryAfter: 3 })),
      { type: 'ERROR', object: { ...status, details: { retryAfterSeconds: 3 } } },
    ],
  ];
  const kinds = cases.map(([frame, json]) => {
    const event = watchEventFromProtobuf(frame, 4, frame.length, podReader);
    assert.deepEqual(event, watchEventFromJson(JSON.stringify(json), createPodDecoder().json));
    return event.kind;
  });
  assert.deepEqual(kinds, ['set', 'set', 'gone', 'bookmark', 'bookmark', 'error']);
});

test('a cut or damaged frame throws DecodeError, whatever its bytes', () => {
  const frames = fc.oneof(
    arbitraryPod.map((pod) => encodePodEvent('ADDED', pod).subarray(4)),
    fc.constant(
      encodeFrame('ERROR', encodeStatus({ code: 410, reason: 'Expired', message: 'old' })).subarray(4),
    ),
    fc.constant(encodePodEvent('BOOKMARK', pod('a')).subarray(4)),
  );
  const damage = fc.record({
    cut: fc.nat(),
    flips: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
  });
  let refused = 0;
  fc.assert(
    fc.property(frames, damage, (frame, { cut, flips }) => {
      // Bytes beyond the end must not be read: they look like a valid continuation.
      const bytes = Buffer.concat([frame, frame]);
      for (const [at, value] of flips) bytes[at % frame.length] = value;
      refused += throwsDecodeErrorAtMost(() =>
        watchEventFromProtobuf(bytes, 0, cut % (frame.length + 1), podReader),
      );
    }),
    { numRuns: 20_000 },
  );
  assert.ok(refused > 10_000);
});

test('a whole frame that is cut anywhere is refused', () => {
  const frame = encodePodEvent('ADDED', pod('web-0', { ip: '10.0.0.1' })).subarray(4);
  for (let end = 0; end < frame.length; end += 1) {
    assert.throws(() => watchEventFromProtobuf(frame, 0, end, podReader), DecodeError, `cut at ${end}`);
  }
});

test('arbitrary bytes and texts throw only DecodeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), fc.json(), (bytes, text, json) => {
      const buffer = Buffer.concat([Buffer.from('k8s\0'), bytes]);
      throwsDecodeErrorAtMost(() => watchEventFromProtobuf(Buffer.from(bytes), 0, bytes.length, podReader));
      throwsDecodeErrorAtMost(() => fromProtobuf(Buffer.from(bytes)));
      throwsDecodeErrorAtMost(() => pageFromProtobuf(buffer, podReader));
      throwsDecodeErrorAtMost(() => statusFromProtobuf(buffer));
      for (const document of [text, json, `{"type":"ADDED","object":${json}}`]) {
        throwsDecodeErrorAtMost(() => watchEventFromJson(document, createPodDecoder().json));
        throwsDecodeErrorAtMost(() => pageFromJson(Buffer.from(document), createPodDecoder().json));
      }
    }),
    { numRuns: 5000 },
  );
});

test('a JSON Pod with fields of the wrong type throws only DecodeError', () => {
  const wrong = fc.oneof(fc.constant(7), fc.constant([1]), fc.constant({ a: 1 }), fc.constant(true));
  const path = fc.constantFrom(
    'metadata.labels',
    'metadata.uid',
    'spec',
    'spec.nodeName',
    'status.podIPs',
    'status.startTime',
  );
  fc.assert(
    fc.property(path, wrong, (path, value) => {
      const json = JSON.parse(JSON.stringify(pod('a', { ip: '10.0.0.1' }))) as Record<
        string,
        Record<string, unknown>
      >;
      const [section = '', key] = path.split('.');
      if (key === undefined) Object.assign(json, { [section]: value });
      else Object.assign(json[section] ?? {}, { [key]: value });
      throwsDecodeErrorAtMost(() => fromJson(json));
    }),
  );
});

test('a message never quotes what it could not read, for it may be a Secret', () => {
  const secret = 'hunter2';
  for (const read of [
    () => watchEventFromJson(`{"type":"ADDED","object":"${secret}`, rawDecoder.json),
    () => pageFromJson(Buffer.from(secret), rawDecoder.json),
  ]) {
    assert.throws(read, (error: Error) => error instanceof DecodeError && !error.message.includes(secret));
  }
});

test('a packed object is refused rather than misread', () => {
  const packed = Buffer.concat([Buffer.from('k8s\0'), field(2, 'x'), field(3, 'gzip')]);
  assert.throws(() => statusFromProtobuf(packed), DecodeError);
  assert.throws(() => pageFromProtobuf(wrap('PodList', Buffer.alloc(0)), podReader), DecodeError);
});

test('a Namespace is its name and labels; a raw object is itself, whatever its spec', () => {
  const metadata = { name: 'shop', uid: 'n-1', resourceVersion: '5', labels: { team: 'a' } };
  assert.deepEqual(createNamespaceDecoder().json({ metadata }), {
    uid: 'n-1',
    resourceVersion: '5',
    record: { name: 'shop', labels: new Map([['team', 'a']]) },
  });
  const object = { metadata, spec: { anything: [null, 1] } };
  assert.deepEqual(rawDecoder.json(object), {
    uid: 'n-1',
    resourceVersion: '5',
    record: { uid: 'n-1', resourceVersion: '5', object },
  });
});

test('of raw objects only what is used is kept: no managedFields, no annotations that nothing asks for, no other keys of a Secret', () => {
  const identity = { name: 'web', namespace: 'shop', uid: 'p-1', resourceVersion: '5' };
  const annotations = { 'pantag.io/adopt': 'x' };
  const kept = { ...identity, generation: 2, labels: { team: 'a' }, finalizers: ['pantag.io/purge'] };
  const metadata = {
    ...kept,
    managedFields: [{ manager: 'kubectl' }],
    annotations: { ...annotations, 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
  };
  const rest = { kind: 'PanFirewall', spec: { bad: [null] }, status: { owned: 1 } };
  const object = { ...rest, metadata };
  assert.deepEqual(rawDecoder.json(object).record.object, { ...rest, metadata: { ...kept, annotations } });
  assert.deepEqual(policyDecoder.json(object).record.object, {
    ...rest,
    metadata: { ...identity, generation: 2 },
  });
  const secret = { metadata, type: 'Opaque', data: { apiKey: 'a2V5', other: 'b3RoZXI=' } };
  assert.deepEqual(createSecretDecoder(['apiKey', 'password', 'toString']).json(secret).record, {
    uid: 'p-1',
    resourceVersion: '5',
    object: { metadata: { name: 'web' }, data: { apiKey: 'a2V5' } },
  });
});

function podReader(bytes: Buffer, start: number, end: number) {
  return podFromProtobuf(bytes, start, end, createInterner());
}

/** 1 when it threw. */
function throwsDecodeErrorAtMost(read: () => unknown): 0 | 1 {
  try {
    read();
    return 0;
  } catch (error) {
    assert.ok(error instanceof DecodeError, String(error));
    return 1;
  }
}
