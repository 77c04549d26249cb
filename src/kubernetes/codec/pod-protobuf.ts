// Decodes of a protobuf Pod only the fields of a PodRecord, and skips the other nine tenths of its bytes.
// Field numbers: k8s.io/api v0.36.2 core/v1 and k8s.io/apimachinery v0.36.2 meta/v1, generated.proto.

import type { Labels } from '../../core/model/model.ts';
import type { Entry } from './decode.ts';
import { readMapEntry } from './decode-protobuf.ts';
import { type Interner, largestSharedSet, noLabels, sharedLabels } from './intern.ts';
import {
  createPodDraft,
  networkReadyCondition,
  type PodDraft,
  podEntry,
  type PodRecord,
} from './pod-record.ts';
import { lengthDelimited, ProtobufReader, varintField } from './protobuf-reader.ts';

const pod = { metadata: lengthDelimited(1), spec: lengthDelimited(2), status: lengthDelimited(3) };
const meta = {
  name: lengthDelimited(1),
  namespace: lengthDelimited(3),
  uid: lengthDelimited(5),
  resourceVersion: lengthDelimited(6),
  creationTimestamp: lengthDelimited(8),
  deletionTimestamp: lengthDelimited(9),
  labels: lengthDelimited(11),
};
const spec = {
  serviceAccountName: lengthDelimited(8),
  nodeName: lengthDelimited(10),
  hostNetwork: varintField(11),
};
const status = {
  conditions: lengthDelimited(2),
  podIP: lengthDelimited(6),
  startTime: lengthDelimited(7),
  podIPs: lengthDelimited(12),
};
const podIPAddress = lengthDelimited(1);
const condition = {
  type: lengthDelimited(1),
  status: lengthDelimited(2),
  lastTransitionTime: lengthDelimited(4),
};
const networkReady = Buffer.from(networkReadyCondition);
const trueText = Buffer.from('True');
const time = { seconds: varintField(1), nanos: varintField(2) };

/** @throws DecodeError when bytes[start, end) is not a Pod. */
export function podFromProtobuf(
  bytes: Buffer,
  start: number,
  end: number,
  interner: Interner,
): Entry<PodRecord> {
  const reader = new ProtobufReader(bytes, start, end);
  const draft = createPodDraft();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === pod.metadata) {
      const outer = reader.enter();
      readMeta(reader, draft, interner);
      reader.leave(outer);
    } else if (tag === pod.spec) nested(reader, draft, readSpec);
    else if (tag === pod.status) nested(reader, draft, readStatus);
    else reader.skip();
  }
  return podEntry(draft, interner);
}

function nested(
  reader: ProtobufReader,
  draft: PodDraft,
  read: (reader: ProtobufReader, draft: PodDraft) => void,
): void {
  const outer = reader.enter();
  read(reader, draft);
  reader.leave(outer);
}

function readMeta(reader: ProtobufReader, draft: PodDraft, interner: Interner): void {
  // The API server writes all labels one after the other and sorted, so that the bytes of equal sets are equal
  // and serve as the key of the set; a writer that scatters them only makes another key.
  const runs: Range[] = [];
  while (reader.more()) {
    const at = reader.position;
    switch (reader.tag()) {
      case meta.name:
        draft.name = reader.string();
        break;
      case meta.namespace:
        draft.namespace = reader.string();
        break;
      case meta.uid:
        draft.uid = reader.string();
        break;
      case meta.resourceVersion:
        draft.resourceVersion = reader.string();
        break;
      case meta.creationTimestamp:
        draft.createdAt = readTime(reader);
        break;
      case meta.deletionTimestamp:
        draft.deletedAt = readTime(reader);
        break;
      case meta.labels: {
        reader.skip();
        const last = runs.at(-1);
        if (last?.end === at) last.end = reader.position;
        else runs.push({ start: at, end: reader.position });
        break;
      }
      default:
        reader.skip();
    }
  }
  draft.labels = labelSet(reader.bytes, runs, interner);
}

/** Bytes[start, end) that hold nothing but labels. */
type Range = { readonly start: number; end: number };

function labelSet(bytes: Buffer, runs: readonly Range[], interner: Interner): Labels {
  const read = (share: Interner['string']): Labels => {
    const labels = new Map<string, string>();
    for (const { start, end } of runs) {
      const reader = new ProtobufReader(bytes, start, end);
      while (reader.more()) {
        reader.tag();
        const [name, value] = readMapEntry(reader);
        labels.set(share(name), share(value));
      }
    }
    return labels;
  };
  const length = runs.reduce((sum, { start, end }) => sum + end - start, 0);
  if (length === 0) return noLabels;
  // A key of such a set would be thrown away.
  if (length > largestSharedSet) return read((text) => text);
  // The encoded labels themselves, a char for a byte.
  const key = runs.map(({ start, end }) => bytes.toString('latin1', start, end)).join('');
  return sharedLabels(key, interner, read);
}

function readSpec(reader: ProtobufReader, draft: PodDraft): void {
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === spec.serviceAccountName) draft.serviceAccount = reader.string();
    else if (tag === spec.nodeName) draft.node = reader.string();
    else if (tag === spec.hostNetwork) draft.hostNetwork = reader.bool();
    else reader.skip();
  }
}

function readStatus(reader: ProtobufReader, draft: PodDraft): void {
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === status.podIP) draft.podIP = reader.string();
    else if (tag === status.startTime) draft.startedAt = readTime(reader);
    else if (tag === status.conditions) nested(reader, draft, readCondition);
    else if (tag === status.podIPs) nested(reader, draft, readPodIP);
    else reader.skip();
  }
}

function readPodIP(reader: ProtobufReader, draft: PodDraft): void {
  while (reader.more()) {
    if (reader.tag() === podIPAddress) draft.podIPs = [...draft.podIPs, reader.string()];
    else reader.skip();
  }
}

function readCondition(reader: ProtobufReader, draft: PodDraft): void {
  let isNetwork = false;
  let isTrue = false;
  let since: number | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === condition.type) isNetwork = reader.isString(networkReady);
    else if (tag === condition.status) isTrue = reader.isString(trueText);
    else if (tag === condition.lastTransitionTime) since = readTime(reader);
    else reader.skip();
  }
  if (isNetwork && isTrue) draft.networkReadyAt = since;
}

/** meta/v1 Time in ms; a message without fields is Go's zero time, which JSON writes as null. */
function readTime(reader: ProtobufReader): number | undefined {
  const outer = reader.enter();
  let ms: number | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === time.seconds) ms = (ms ?? 0) + reader.int64() * 1000;
    else if (tag === time.nanos) ms = (ms ?? 0) + Math.floor(reader.int64() / 1_000_000);
    else reader.skip();
  }
  reader.leave(outer);
  return ms;
}
