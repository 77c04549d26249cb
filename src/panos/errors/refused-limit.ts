// Recognizes refusals by a limit of the device, by the few texts that are known to say so.
import type { RefusedLimit } from '../../core/model/device-error.ts';
import { oneLine } from './device-words.ts';
import { type Echo, type Phrase, phrases, says } from './phrases.ts';

/**
 * "max registered-ip for the platform reached (N)" and "total number of tags exceeds the limit N" are what a device
 * writes into its own logs (knowledge base kA14u000000sdAr; useridd.log). "Failed to register" is a reply whose meaning
 * nobody has documented; minemeld swallows it.
 */
const texts: readonly (readonly [Phrase, RefusedLimit['kind'], boolean])[] = [
  [phrases.addressLimit, 'addresses', true],
  [phrases.tagLimit, 'tags', true],
  [phrases.failedToRegister, 'addresses', false],
];

/**
 * @param message the device's own words about one pair, or about a message as a whole.
 * @param echo of the tags that it may repeat: they are a tenant's words, and must not be taken for the device's.
 */
export function refusedLimit(message: string, echo: Echo): RefusedLimit | undefined {
  const line = oneLine(message);
  for (const [phrase, kind, isCertain] of texts) {
    const found = says(phrase, message, echo, line);
    if (found === undefined) continue;
    const figure = found[1] === undefined ? undefined : Number(found[1]);
    return { kind, isCertain, figure };
  }
  return undefined;
}
