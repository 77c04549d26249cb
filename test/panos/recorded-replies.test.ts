// The client's calls, over HTTPS, against every recorded reply: what each comes to. A reply's name ends with its source.
import { DeviceError } from '../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { clientOf, never, type TestClient } from './clients.ts';
import { fixture } from './fixtures.ts';
import { reply, startScriptedDevice } from './scripted-device.ts';

type Ask = (client: TestClient) => Promise<unknown>;

const perhapsFull = { kind: 'addresses', isCertain: false, figure: undefined };
const update = {
  unregister: [{ ip: '10.1.0.7', tags: ['k8s.ns_a'] }],
  register: [
    { ip: '10.1.0.8', tags: ['k8s.ns_b'] },
    { ip: '10.1.0.9', tags: ['k8s.ns_b', 'k8s.tmp'] },
  ],
};
const send: Ask = async (client) => (await client.update(update, never)).rejected;
const page: Ask = (client) => client.readPage({ start: 1, limit: 500 }, never);
const address: Ask = (client) => client.readOne({ key: '10.1.0.9' }, never);
const count: Ask = (client) => client.count({}, never);
const info: Ask = (client) => client.systemInfo(never);
const ha: Ask = (client) => client.haState({}, never);
const devices: Ask = async (client) => (await client.managedDevices(never)).map(({ serial }) => serial);
const groups: Ask = async (client) => [...(await client.deviceGroups(never)).keys()];
const hierarchy: Ask = async (client) => [...(await client.groupHierarchy(never)).keys()];

const entry = { ip: '10.1.0.9', fromAgent: false, persistent: true, tags: ['k8s.ns_b', 'k8s.tmp'] };

/** Replies that are no refusal: what each call makes of them; a string is a DeviceError's reason. */
const values: Readonly<Record<string, readonly (readonly [ask: Ask, outcome: unknown])[]>> = {
  'user-id.success.pan-dev': [[send, []]],
  'user-id.already-as-asked.panoslib': [[send, []]],
  'user-id.address-unknown.registered-ip-clients': [[send, []]],
  'user-id.failed-to-register.minemeld': [
    [
      send,
      [
        {
          section: 'register',
          ip: '10.1.0.8',
          tag: 'k8s.ns_b',
          message: 'Failed to register',
          limit: perhapsFull,
        },
      ],
    ],
  ],
  'registered-ip.page.pan-dev': [
    [page, [entry]],
    [address, entry],
    [count, 'InvalidResponse'],
  ],
  'registered-ip.empty.pan-dev': [
    [page, []],
    [address, undefined],
    [count, 0],
  ],
  'registered-ip.empty-with-count.pan-os-clients': [
    [page, []],
    [address, undefined],
    [count, 0],
  ],
  // Taken for a page, a count of 1234 without entries would be an empty table.
  'registered-ip.count.pan-os-php': [
    [count, 1234],
    [page, 'InvalidResponse'],
  ],
  'registered-ip.outfile-panos-7.1.pan-os-python': [
    [page, 'InvalidResponse'],
    [count, 'InvalidResponse'],
  ],
  'system-info.panos-10.2-blog': [[info, 'its fields']],
  'system-info.panorama.demisto': [[info, 'its fields']],
  'system-info.extra-root-attribute.pan-dev': [[info, 'its fields']],
  'ha-state.off.demisto': [[ha, { enabled: false }]],
  'ha-state.firewall-active.demisto': [[ha, 'its fields']],
  'ha-state.panorama-passive.demisto': [[ha, 'its fields']],
  'devices.all.pan-os-python': [[devices, ['0070510000001', '0070510000002', '0070510000003']]],
  'devicegroups.pan-os-python': [[groups, ['edge', 'lab', 'to come']]],
  'dg-hierarchy.pan-os-python': [[hierarchy, ['edge', 'lab', 'eu edge', 'north', 'south']]],
};

/** Refusals, whatever was asked: the reason for a message, and for a read. */
const refusals: Readonly<Record<string, readonly [ofMessage: string, ofRead: string]>> = {
  'keygen.invalid-credential.panos-10.2-blog': ['AuthenticationFailed', 'AuthenticationFailed'],
  'keygen.invalid-credentials.pan-os-python': ['AuthenticationFailed', 'AuthenticationFailed'],
  'op.role-not-authorized.pan-os-clients': ['RoleNotAuthorized', 'RoleNotAuthorized'],
  'op.unauth-code-16.pan-os-clients': ['AuthenticationFailed', 'AuthenticationFailed'],
  'op.session-timed-out-code-22.pan-os-python': ['AuthenticationFailed', 'AuthenticationFailed'],
  'op.missing-parameter-code-400.api-guide-9.1': ['RegistrationRejected', 'InvalidResponse'],
  'op.cdata-line-code-17.pango': ['RegistrationRejected', 'InvalidResponse'],
  'op.nested-lines.pan-python': ['RegistrationRejected', 'InvalidResponse'],
};

const generatedKey = 'keygen.success.panos-10.2-blog';

/** The outcome of a call to a device that gives this reply. */
async function outcomeOf(name: string, ask: Ask, httpStatus = 200): Promise<unknown> {
  await using device = await startScriptedDevice(reply(fixture(name), httpStatus));
  await using client = clientOf(device);
  try {
    return await ask(client);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return error.reason;
  }
}

for (const [name, calls] of Object.entries(values)) {
  test(`${name} comes to its value`, async () => {
    for (const [ask, expected] of calls) {
      const outcome = await outcomeOf(name, ask);
      if (expected === 'its fields') {
        assert.equal(typeof outcome, 'object');
        const said = fixture(name);
        const texts = Object.values(outcome as object).filter((value) => typeof value === 'string');
        assert.ok(texts.length > 0);
        for (const text of texts) assert.ok(said.includes(`>${text}<`), `${text} is none of its texts`);
      } else assert.deepEqual(outcome, expected);
    }
  });
}

for (const [name, [ofMessage, ofRead]] of Object.entries(refusals)) {
  test(`${name} is a refusal under HTTP 200 and under an error status`, async () => {
    for (const httpStatus of [200, 403]) {
      assert.equal(await outcomeOf(name, send, httpStatus), ofMessage);
      for (const ask of [page, address, count, info, ha, devices, groups]) {
        assert.equal(await outcomeOf(name, ask, httpStatus), ofRead);
      }
    }
  });
}

test(`${generatedKey} gives the key of the calls that follow`, async () => {
  const key = /<key>(.*)<\/key>/.exec(fixture(generatedKey))?.[1];
  const answers = [reply(fixture(generatedKey)), reply(fixture('registered-ip.count.pan-os-php'))];
  await using device = await startScriptedDevice(...answers);
  await using client = clientOf(device, { credentials: { username: 'k8s', password: 'secret' } });
  assert.equal(await client.count({}, never), 1234);
  const [asked, followed] = device.received;
  assert.equal(asked?.form.get('type'), 'keygen');
  assert.equal(followed?.form.get('key'), key);
});

test('every recorded reply is here', () => {
  const recorded = readdirSync(new URL('fixtures', import.meta.url)).map((file) =>
    file.replace(/\.xml$/, ''),
  );
  const here = [...Object.keys(values), ...Object.keys(refusals), generatedKey];
  assert.deepEqual(recorded.toSorted(), here.toSorted());
});
