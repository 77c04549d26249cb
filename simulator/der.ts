// Writes the few DER shapes of which an X.509 certificate is made.

/** In as few bytes as it takes. */
const lengthOf = (length: number): number[] => {
  if (length < 0x80) return [length];
  if (length < 0x100) return [0x81, length];
  return [0x82, length >> 8, length & 0xff];
};

/** Tag, length, content: tags of one byte, content below 64 KiB. */
export const element = (tag: number, ...content: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(content);
  return Buffer.concat([Uint8Array.of(tag, ...lengthOf(body.length)), body]);
};

export const sequence = (...parts: readonly Uint8Array[]): Buffer => element(0x30, ...parts);

export const set = (...parts: readonly Uint8Array[]): Buffer => element(0x31, ...parts);

/** An unsigned number, big-endian, whose first bit is not set. */
export const integer = (bytes: Uint8Array): Buffer => element(0x02, bytes);

export const bitString = (bytes: Uint8Array, unusedBits = 0): Buffer =>
  element(0x03, Uint8Array.of(unusedBits), bytes);

export const octetString = (bytes: Uint8Array): Buffer => element(0x04, bytes);

export const utf8String = (text: string): Buffer => element(0x0c, Buffer.from(text, 'utf8'));

export const booleanTrue: Buffer = element(0x01, Uint8Array.of(0xff));

/** UTCTime, which reaches to 2049. */
export const utcTime = (date: Date): Buffer =>
  element(0x17, Buffer.from(`${date.toISOString().replace(/^..|[-:T]|\..*$/g, '')}Z`, 'ascii'));

/** `1.2.840.10045.4.3.2` */
export const objectIdentifier = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const base128 = (value: number): number[] => {
    const bytes = [value % 128];
    for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) {
      bytes.unshift(128 + (left % 128));
    }
    return bytes;
  };
  return element(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
};
