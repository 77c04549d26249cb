// Host names and endpoints, in patterns that zod and the API server share.
//
// The API server has URL and IP functions of its own, but what they accept differs from release to release (and
// from JavaScript's); a pattern is the same everywhere.

import type { z } from 'zod';
import { matching, type Pattern, pattern, type Rule, ruled, text } from './schema.ts';

const label = '[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?';
const dnsName = `${label}(?:\\.${label})*`;
const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = `${octet}(?:\\.${octet}){3}`;
const port = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
/** A last label like this makes URL readers take the whole host for an IPv4 address. */
const number = '(?:[0-9]+|0[xX][0-9A-Fa-f]*)';

const dnsHost = pattern(dnsName);
const numericHost = pattern(`(?:.*\\.)?${number}`);
const endpoint = origin('https');
const proxy = origin('https?');

const hostNameRule: Rule<string> = {
  cel: `${dnsHost.cel} && !${numericHost.cel}`,
  message: 'must be a host name such as fw-a.example.net, not an IP address',
  holds: (value) => dnsHost.matches(value) && !numericHost.matches(value),
};

const endpointRule = matching(
  endpoint,
  'must be https://<host> or https://<host>:<port>, without path, query or user info, such as https://fw-a.example.net',
);

const proxyRule = matching(
  proxy,
  'must be http://<host>:<port> or https://<host>:<port>, without path, query or user info, such as http://proxy:3128; ' +
    'a proxy that asks for a password is named in HTTPS_PROXY of the operator',
);

const objectNameRule = (kind: string): Rule<string> => {
  const part = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
  const name = pattern(`${part}(?:\\.${part})*`);
  return matching(name, `must be the name of a ${kind}: lower-case letters, digits, - and .`);
};

export function hostName(): z.ZodString {
  return ruled(text(253), hostNameRule);
}

const longestOrigin = 'https://'.length + 253 + ':65535'.length;

export function httpsEndpoint(): z.ZodString {
  return ruled(text(longestOrigin), endpointRule);
}

export function proxyUrl(): z.ZodString {
  return ruled(text(longestOrigin), proxyRule);
}

/** A reference to another object by its name. */
export function objectName(kind: string): z.ZodString {
  return ruled(text(253), objectNameRule(kind));
}

/** `<scheme>://<host>[:<port>]` and nothing else. */
function origin(scheme: string): Pattern {
  const whole = pattern(`${scheme}://(?:${dnsName}|\\[(?:${ipv6()})\\])(?::${port})?`);
  const numeric = pattern(`${scheme}://(?:.*\\.)?${number}(?::.*)?`);
  const dotted = pattern(`${scheme}://${ipv4}(?::${port})?`);
  return {
    cel: `${whole.cel} && (!${numeric.cel} || ${dotted.cel})`,
    matches: (value) => whole.matches(value) && (!numeric.matches(value) || dotted.matches(value)),
  };
}

/** All ways to write an IPv6 address without a dotted quad or a zone. */
function ipv6(): string {
  const h = '[0-9A-Fa-f]{1,4}';
  const compressed = [1, 2, 3, 4, 5, 6].map((before) => `(?:${h}:){1,${before}}(?::${h}){1,${7 - before}}`);
  return [`(?:${h}:){7}${h}`, `(?:${h}:){1,7}:`, ...compressed, `:(?::${h}){1,7}`, '::'].join('|');
}
