// A key that has expired, in each form that was seen or may be: it costs one new key, and its words are shown nowhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOf, failure, never } from './clients.ts';
import { fixture } from './fixtures.ts';
import { type Answer, reply, type Received, startScriptedDevice } from './scripted-device.ts';

const words = 'Key Expired: LUFRPT1SECRETKEY has expired.';
const count = fixture('registered-ip.count.pan-os-php');
const keygen = fixture('keygen.success.panos-10.2-blog');
const login = { username: 'k8s-operator', password: 'simulator' };

const xml = `<response status = 'error' code = '400'><result><msg>${words}</msg></result></response>`;
const forms: Readonly<Record<string, Answer>> = {
  'as the status line of a 400': (_, response) => void response.writeHead(400, words).end(),
  'as the status line of a 401': (_, response) => void response.writeHead(401, words).end(),
  'as the text of a 400': reply(words, 400),
  'as a refusal under HTTP 400': reply(xml, 400),
  'as a refusal under HTTP 200': reply(xml),
};

const isKeygen = ({ form }: Received) => form.get('type') === 'keygen';

for (const [how, refuse] of Object.entries(forms)) {
  test(`an expired key, told ${how}, costs one new key, and the call is sent again`, async () => {
    let expired = false;
    let keys = 0;
    await using device = await startScriptedDevice((request, response) => {
      if (isKeygen(request)) {
        keys += 1;
        expired = false;
        return reply(keygen)(request, response);
      }
      return (expired ? refuse : reply(count))(request, response);
    });
    let now = 0;
    await using client = clientOf(device, { credentials: login, now: () => now });
    await client.count({}, never);
    expired = true;
    now = 120_000;
    assert.equal(await client.count({}, never), 1234);
    assert.equal(keys, 2);
  });

  test(`an expired key that was given, told ${how}, is AuthenticationFailed, and its words are not repeated`, async () => {
    await using device = await startScriptedDevice(refuse);
    await using client = clientOf(device);
    const { reason, retry, message } = await failure(client.count({}, never));
    assert.deepEqual([reason, retry], ['AuthenticationFailed', 'slow']);
    assert.match(message, /API key has expired/);
    assert.doesNotMatch(message, /LUFRPT1/);
  });
}

test('a bare 400 to a call that was good before is worth one new key in a minute, and to another none', async () => {
  let refuses = false;
  let keys = 0;
  await using device = await startScriptedDevice((request, response) => {
    if (isKeygen(request)) keys += 1;
    const bare = refuses && !isKeygen(request);
    return reply(bare ? '' : isKeygen(request) ? keygen : count, bare ? 400 : 200)(request, response);
  });
  let now = 0;
  await using client = clientOf(device, { credentials: login, now: () => now });
  await client.count({}, never);
  refuses = true;
  now = 120_000;
  assert.equal((await failure(client.systemInfo(never))).reason, 'InvalidResponse');
  assert.equal(keys, 1);
  for (let times = 0; times < 3; times++)
    assert.equal((await failure(client.count({}, never))).reason, 'InvalidResponse');
  assert.equal(keys, 2);
});
