// Events as events.k8s.io/v1 wants them: what is sent for a first time, and for a repeat.

import { type EventNote, eventKind } from '../../core/status/event-note.ts';
import type { KubeHttp } from '../client/http.ts';
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

/** One Event of the API server's: what was said once, and how often since. */
export type EventSeries = {
  /** Of the Event object, unique in its namespace. */
  readonly name: string;
  readonly regarding: Regarding;
  readonly event: EventNote;
  /** ms since the epoch: first, and last time that it was said. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
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
  series: EventSeries,
  instance: string,
  signal: AbortSignal,
): Promise<void> {
  await http.request({
    method: 'POST',
    path: collectionPath(series.regarding),
    body: manifest(series, instance),
    signal,
  });
}

/** Tells the API server of repeats. Rejects as KubeHttp does: 404 when the Event has expired meanwhile. */
export async function repeatEvent(http: KubeHttp, series: EventSeries, signal: AbortSignal): Promise<void> {
  await http.request({
    method: 'PATCH',
    path: `${collectionPath(series.regarding)}/${encodeURIComponent(series.name)}`,
    body: { series: seriesOf(series) },
    contentType: 'application/merge-patch+json',
    signal,
  });
}

function manifest(series: EventSeries, instance: string) {
  const { name, regarding, event, firstAt, count } = series;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace: namespaceOf(regarding) },
    eventTime: microTime(firstAt),
    ...(count > 1 ? { series: seriesOf(series) } : {}),
    reportingController,
    reportingInstance: cut(instance, instanceLimit),
    ...eventKind(event.reason),
    reason: event.reason,
    note: cut(event.note, noteLimit),
    regarding: { apiVersion, ...regarding },
  };
}

function seriesOf({ count, lastAt }: EventSeries) {
  return { count, lastObservedTime: microTime(lastAt) };
}

/** Events about objects of cluster scope live in the namespace default. */
function namespaceOf({ namespace }: Regarding): string {
  return namespace ?? 'default';
}

function collectionPath(regarding: Regarding): string {
  return `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespaceOf(regarding))}/events`;
}

/** RFC 3339 with six digits, as metav1.MicroTime is written. */
function microTime(at: number): string {
  return new Date(at).toISOString().replace('Z', '000Z');
}

/** At most so many bytes of UTF-8, ended by an ellipsis where something was left out. */
function cut(text: string, bytes: number): string {
  const buffer = Buffer.from(text);
  if (buffer.length <= bytes) return text;
  const end = buffer.subarray(0, bytes - Buffer.byteLength('…')).toString('utf8');
  return `${end.replace(/\uFFFD+$/, '')}…`;
}
