// Messages about a pair that mean it is so already, and no refusal.
import { canonicalHost } from '../../core/syntax/address.ts';
import { oneLine } from './device-words.ts';

/**
 * Per-pair messages of a user-id reply that mean "it is so already" (User-ID XML API; minemeld, pan-os-python): of one of
 * the tags that were sent for the address, or of the address as a whole. Everything else is a failure of that pair.
 * @param about.address canonical text.
 * @param about.tag the one that the message is about, as far as that is known.
 */
export function isBenign(
  section: 'register' | 'unregister',
  message: string,
  { address, tag }: { readonly address: string; readonly tag: string | undefined },
): boolean {
  const line = oneLine(message);
  if (tag !== undefined && line === oneLine(`tag ${tag}${benignEnds[section]}`)) return true;
  if (section === 'register') return false;
  const [, ip = ''] = /^ip (\S{1,60}) does not exist, ignore unreg$/.exec(line) ?? [];
  return canonicalHost(ip) === address;
}

const benignEnds = {
  register: ' already exists, ignore',
  unregister: ' does not exist, ignore unreg',
} as const;
