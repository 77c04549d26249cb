// Reads the protobuf wire format inside fixed bounds: every step checks them, so a cut or hostile message only throws.

import { DecodeError } from '../errors/kube-errors.ts';

/** The tag of a field whose content has a length: messages, strings, bytes. */
export const lengthDelimited = (field: number): number => field * 8 + 2;
/** The tag of a number or bool. */
export const varintField = (field: number): number => field * 8;

/**
 * A cursor over bytes[position, end). To read a nested message, `enter` narrows the bounds to it and `leave`
 * restores them:
 *
 *     const outer = reader.enter();
 *     while (reader.more()) { switch (reader.tag()) { ... default: reader.skip(); } }
 *     reader.leave(outer);
 */
export class ProtobufReader {
  readonly bytes: Buffer;
  position: number;
  #end: number;
  #tag = 0;

  constructor(bytes: Buffer, start: number, end: number) {
    if (start > end || end > bytes.length) throw new DecodeError('protobuf: bounds outside the buffer');
    this.bytes = bytes;
    this.position = start;
    this.#end = end;
  }

  more(): boolean {
    return this.position < this.#end;
  }

  /** The next field's number and wire type, as `number * 8 + type`. */
  tag(): number {
    const tag = this.#uint32();
    if (tag < 8) throw new DecodeError('protobuf: field number 0');
    this.#tag = tag;
    return tag;
  }

  /** Steps over the value of the field whose tag was read last. */
  skip(): void {
    switch (this.#tag & 7) {
      case 0:
        this.int64();
        return;
      case 1:
        this.#advance(8);
        return;
      case 2:
        this.#advance(this.#uint32());
        return;
      case 5:
        this.#advance(4);
        return;
      default:
        throw new DecodeError(`protobuf: wire type ${this.#tag & 7} is not used by Kubernetes`);
    }
  }

  /** Steps over a length-delimited value and returns where it began; it ends at `position`. */
  range(): number {
    const length = this.#uint32();
    const start = this.position;
    this.#advance(length);
    return start;
  }

  string(): string {
    const start = this.range();
    return this.bytes.toString('utf8', start, this.position);
  }

  /** Reads a string and says whether it is this one, without making it. */
  isString(expected: Buffer): boolean {
    const start = this.range();
    if (this.position - start !== expected.length) return false;
    return this.bytes.compare(expected, 0, expected.length, start, this.position) === 0;
  }

  bool(): boolean {
    return this.int64() !== 0;
  }

  /** A signed varint; exact up to 2^53, as all times and codes are. */
  int64(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= bits << 31;
      if (byte < 0x80) return high * 0x1_0000_0000 + (low >>> 0);
    }
    throw new DecodeError('protobuf: a number has more than 10 bytes');
  }

  /** Narrows the bounds to the nested message that comes next; returns the outer end, for `leave`. */
  enter(): number {
    const length = this.#uint32();
    const outer = this.#end;
    if (length > outer - this.position) throw truncated();
    this.#end = this.position + length;
    return outer;
  }

  leave(outer: number): void {
    this.position = this.#end;
    this.#end = outer;
  }

  /** A tag or a length: at most 5 bytes. */
  #uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new DecodeError('protobuf: a length has more than 5 bytes');
  }

  #byte(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined || this.position >= this.#end) throw truncated();
    this.position += 1;
    return byte;
  }

  #advance(length: number): void {
    if (length > this.#end - this.position) throw truncated();
    this.position += length;
  }
}

function truncated(): DecodeError {
  return new DecodeError('protobuf: the message ends in the middle of a field');
}
