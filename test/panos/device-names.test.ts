// Names that a device gives itself: cleaned and cut before anybody sees them, and no serial where it is none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  readDeviceGroups,
  readGroupHierarchy,
  readManagedDevices,
} from '../../src/panos/messages/panorama-replies.ts';
import { readSystemInfo } from '../../src/panos/messages/response.ts';
import { clientOf, never } from './clients.ts';
import { failureOf } from './fixtures.ts';
import { reply, startScriptedDevice } from './scripted-device.ts';

const around = (inner: string) => `<response status="success"><result>${inner}</result></response>`;
const info = ({ serial = '007', model = 'PA-VM', version = '11.1.4', host = 'fw' } = {}) =>
  around(
    `<system><hostname>${host}</hostname><serial>${serial}</serial><model>${model}</model><sw-version>${version}</sw-version></system>`,
  );

test('a serial that is too long, or has characters that no serial has, is no answer', () => {
  for (const serial of ['9'.repeat(65), '00\u20287', '00\u200B7', '00&#9;7', '00\u00857'])
    assert.equal(failureOf(() => readSystemInfo(info({ serial }))).reason, 'InvalidResponse', serial);
  assert.equal(failureOf(() => readSystemInfo(info({ model: 'PA\u0085VM' }))).reason, 'InvalidResponse');
  const fleet = `<devices><entry name="${'9'.repeat(65)}"><connected>yes</connected></entry></devices>`;
  assert.equal(failureOf(() => readManagedDevices(around(fleet))).reason, 'InvalidResponse');
  const groups = `<devicegroups><entry name="a\u200Bb"/></devicegroups>`;
  assert.equal(failureOf(() => readDeviceGroups(around(groups))).reason, 'InvalidResponse');
  const hierarchy = `<dg-hierarchy><dg name="a"><dg name="a\u200Bb"/></dg></dg-hierarchy>`;
  assert.equal(failureOf(() => readGroupHierarchy(around(hierarchy))).reason, 'InvalidResponse');
});

test('model, version and hostname are cut to 64 characters, and hold no secret', async () => {
  const long = 'x'.repeat(5000);
  await using device = await startScriptedDevice(
    reply(info({ model: `PA KEYKEYKEY ${long}`, version: `11.1.4-${long}`, host: long })),
  );
  await using client = clientOf(device, { credentials: { apiKey: 'KEYKEYKEY' } });
  const { model, swVersion, hostname } = await client.systemInfo(never);
  for (const word of [model, swVersion, hostname]) assert.ok(word.length <= 64, word);
  assert.match(model, /^PA \*\*\* xxx/);
});
