// Words are not facts: every place where a text decides something, and that a tenant's tag with that text changes nothing.
import { DeviceError } from '../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { echoOf, type Phrase, phrases, says } from '../../src/panos/errors/phrases.ts';
import { readUidResponse } from '../../src/panos/messages/response.ts';
import { escapeXml } from '../../src/panos/xml/xml-text.ts';

/** Phrase -> what a device says when it means it. */
const samples: Readonly<Record<keyof typeof phrases, string>> = {
  invalidCredential: 'Invalid Credential',
  invalidCredentialAlone: 'Invalid credentials.',
  notAuthorized: 'not authorized for user role',
  notAuthorizedAlone: 'Type [user-id] not authorized for user role.',
  sessionTimedOut: 'Session timed out',
  keyExpired: 'Key Expired: LUFRPT1abc has expired.',
  notReady: 'Not ready to process xmlapi data',
  initializing: 'initializing',
  timedOut: 'timed out',
  notAvailable: 'not available',
  addressLimit: 'max registered-ip for the platform reached (1)',
  tagLimit: 'number of tags exceeds the limit 1',
  failedToRegister: 'Failed to register',
};

/** What a device may make of a tag that it repeats. */
const echoes: Readonly<Record<string, (tag: string) => string>> = {
  'letter by letter': (tag) => tag,
  'in capitals': (tag) => tag.toUpperCase(),
  'with other blanks': (tag) => tag.replaceAll(' ', '\u00A0'),
  'cut at its end': (tag) => `${tag.slice(0, -1)}...`,
  'cut at its beginning': (tag) => tag.slice('k8s.ns_evil.'.length),
  'as a reference': (tag) => tag.replaceAll(' ', '&nbsp;'),
  'without its odd characters': (tag) => tag.replaceAll('\u200B', '').replaceAll('\u00A0', ' '),
};

/** How a tenant may write a phrase. */
const writings: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'with a no-break space': (text) => text.replaceAll(' ', '\u00A0'),
  'with a character of no width': (text) => text.replaceAll('e', '\u200Be'),
};

const partial = (message: string) =>
  `<response status="error"><msg><line><uid-response><payload><register><entry ip="10.0.0.7" message="${escapeXml(message)}"/></register></payload></uid-response></line></msg></response>`;
const whole = (code: string) => (message: string) =>
  `<response status="error" code="${code}"><msg><line>${escapeXml(message)}</line></msg></response>`;

/** In what a device puts a tag that it does not take. */
const replies: Readonly<Record<string, (tag: string) => string>> = {
  'about a pair': (tag) => partial(`tag ${tag} is invalid`),
  'about a pair, the tag alone': (tag) => partial(tag),
  'about the message': (tag) => whole('18')(`malformed command: member "${tag}" is no valid tag`),
  'about the message, without a code': (tag) => whole('')(`${tag} cannot be registered`),
  'about the message, the tag alone': (tag) => whole('12')(tag),
  'about the message, as a bad request': (tag) => whole('400')(`${tag}: bad request`),
};

/** What the operator makes of a reply: everything but the words that it shows. */
function outcome(text: string, tag: string): unknown {
  const sent = {
    unregister: [],
    register: [
      { ip: '10.0.0.7', tags: [tag] },
      { ip: '10.0.0.8', tags: ['k8s.ns_shop.web'] },
    ],
  };
  try {
    return readUidResponse(text, sent).map(({ section, ip, limit }) => ({ section, ip, limit }));
  } catch (error) {
    assert.ok(error instanceof DeviceError, String(error));
    const { reason, retry, applied, answered, limit } = error;
    return { reason, retry, applied, answered, limit };
  }
}

for (const [name, sample] of Object.entries(samples)) {
  test(`law: a tag that reads like "${sample}" is judged like any other tag (${name})`, () => {
    const plain = 'k8s.ns_evil.x';
    for (const [how, write] of Object.entries(writings)) {
      const tag = `k8s.ns_evil.${write(sample)}`;
      for (const [repeated, echo] of Object.entries(echoes)) {
        for (const [where, reply] of Object.entries(replies)) {
          const wanted = outcome(reply(plain), plain);
          assert.deepEqual(outcome(reply(echo(tag)), tag), wanted, `${how}, repeated ${repeated}, ${where}`);
        }
      }
    }
  });

  test(`what a device says of its own counts, whatever else was sent (${name})`, () => {
    const one: Phrase = phrases[name as keyof typeof phrases];
    assert.ok(says(one, sample, echoOf(['k8s.ns_shop.web', 'k8s.ns_a.key', 'k8s.ns_a.not'])), sample);
    assert.ok(says(one, sample.toUpperCase(), echoOf([])), sample);
  });
}

test('law: of any text around a phrase, what is cut out of it, folded or escaped is known as an echo', () => {
  const odd = fc.constantFrom('\u00A0', '\u200B', '\u00AD', ' ', '  ', '-', '&nbsp;', '%20', '\u{1F600}');
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.entries(samples)),
      fc.array(odd, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.nat(),
      ([name, sample], odds, from, length) => {
        let next = 0;
        const tag = `k8s.ns_evil.${sample.replaceAll(/[ e]/g, (c) => `${odds[next++ % odds.length]}${c}`)} end`;
        // The device drops or folds what is odd, then cuts.
        const seen = tag.replaceAll(/&nbsp;|%20/g, ' ').replaceAll(/[^\x21-\x7e]+/g, ' ');
        const dropped = tag.replaceAll(/&nbsp;|%20/g, '').replaceAll(/[^\x20-\x7e]+/g, '');
        for (const text of [
          seen,
          dropped,
          seen.slice(from % 12),
          seen.slice(from % 12, (from % 12) + length),
        ])
          assert.equal(says(phrases[name as keyof typeof phrases], text, echoOf([tag])), undefined, text);
      },
    ),
    { numRuns: 2000 },
  );
});

/**
 * Every other place in src where words decide something: the file, the words, whose text it is, and what keeps a tenant's
 * text out of it. A place that is not listed here fails the test below: put its words into src/panos/errors/phrases.ts if a
 * device says them, or list it here with the reason.
 */
const places: readonly (readonly [file: string, words: string, whose: string])[] = [
  [
    'src/panos/errors/benign.ts',
    ' does not exist, ignore unreg',
    'the whole message about an address, which holds no tag',
  ],
  ['src/panos/messages/registered-ip-reader.ts', '<response', 'the first tag of a reply'],
  [
    'src/panos/messages/registered-ip-reader.ts',
    '</entry',
    'XML itself; the entry is then read to that place tag by tag',
  ],
  [
    'src/panos/messages/registered-ip-reader.ts',
    'entry[ ',
    'where an entry that is no XML is over; the count of the page decides',
  ],
  ['src/panos/messages/registered-ip-reader.ts', '<entry ip=', 'XML itself'],
  ['src/panos/xml/xml-tree.ts', '<!DOCTYPE', 'XML itself, before the root, where no tag can be'],
  ['src/panos/http/trust.ts', '-----BEGIN CERTIFICATE-----', "an administrator's Secret"],
  ['src/panos/http/certificate-problems.ts', 'ERR_TLS_CERT_ALTNAME_', "Node's code of an error"],
  [
    'src/panos/http/certificate-problems.ts',
    'key too (weak|small)',
    "OpenSSL's words, which choose advice alone",
  ],
  ['src/panos/http/certificate-problems.ts', 'too weak', "OpenSSL's words, which choose advice alone"],
  [
    'src/panos/http/certificate-problems.ts',
    '; if the root CA is installed',
    "Node's words, which are not repeated",
  ],
  [
    'src/panos/http/certificate-problems.ts',
    '^IP Address:',
    "Node's writing of a certificate, for advice alone",
  ],
  [
    'src/panos/http/connection-problems.ts',
    'wrong version number',
    "OpenSSL's words, which choose advice alone",
  ],
  ['src/panos/http/connection-problems.ts', 'protocol version', "OpenSSL's words, which choose advice alone"],
  [
    'src/panos/http/connection-problems.ts',
    'alert.*certificate',
    "OpenSSL's words, which choose advice alone",
  ],
  ['src/panos/session/conversation.ts', 'HTTP', 'our own code of an error'],
  ['src/operator/device/credentials.ts', '-----BEGIN CERTIFICATE-----', "an administrator's Secret"],
  ['src/operator/status/event-recorder.ts', 'is being terminated', 'the API server'],
  ['src/operator/status/status-writer.ts', 'due to an error in our request', 'the API server'],
  ['src/core/device/model-limits.ts', 'Panorama', 'the model of a device, which can only limit itself'],
  ['src/operator/firewall/table-workers.ts', 'pending', 'our own word of what became of an adoption'],
  ['src/operator/firewall/table-workers.ts', 'done', 'our own word of what became of an adoption'],
  ['src/core/syntax/address.ts', '::ffff:', 'the text of an address itself, which is no name of anything'],
  [
    'src/core/syntax/template.ts',
    'labels',
    "the template itself: a tenant's text about the tenant's own tags",
  ],
];

const root = join(import.meta.dirname, '../..');
/** Literals that are looked for in a text. */
const patterns = [
  /\.(?:includes|startsWith|endsWith|indexOf|lastIndexOf|search|split|match|matchAll)\(\s*(?:'([^'\n]*)'|`([^`\n]*)`)/g,
  /new RegExp\(\s*(?:'([^'\n]*)'|`([^`\n]*)`)/g,
  /[(=,[:?!&|]\s*\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])*)\/[dgimsuvy]*/g,
];
const hasWord = (literal: string) =>
  /[A-Za-z]{4,}/.test(literal.replaceAll(/\$\{[^}]*\}|\\u\w{4}|\\u\{\w+\}|\\p\{\w+\}|\\[a-zA-Z]/g, ' '));

function literalsIn(file: string): readonly string[] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  const code = lines.filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line)).join('\n');
  return patterns
    .flatMap((pattern) => [...code.matchAll(pattern)])
    .flatMap(([, ...groups]) => groups.filter((one) => one !== undefined))
    .filter(hasWord);
}

test('every place where words decide is a phrase of devices, or is listed with what keeps tenants out of it', () => {
  const files = globSync('src/{panos,operator,core}/**/*.ts', { cwd: root });
  const found = files.flatMap((file) =>
    file === 'src/panos/errors/phrases.ts' ? [] : literalsIn(file).map((literal) => ({ file, literal })),
  );
  const isListed = ({ file, literal }: { file: string; literal: string }) =>
    places.some(([place, words]) => place === file && literal.includes(words));
  assert.deepEqual(
    found.filter((one) => !isListed(one)),
    [],
  );
  const stale = places.filter(
    ([file, words]) => !found.some((one) => one.file === file && one.literal.includes(words)),
  );
  assert.deepEqual(stale, []);
});
