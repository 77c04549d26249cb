// Finds secrets in a text: in any of their writings, and anything that looks like a secret.
import assert from 'node:assert/strict';

/** Shorter values are words that texts hold anyway. */
const leastLength = 8;
const notSecret = ['ca.crt', 'endpoint', 'peerEndpoint', 'proxyUrl', 'serverName', 'username'];

/** Of all keys of a Secret's data, what may be told nowhere. */
export function secretValues(data: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(data).flatMap(([key, value]) =>
    notSecret.includes(key) || value.trim().length < leastLength ? [] : [value.trim()],
  );
}

/** The secret as it would look in a log, a URL, XML, JSON, or base64, also in the midst of a longer text there. */
export function writingsOf(secret: string): ReadonlySet<string> {
  const xml = secret.replace(
    /[&<>"']/g,
    (character) =>
      ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' })[character] ?? '',
  );
  const uri = encodeURIComponent(secret);
  return new Set([
    secret,
    uri,
    uri.replaceAll(/%[\dA-F]{2}/g, (escape) => escape.toLowerCase()),
    new URLSearchParams({ '': secret }).toString().slice(1),
    xml,
    JSON.stringify(secret).slice(1, -1),
    ...[0, 1, 2].flatMap((offset) => base64Within(secret, offset)),
  ]);
}

/** The base64 of the secret behind so many other bytes, without the characters that its neighbours share. */
function base64Within(secret: string, offset: number): readonly string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  const from = offset === 0 ? 0 : offset + 1;
  const to = Math.floor((bytes.length * 8) / 6);
  const text = bytes.toString('base64').slice(from, to);
  return text.length < leastLength ? [] : [text, text.replaceAll('+', '-').replaceAll('/', '_')];
}

/**
 * What nobody has told the check of: the API keys that a simulator makes, the ids of its sessions, Basic credentials,
 * tokens of service accounts, private keys.
 */
const looks: Readonly<Record<string, RegExp>> = {
  'an API key': /LUFRPT/,
  'a session': /PHPSESSID|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/,
  'Basic credentials': /\bBasic\s+[\w+/=-]{8,}/i,
  'a token': /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\./,
  'a private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
};

/** @throws AssertionError that names the place and the kind, and not the secret */
export function checkSecrecy(where: string, text: string, secrets: ReadonlySet<string>): void {
  for (const secret of secrets) {
    for (const writing of writingsOf(secret)) {
      assert.ok(!text.includes(writing), `a secret is in ${where}, it begins with ${secret.slice(0, 4)}`);
    }
  }
  for (const [kind, look] of Object.entries(looks)) {
    assert.ok(!look.test(text), `${kind} is in ${where}`);
  }
}
