// The envelopes of the API server's JSON: watch lines, list pages, bookmarks and Status.

import { statusFromJson } from './api-status.ts';
import {
  type Entry,
  initialEventsEndAnnotation,
  isObject,
  type JsonObject,
  type Page,
  type WatchEvent,
} from './decode.ts';
import { DecodeError } from '../errors/kube-errors.ts';

type ReadJson<R> = (object: unknown) => Entry<R>;

/** One line of a watch: `{"type":"ADDED","object":{...}}`. */
export function watchEventFromJson<R>(text: string, readObject: ReadJson<R>): WatchEvent<R> {
  const event = parseObject(text);
  const object = event['object'];
  switch (event['type']) {
    case 'ADDED':
    case 'MODIFIED':
      return { kind: 'set', entry: readObject(object) };
    case 'DELETED':
      return { kind: 'gone', entry: readObject(object) };
    case 'BOOKMARK':
      return bookmark(object);
    case 'ERROR':
      return { kind: 'error', status: statusFromJson(object) };
    default:
      throw new DecodeError('JSON: a watch event of an unknown type');
  }
}

/** The body of a list. */
export function pageFromJson<R>(body: Buffer, readObject: ReadJson<R>): Page<R> {
  const list = parseObject(body.toString('utf8'));
  const metadata = isObject(list['metadata']) ? list['metadata'] : {};
  const resourceVersion = metadata['resourceVersion'];
  const continueToken = metadata['continue'];
  // Go writes an empty list as [] or, for some custom lists, null; anything else is not a list.
  const items = list['items'] ?? [];
  if (!Array.isArray(items) || typeof resourceVersion !== 'string' || resourceVersion === '') {
    throw new DecodeError('JSON: the answer is not a list');
  }
  return {
    entries: items.map(readObject),
    resourceVersion,
    continueToken: typeof continueToken === 'string' ? continueToken : '',
  };
}

function bookmark(object: unknown): WatchEvent<never> {
  const metadata = metadataOf(object);
  const annotations = isObject(metadata['annotations']) ? metadata['annotations'] : {};
  return {
    kind: 'bookmark',
    resourceVersion: textOf(metadata, 'resourceVersion'),
    initialEventsEnd: annotations[initialEventsEndAnnotation] === 'true',
  };
}

/** @throws DecodeError when there is no metadata with uid and resourceVersion, which every stored object has. */
export function identityOf(object: unknown): { uid: string; resourceVersion: string; metadata: JsonObject } {
  const metadata = metadataOf(object);
  return { uid: textOf(metadata, 'uid'), resourceVersion: textOf(metadata, 'resourceVersion'), metadata };
}

function metadataOf(object: unknown): JsonObject {
  const metadata = isObject(object) ? object['metadata'] : undefined;
  if (!isObject(metadata)) throw new DecodeError('JSON: an object without metadata');
  return metadata;
}

function textOf(metadata: JsonObject, key: 'uid' | 'resourceVersion'): string {
  const text = metadata[key];
  if (typeof text !== 'string' || text === '')
    throw new DecodeError(`JSON: an object without metadata.${key}`);
  return text;
}

function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may be a Secret.
    throw new DecodeError('JSON: a message that does not parse');
  }
  if (!isObject(value)) throw new DecodeError('JSON: a message that is no object');
  return value;
}
