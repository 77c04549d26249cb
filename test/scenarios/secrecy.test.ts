// The check for secrets finds one that is planted, however it is written, and nothing where there is none.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { makeCertificates } from '../../simulator/certificates.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import { checkRequests } from './final-checks.ts';
import { checkSecrecy, secretValues } from './secrecy.ts';

const secret = `p&ss <w>rd"1"/+% ü${randomBytes(6).toString('hex')}`;
const secrets = new Set([secret]);

const writings: Readonly<Record<string, string>> = {
  'as it is': secret,
  'in a URL': `https://fw/api/?password=${encodeURIComponent(secret)}`,
  'in a form': new URLSearchParams({ user: 'k8s', password: secret }).toString(),
  'in JSON': JSON.stringify({ error: `refused ${secret}` }),
  'in XML':
    '<msg>' +
    secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;') +
    '</msg>',
  'in base64': Buffer.from(secret).toString('base64'),
  'in the base64 of a Secret': Buffer.from(`xy${secret}z`).toString('base64'),
  'in base64url': Buffer.from(`${secret}?`).toString('base64url'),
};

for (const [what, text] of Object.entries(writings)) {
  test(`a secret ${what} is found`, () => {
    assert.throws(() => checkSecrecy('the log', `before ${text} after`, secrets), /a secret is in the log/);
  });
}

test('law: a secret in base64 is found whatever stands around it', () => {
  const text = fc.string({ maxLength: 9, unit: 'binary' });
  fc.assert(
    fc.property(text, text, fc.boolean(), (before, after, url) => {
      const all = Buffer.from(`${before}${secret}${after}`).toString(url ? 'base64url' : 'base64');
      assert.throws(() => checkSecrecy('a status', all, secrets), /a secret is in a status/);
    }),
  );
});

test('the message tells no more than the beginning of the secret', () => {
  const find = () => checkSecrecy('the log', secret, secrets);
  assert.throws(find, (error: Error) => !error.message.includes(secret.slice(0, 6)));
});

const { key } = makeCertificates();
const looks: Readonly<Record<string, string>> = {
  'an API key': 'key LUFRPT1zZWNyZXQ9PQ==',
  'a session': `cookie ${'0123456789abcdef'.repeat(4)}`,
  'Basic credentials': 'authorization: Basic b3BlcmF0b3I6c2VjcmV0',
  'a token': 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2ln',
  'a private key': key,
};
for (const [kind, text] of Object.entries(looks)) {
  test(`${kind} is found though nobody has named it`, () => {
    assert.throws(() => checkSecrecy('an Event', text, new Set()), new RegExp(`${kind} is in an Event`));
  });
}

test('an ordinary text holds none', () => {
  const text = '{"level":"info","device":"edge-a","msg":"table read","owner":"0f3a9c2b11d4","path":"/api/"}';
  checkSecrecy('the log', text, new Set([secret, 'another secret']));
});

test('of a Secret its CA, its endpoint, its user name and mere words are none', () => {
  const data = { 'ca.crt': 'PEM of a CA', endpoint: 'https://fw.example.net', username: 'k8s-operator' };
  assert.deepEqual(secretValues({ ...data, apiKey: 'LUFRPT1zZWNyZXQ9PQ==\n', password: 'short' }), [
    'LUFRPT1zZWNyZXQ9PQ==',
  ]);
});

test('a request with something in its URL is found, and what it was is told nowhere', async () => {
  await using simulator = await startSimulator();
  const { controlUrl, endpoint, apiKey, caPem } = simulator;
  assert.ok(controlUrl);
  const { Agent, request } = await import('undici');
  const dispatcher = new Agent({ connect: { ca: caPem } });
  const body = `key=${apiKey}&type=version`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  await (await request(`${endpoint}/api/`, { dispatcher, method: 'POST', headers, body })).body.dump();
  checkRequests(simulator.log());
  await (await request(`${endpoint}/api/?key=${apiKey}&type=version`, { dispatcher })).body.dump();
  await dispatcher.close();
  assert.throws(() => checkRequests(simulator.log()), /GET.*key,type/s);
  assert.ok(!JSON.stringify(simulator.log()).includes(apiKey));
});
