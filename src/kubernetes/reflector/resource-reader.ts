// Shared parts of a resource's lists and watches: path, encoding, decoder.

import type { Decoder, Entry, Page, WatchEvent } from '../codec/decode.ts';
import { pageFromJson, watchEventFromJson } from '../codec/decode-json.ts';
import { pageFromProtobuf, watchEventFromProtobuf } from '../codec/decode-protobuf.ts';
import { createFrameSplitter, createLineSplitter } from '../codec/framing.ts';
import type { KubeHttp, Query } from '../client/http.ts';
import { DecodeError } from '../errors/kube-errors.ts';

type Resource = {
  /** From the root of the API, `/api/v1/pods`. */
  readonly path: string;
  /** Of every request, such as a fieldSelector. */
  readonly query?: Query;
  /** For messages, logs and metrics: `pods`. */
  readonly name: string;
};

export type ResourceReader<R> = {
  readonly http: KubeHttp;
  readonly resource: Resource;
  readonly decoder: Decoder<R>;
  /** Ask for protobuf, if the decoder reads it. The answer may be JSON all the same. */
  readonly protobuf: boolean;
};

const json = 'application/json';
const protobuf = 'application/vnd.kubernetes.protobuf';

export function acceptOf<R>(reader: ResourceReader<R>, purpose: 'list' | 'watch'): string {
  if (!reader.protobuf || reader.decoder.protobuf === undefined) return json;
  return purpose === 'watch' ? `${protobuf};stream=watch, ${json};q=0.5` : `${protobuf}, ${json};q=0.5`;
}

/** @throws DecodeError when the body is not a list, or of a type that was not asked for. */
export function decodePage<R>(decoder: Decoder<R>, contentType: string, body: Buffer): Page<R> {
  const read = protobufReader(decoder, contentType);
  return read ? pageFromProtobuf(body, read) : pageFromJson(body, decoder.json);
}

type EventReader<R> = {
  /** The events that this chunk completes. @throws DecodeError */
  readonly push: (chunk: Buffer) => readonly WatchEvent<R>[];
  /** An event has begun and not ended. */
  readonly partial: () => boolean;
};

/** @throws DecodeError when the answer is of a type that was not asked for. */
export function createEventReader<R>(decoder: Decoder<R>, contentType: string): EventReader<R> {
  const read = protobufReader(decoder, contentType);
  const splitter = read ? createFrameSplitter() : createLineSplitter();
  const decode = read
    ? (bytes: Buffer, start: number, end: number) => watchEventFromProtobuf(bytes, start, end, read)
    : (bytes: Buffer, start: number, end: number) =>
        watchEventFromJson(bytes.toString('utf8', start, end), decoder.json);
  return {
    push: (chunk) => {
      const events: WatchEvent<R>[] = [];
      splitter.push(chunk, (bytes, start, end) => events.push(decode(bytes, start, end)));
      return events;
    },
    partial: splitter.partial,
  };
}

/** How to read objects of a protobuf answer; undefined for JSON. */
function protobufReader<R>(
  decoder: Decoder<R>,
  contentType: string,
): ((bytes: Buffer, start: number, end: number) => Entry<R>) | undefined {
  if (contentType.startsWith(protobuf) && decoder.protobuf) return decoder.protobuf;
  if (contentType.startsWith(json)) return undefined;
  throw new DecodeError(`the answer is "${contentType}": it does not come from an API server`);
}
