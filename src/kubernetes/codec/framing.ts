// Cuts a stream of chunks into messages: length-prefixed frames (protobuf) or lines (JSON), each byte copied at most once more.

import { DecodeError } from '../errors/kube-errors.ts';

/** Sees one message as bytes[start, end); the bytes are overwritten afterwards. */
type Visit = (bytes: Buffer, start: number, end: number) => void;

export type Splitter = {
  /** Visits every message that this chunk completes, in order. @throws DecodeError for one beyond the size limit. */
  readonly push: (chunk: Buffer, visit: Visit) => void;
  /** A message has begun and not ended: a stream that stops here was cut. */
  readonly partial: () => boolean;
};

/** etcd takes objects up to 1.5 MB; this leaves room for JSON's growth and for servers with a raised limit. */
const maxMessageBytes = 64 * 1024 * 1024;
const idleBytes = 64 * 1024;

/** Collects the pieces of one message that came in several chunks. */
class Pieces {
  bytes = Buffer.allocUnsafeSlow(idleBytes);
  length = 0;

  append(chunk: Buffer, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > maxMessageBytes) throw new DecodeError(`a message is larger than ${maxMessageBytes} bytes`);
    if (needed > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    chunk.copy(this.bytes, this.length, start, end);
    this.length = needed;
  }

  clear(): void {
    this.length = 0;
    if (this.bytes.length > idleBytes * 16) this.bytes = Buffer.allocUnsafeSlow(idleBytes);
  }
}

/** Frames of a 4-byte big-endian length and as many bytes (apimachinery's framer for protobuf streams). */
export function createFrameSplitter(): Splitter {
  const pieces = new Pieces();
  return {
    push: (chunk, visit) => {
      let offset = 0;
      while (offset < chunk.length) {
        if (pieces.length === 0) {
          const end = frameEnd(chunk, offset, chunk.length);
          if (end !== undefined && end <= chunk.length) {
            visit(chunk, offset + 4, end);
            offset = end;
            continue;
          }
        }
        const missing = (frameEnd(pieces.bytes, 0, pieces.length) ?? 4) - pieces.length;
        const end = Math.min(offset + missing, chunk.length);
        pieces.append(chunk, offset, end);
        offset = end;
        if (frameEnd(pieces.bytes, 0, pieces.length) === pieces.length) {
          visit(pieces.bytes, 4, pieces.length);
          pieces.clear();
        }
      }
    },
    partial: () => pieces.length > 0,
  };
}

/** Where the frame that begins at `offset` ends; undefined while its length is not all there before `limit`. */
function frameEnd(bytes: Buffer, offset: number, limit: number): number | undefined {
  if (limit - offset < 4) return undefined;
  const length = bytes.readUInt32BE(offset);
  if (length > maxMessageBytes) throw new DecodeError(`a frame claims ${length} bytes`);
  return offset + 4 + length;
}

/** Lines that end in a newline; empty ones are no message. */
export function createLineSplitter(): Splitter {
  const pieces = new Pieces();
  return {
    push: (chunk, visit) => {
      let offset = 0;
      for (let newline = chunk.indexOf(10); newline >= 0; newline = chunk.indexOf(10, offset)) {
        if (pieces.length > 0) {
          pieces.append(chunk, offset, newline);
          visit(pieces.bytes, 0, pieces.length);
          pieces.clear();
        } else if (newline > offset) {
          visit(chunk, offset, newline);
        }
        offset = newline + 1;
      }
      if (offset < chunk.length) pieces.append(chunk, offset, chunk.length);
    },
    partial: () => pieces.length > 0,
  };
}
