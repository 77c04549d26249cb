// Cuts a text loose from the reply that it was found in.

/** The same text as a string of its own: a slice would keep its whole reply in memory for as long as it lives. */
export function detached(text: string): string {
  return Buffer.from(text).toString();
}
