// Counts the bytes of a text in an urlencoded body, as the device's request limit does.

export function urlencodedBytes(text: string): number {
  return new URLSearchParams([['', text]]).toString().length - '='.length;
}
