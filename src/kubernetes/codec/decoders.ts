// The decoders of the resources that are watched: Pods, Namespaces, and raw objects (custom resources, Secrets).

import type { Labels, NamespaceRecord } from '../../core/model/model.ts';
import { type Decoder, isObject, type JsonObject } from './decode.ts';
import { identityOf } from './decode-json.ts';
import { createInterner, type Interner, noLabels, sharedLabels } from './intern.ts';
import { DecodeError } from '../errors/kube-errors.ts';
import {
  createPodDraft,
  networkReadyCondition,
  type PodDraft,
  podEntry,
  type PodRecord,
} from './pod-record.ts';
import { podFromProtobuf } from './pod-protobuf.ts';

/** What we use of an object, as the API server wrote it; whoever takes it checks it. */
export type RawObject = {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly object: JsonObject;
};

export function createPodDecoder(interner: Interner = createInterner()): Decoder<PodRecord> {
  return {
    json: (object) => podEntry(podDraftFromJson(object, interner), interner),
    protobuf: (bytes, start, end) => podFromProtobuf(bytes, start, end, interner),
  };
}

export function createNamespaceDecoder(interner: Interner = createInterner()): Decoder<NamespaceRecord> {
  return {
    json: (object) => {
      const { uid, resourceVersion, metadata } = identityOf(object);
      const record = { name: text(metadata, 'name'), labels: labelsFromJson(metadata['labels'], interner) };
      return { uid, resourceVersion, record };
    },
  };
}

/**
 * Keeps spec and status whatever they are, so that an object with a bad spec still arrives, to be judged and reported. Of
 * the metadata it keeps what is used: whoever may write an object may hang 256 KiB of annotations on it.
 */
export const rawDecoder = createRawDecoder((object, metadata) => ({
  ...object,
  metadata: { ...without(metadata, ['managedFields', 'annotations']), ...ourAnnotations(metadata) },
}));

/** The same of an object whose labels, annotations, finalizers and owners decide nothing. */
export const policyDecoder = createRawDecoder((object, metadata) => ({
  ...object,
  metadata: without(metadata, unusedOfPolicies),
}));

const unusedOfPolicies = ['managedFields', 'annotations', 'labels', 'finalizers', 'ownerReferences'];

/** Keeps of a Secret its name and the values of these keys. */
export function createSecretDecoder(keys: readonly string[]): Decoder<RawObject> {
  return createRawDecoder((object, { name }) => {
    const data = child(object, 'data');
    return {
      metadata: { name },
      data: Object.fromEntries(keys.filter((key) => Object.hasOwn(data, key)).map((key) => [key, data[key]])),
    };
  });
}

function createRawDecoder(
  keep: (object: JsonObject, metadata: JsonObject) => JsonObject,
): Decoder<RawObject> {
  return {
    json: (object) => {
      const { uid, resourceVersion, metadata } = identityOf(object);
      if (!isObject(object)) throw new DecodeError('JSON: an object that is none');
      return { uid, resourceVersion, record: { uid, resourceVersion, object: keep(object, metadata) } };
    },
  };
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function ourAnnotations({ annotations }: JsonObject): JsonObject {
  if (!isObject(annotations)) return {};
  const ours = Object.entries(annotations).filter(([key]) => key.startsWith('pantag.io/'));
  return ours.length === 0 ? {} : { annotations: Object.fromEntries(ours) };
}

function podDraftFromJson(object: unknown, interner: Interner): PodDraft {
  const { uid, resourceVersion, metadata } = identityOf(object);
  const spec = child(object, 'spec');
  const status = child(object, 'status');
  const draft = createPodDraft();
  draft.uid = uid;
  draft.resourceVersion = resourceVersion;
  draft.namespace = text(metadata, 'namespace');
  draft.name = text(metadata, 'name');
  draft.labels = labelsFromJson(metadata['labels'], interner);
  draft.createdAt = time(metadata, 'creationTimestamp');
  draft.deletedAt = time(metadata, 'deletionTimestamp');
  draft.node = text(spec, 'nodeName');
  draft.serviceAccount = text(spec, 'serviceAccountName');
  draft.hostNetwork = spec['hostNetwork'] === true;
  draft.startedAt = time(status, 'startTime');
  draft.podIP = text(status, 'podIP');
  draft.podIPs = objects(status, 'podIPs').map((podIP) => text(podIP, 'ip'));
  for (const condition of objects(status, 'conditions')) {
    if (condition['type'] !== networkReadyCondition || condition['status'] !== 'True') continue;
    draft.networkReadyAt = time(condition, 'lastTransitionTime');
  }
  return draft;
}

/** Label keys are the tenant's: entries only, never property access, so that `__proto__` is a label like any. */
function labelsFromJson(value: unknown, interner: Interner): Labels {
  if (value === undefined || value === null) return noLabels;
  if (!isObject(value)) throw new DecodeError('JSON: labels that are no object');
  return sharedLabels(JSON.stringify(value), interner, (share) => {
    const labels = new Map<string, string>();
    for (const [name, label] of Object.entries(value)) {
      if (typeof label !== 'string') throw new DecodeError('JSON: a label that is no string');
      labels.set(share(name), share(label));
    }
    return labels.size === 0 ? noLabels : labels;
  });
}

const nothing: JsonObject = {};

/** An absent or null field reads as empty, like in Go; one of another type is a broken message. */
function child(object: unknown, key: string): JsonObject {
  const value = isObject(object) ? object[key] : undefined;
  if (value === undefined || value === null) return nothing;
  if (!isObject(value)) throw new DecodeError(`JSON: ${key} is no object`);
  return value;
}

function objects(object: JsonObject, key: string): readonly JsonObject[] {
  const value = object[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isObject))
    throw new DecodeError(`JSON: ${key} is no list of objects`);
  return value;
}

function text(object: JsonObject, key: string): string {
  const value = object[key];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new DecodeError(`JSON: ${key} is no string`);
  return value;
}

/** ms since the epoch; null is Go's zero time. */
function time(object: JsonObject, key: string): number | undefined {
  const value = text(object, key);
  if (value === '') return undefined;
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) throw new DecodeError(`JSON: ${key} is no time`);
  return ms;
}
