// The envelopes of Kubernetes' protobuf encoding: watch frames, list pages, bookmarks and Status.
// Field numbers: k8s.io/api v0.36.2 and k8s.io/apimachinery v0.36.2, generated.proto; published numbers never change.

import { type Entry, initialEventsEndAnnotation, type Page, type WatchEvent } from './decode.ts';
import { type ApiStatus, DecodeError } from '../errors/kube-errors.ts';
import { lengthDelimited, ProtobufReader, varintField } from './protobuf-reader.ts';

/** Every object begins with these four bytes, then comes a runtime.Unknown. */
const magic = 0x6b387300; // 'k8s\0'
const magicLength = 4;

type ReadObject<R> = (bytes: Buffer, start: number, end: number) => Entry<R>;

/** One frame of a watch: meta/v1 WatchEvent { type 1, object 2 { raw 1 } }. */
export function watchEventFromProtobuf<R>(
  bytes: Buffer,
  start: number,
  end: number,
  readObject: ReadObject<R>,
): WatchEvent<R> {
  const reader = new ProtobufReader(bytes, start, end);
  let type = '';
  let objectStart = 0;
  let objectEnd = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthDelimited(1)) type = reader.string();
    else if (tag === lengthDelimited(2)) {
      const outer = reader.enter();
      while (reader.more()) {
        if (reader.tag() === lengthDelimited(1)) {
          objectStart = reader.range();
          objectEnd = reader.position;
        } else reader.skip();
      }
      reader.leave(outer);
    } else reader.skip();
  }
  const object = unwrap(bytes, objectStart, objectEnd);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { kind: 'set', entry: readObject(bytes, object.start, object.end) };
    case 'DELETED':
      return { kind: 'gone', entry: readObject(bytes, object.start, object.end) };
    case 'BOOKMARK':
      return bookmark(new ProtobufReader(bytes, object.start, object.end));
    case 'ERROR':
      return { kind: 'error', status: readStatus(new ProtobufReader(bytes, object.start, object.end)) };
    default:
      throw new DecodeError('protobuf: a watch event of an unknown type');
  }
}

/** The body of a list: { metadata 1 { resourceVersion 2, continue 3 }, items 2 }. */
export function pageFromProtobuf<R>(body: Buffer, readObject: ReadObject<R>): Page<R> {
  const { start, end } = unwrap(body, 0, body.length);
  const reader = new ProtobufReader(body, start, end);
  const entries: Entry<R>[] = [];
  let resourceVersion = '';
  let continueToken = '';
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthDelimited(1)) {
      const outer = reader.enter();
      while (reader.more()) {
        const tag = reader.tag();
        if (tag === lengthDelimited(2)) resourceVersion = reader.string();
        else if (tag === lengthDelimited(3)) continueToken = reader.string();
        else reader.skip();
      }
      reader.leave(outer);
    } else if (tag === lengthDelimited(2)) {
      const itemStart = reader.range();
      entries.push(readObject(body, itemStart, reader.position));
    } else reader.skip();
  }
  if (resourceVersion === '') throw new DecodeError('protobuf: a list without a resourceVersion');
  return { entries, resourceVersion, continueToken };
}

/** A whole body that is a Status. */
export function statusFromProtobuf(body: Buffer): ApiStatus {
  const { start, end } = unwrap(body, 0, body.length);
  return readStatus(new ProtobufReader(body, start, end));
}

/** runtime.Unknown { raw 2, contentEncoding 3 }: where the object itself lies. */
function unwrap(bytes: Buffer, start: number, end: number): { start: number; end: number } {
  if (end - start < magicLength || bytes.readUInt32BE(start) !== magic) {
    throw new DecodeError('protobuf: an object does not begin with the Kubernetes magic');
  }
  const reader = new ProtobufReader(bytes, start + magicLength, end);
  // A Go message whose fields are all empty has no bytes: no raw field then means an empty object.
  let raw = { start: end, end };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthDelimited(2)) raw = { start: reader.range(), end: reader.position };
    else if (tag === lengthDelimited(3) && reader.string() !== '') {
      throw new DecodeError('protobuf: an object in a packed encoding');
    } else if (tag !== lengthDelimited(3)) reader.skip();
  }
  return raw;
}

/** An object of the watched kind of which only the ObjectMeta { resourceVersion 6, annotations 12 } is filled. */
function bookmark(reader: ProtobufReader): WatchEvent<never> {
  let resourceVersion = '';
  let initialEventsEnd = false;
  while (reader.more()) {
    if (reader.tag() !== lengthDelimited(1)) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === lengthDelimited(6)) resourceVersion = reader.string();
      else if (tag === lengthDelimited(12)) {
        const [key, value] = readMapEntry(reader);
        initialEventsEnd ||= key === initialEventsEndAnnotation && value === 'true';
      } else reader.skip();
    }
    reader.leave(outer);
  }
  if (resourceVersion === '') throw new DecodeError('protobuf: a bookmark without a resourceVersion');
  return { kind: 'bookmark', resourceVersion, initialEventsEnd };
}

/** One pair of a map<string, string>. */
export function readMapEntry(reader: ProtobufReader): readonly [string, string] {
  let key = '';
  let value = '';
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthDelimited(1)) key = reader.string();
    else if (tag === lengthDelimited(2)) value = reader.string();
    else reader.skip();
  }
  reader.leave(outer);
  return [key, value];
}

/** meta/v1 Status { message 3, reason 4, details 5 { retryAfterSeconds 5 }, code 6 }. */
function readStatus(reader: ProtobufReader): ApiStatus {
  let message = '';
  let reason = '';
  let code = 0;
  let retryAfter = 0;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthDelimited(3)) message = reader.string();
    else if (tag === lengthDelimited(4)) reason = reader.string();
    else if (tag === varintField(6)) code = reader.int64();
    else if (tag === lengthDelimited(5)) {
      const outer = reader.enter();
      while (reader.more()) {
        if (reader.tag() === varintField(5)) retryAfter = reader.int64();
        else reader.skip();
      }
      reader.leave(outer);
    } else reader.skip();
  }
  return { code, reason, message, retryAfterSeconds: retryAfter > 0 ? retryAfter : undefined };
}
