// Writes Events as events.k8s.io/v1 wants them.

import { type EventNote, eventKind } from '../../core/status/event-note.ts';
import type { KubeHttp } from '../client/http.ts';
import { microTime } from '../leases/lease.ts';
import { apiVersion, group, type ResourceNames } from '../resources/api.ts';
import type { ObjectMeta } from '../resources/object.ts';

/** The object that an Event is about. */
export type Regarding = {
  readonly kind: ResourceNames['kind'];
  readonly name: string;
  /** undefined where the kind is of cluster scope. */
  readonly namespace: string | undefined;
  readonly uid: string;
};

export type NewEvent = EventNote & {
  /** Of the Event object, unique in its namespace. */
  readonly name: string;
  readonly regarding: Regarding;
  /** ms since the epoch. */
  readonly at: number;
};

export function referenceTo(
  { kind }: ResourceNames,
  { name, namespace, uid }: Pick<ObjectMeta, 'name' | 'namespace' | 'uid'>,
): Regarding {
  return { kind, name, namespace, uid };
}

const reportingController = `${group}/pan-tag-operator`;
/** Limits of ValidateEventCreate (k8s.io/kubernetes pkg/apis/core/validation/events.go); lengths in bytes. */
const noteLimit = 1024;
const instanceLimit = 128;
const nameLimit = 253;

/** A name that no other Event of this object has: as client-go does it, the object's own and the time in hex. */
export function eventName(objectName: string, uniqueNumber: bigint): string {
  const suffix = `.${uniqueNumber.toString(16)}`;
  // A cut may leave a dot or dash at the end, which the next part of a DNS subdomain cannot follow.
  return objectName.slice(0, nameLimit - suffix.length).replace(/[.-]+$/, '') + suffix;
}

/** @param instance who reports: the Pod's name. Rejects as KubeHttp does. */
export async function createEvent(
  http: KubeHttp,
  { name, regarding, reason, note, at }: NewEvent,
  instance: string,
  signal: AbortSignal,
): Promise<void> {
  // Events about objects of cluster scope live in the namespace default.
  const { namespace = 'default' } = regarding;
  await http.request({
    method: 'POST',
    path: `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`,
    body: {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name, namespace },
      eventTime: microTime(at),
      reportingController,
      reportingInstance: cut(instance, instanceLimit),
      ...eventKind(reason),
      reason,
      note: cut(note, noteLimit),
      regarding: { apiVersion, ...regarding },
    },
    signal,
  });
}

/** At most so many bytes of UTF-8, ended by an ellipsis where something was left out. */
function cut(text: string, bytes: number): string {
  const buffer = Buffer.from(text);
  if (buffer.length <= bytes) return text;
  const end = buffer.subarray(0, bytes - Buffer.byteLength('…')).toString('utf8');
  return `${end.replace(/\uFFFD+$/, '')}…`;
}
