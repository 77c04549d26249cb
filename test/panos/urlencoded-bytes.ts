// What the device's request limit counts: the bytes of a text in an urlencoded body.

export function urlencodedBytes(text: string): number {
  return new URLSearchParams([['', text]]).toString().length - '='.length;
}
