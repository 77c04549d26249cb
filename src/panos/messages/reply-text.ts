// Decodes the bytes of an HTTP reply into text.
import { isRefusal } from './envelope.ts';
import { type Intent, invalidResponse } from '../errors/errors.ts';
import type { HttpReply } from '../http/http-exchange.ts';
import { expiredKey, saysKeyExpired } from '../errors/refusal.ts';
import { httpStatusError } from '../http/transport-errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The text that a reader may judge. Devices send their refusals with HTTP 200 or with an error status; whatever else
 * comes with an error status is not the device's word.
 */
export function textOfReply({ status, statusText, body }: HttpReply, intent: Intent): string {
  if ((status === 400 || status === 401) && saysKeyExpired(statusText)) throw expiredKey(status);
  const text = decode(body, intent, status);
  if ((status === 400 || status === 401) && !isRefusal(text) && saysKeyExpired(text))
    throw expiredKey(status);
  if ((status < 200 || status > 299) && !isRefusal(text)) throw httpStatusError(status, intent);
  return text;
}

function decode(body: Buffer, intent: Intent, status: number): string {
  try {
    return utf8.decode(body);
  } catch {
    throw status === 200 ? invalidResponse('it is no UTF-8 text', intent) : httpStatusError(status, intent);
  }
}
