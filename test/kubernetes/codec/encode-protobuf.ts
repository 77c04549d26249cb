// A small protobuf encoder: writes Pods, watch events, lists and Status as the API server does.

import type { JsonObject } from '../../../src/kubernetes/codec/decode.ts';
import { isObject } from '../../../src/kubernetes/codec/decode.ts';

export type PodJson = {
  metadata: JsonObject;
  spec?: JsonObject;
  status?: JsonObject;
};

function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** A field with a length: bytes, string or message. */
export function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

export function numberField(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

function text(number: number, value: unknown): Buffer {
  return typeof value === 'string' ? field(number, value) : Buffer.alloc(0);
}

/** meta/v1 Time; null is Go's zero time, a message without fields. */
function time(number: number, value: unknown): Buffer {
  if (value === null) return field(number, '');
  if (typeof value !== 'string') return Buffer.alloc(0);
  const ms = Date.parse(value);
  const seconds = Math.floor(ms / 1000);
  return field(
    number,
    Buffer.concat([numberField(1, seconds), numberField(2, (ms - seconds * 1000) * 1_000_000)]),
  );
}

function map(number: number, value: unknown): Buffer {
  const entries = isObject(value) ? Object.entries(value) : [];
  entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Buffer.concat(
    entries.map(([key, item]) => field(number, Buffer.concat([field(1, key), field(2, String(item))]))),
  );
}

function list(number: number, value: unknown, encode: (item: JsonObject) => Buffer): Buffer {
  const items = Array.isArray(value) ? value.filter(isObject) : [];
  return Buffer.concat(items.map((item) => field(number, encode(item))));
}

function metadata(meta: JsonObject): Buffer {
  return Buffer.concat([
    text(1, meta['name']),
    text(2, ''),
    text(3, meta['namespace']),
    text(4, ''),
    text(5, meta['uid']),
    text(6, meta['resourceVersion']),
    numberField(7, 0),
    time(8, meta['creationTimestamp']),
    time(9, meta['deletionTimestamp']),
    map(11, meta['labels']),
    map(12, meta['annotations']),
    list(17, meta['managedFields'], (entry) => field(7, JSON.stringify(entry))),
  ]);
}

export function encodePod(pod: PodJson): Buffer {
  const { spec = {}, status = {} } = pod;
  const specBytes = Buffer.concat([
    list(2, spec['containers'], (container) => Buffer.from(JSON.stringify(container))),
    text(8, spec['serviceAccountName']),
    text(9, spec['serviceAccountName']),
    text(10, spec['nodeName']),
    numberField(11, spec['hostNetwork'] === true ? 1 : 0),
    // A negative number, as ten bytes, and the fixed-size wire types, which are to be stepped over.
    numberField(25, -1n),
    Buffer.concat([varint(900 * 8 + 1), Buffer.alloc(8, 1)]),
    Buffer.concat([varint(901 * 8 + 5), Buffer.alloc(4, 1)]),
  ]);
  const statusBytes = Buffer.concat([
    text(1, status['phase']),
    list(2, status['conditions'], (condition) =>
      Buffer.concat([
        text(1, condition['type']),
        text(2, condition['status']),
        time(3, null),
        time(4, condition['lastTransitionTime']),
        text(5, ''),
      ]),
    ),
    text(6, status['podIP']),
    time(7, status['startTime']),
    list(12, status['podIPs'], (podIP) => text(1, podIP['ip'])),
  ]);
  return Buffer.concat([field(1, metadata(pod.metadata)), field(2, specBytes), field(3, statusBytes)]);
}

/** The magic and a runtime.Unknown around an object. */
export function wrap(kind: string, raw: Buffer): Buffer {
  const typeMeta = Buffer.concat([field(1, 'v1'), field(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, typeMeta), field(2, raw), field(3, ''), field(4, '')]);
}

export function encodePodList(pods: readonly PodJson[], resourceVersion: string, continueToken = ''): Buffer {
  const listMeta = Buffer.concat([field(1, ''), field(2, resourceVersion), field(3, continueToken)]);
  return wrap('PodList', Buffer.concat([field(1, listMeta), ...pods.map((pod) => field(2, encodePod(pod)))]));
}

export function encodeStatus(status: {
  code: number;
  reason: string;
  message: string;
  retryAfter?: number;
}): Buffer {
  const details = status.retryAfter === undefined ? [] : [field(5, numberField(5, status.retryAfter))];
  return wrap(
    'Status',
    Buffer.concat([
      field(1, ''),
      field(2, 'Failure'),
      field(3, status.message),
      field(4, status.reason),
      ...details,
      numberField(6, status.code),
    ]),
  );
}

/** A length-prefixed watch frame around a wrapped object. */
export function encodeFrame(type: string, object: Buffer): Buffer {
  const event = Buffer.concat([field(1, type), field(2, field(1, object))]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

export function encodePodEvent(type: string, pod: PodJson): Buffer {
  return encodeFrame(type, wrap('Pod', encodePod(pod)));
}
