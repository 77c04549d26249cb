// Replies of a Panorama about its firewalls and device groups: read whole, or not at all.

import { DeviceError } from '../../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  readDeviceGroups,
  readGroupHierarchy,
  readManagedDevices,
} from '../../../src/panos/messages/panorama-replies.ts';
import { failureOf, fixture } from '../fixtures.ts';

test('the list of devices: serials, connections and virtual systems', () => {
  assert.deepEqual(readManagedDevices(fixture('devices.all.pan-os-python')), [
    { serial: '0070510000001', connected: true, vsys: ['vsys1'] },
    { serial: '0070510000002', connected: true, vsys: ['vsys1', 'vsys2'] },
    { serial: '0070510000003', connected: false, vsys: [] },
  ]);
  assert.deepEqual(readManagedDevices(reply('<devices/>')), []);
});

test('device groups: their firewalls, and the virtual systems that are in them', () => {
  const groups = readDeviceGroups(fixture('devicegroups.pan-os-python'));
  assert.deepEqual(
    [...groups],
    [
      [
        'edge',
        [
          { serial: '0070510000001', vsys: [] },
          { serial: '0070510000002', vsys: ['vsys1'] },
        ],
      ],
      ['lab', [{ serial: '0070510000002', vsys: ['vsys2'] }]],
      ['to come', []],
    ],
  );
  assert.deepEqual([...readDeviceGroups(reply('<devicegroups/>'))], []);
});

test('the hierarchy: each group with those directly below it', () => {
  assert.deepEqual(
    [...readGroupHierarchy(fixture('dg-hierarchy.pan-os-python'))],
    [
      ['edge', ['eu edge']],
      ['lab', []],
      ['eu edge', ['north', 'south']],
      ['north', []],
      ['south', []],
    ],
  );
  const twice = '<dg name="a"><dg name="b"><dg name="a"/></dg></dg><dg name="b"><dg name="c"/></dg>';
  assert.deepEqual(
    [...readGroupHierarchy(reply(`<dg-hierarchy>${twice}</dg-hierarchy>`))],
    [
      ['a', ['b']],
      ['b', ['c', 'a']],
      ['c', []],
    ],
  );
  assert.deepEqual([...readGroupHierarchy(reply('<dg-hierarchy/>'))], []);
});

test('a hierarchy, or groups, larger than any that a Panorama has are no answer', () => {
  const deep = `<dg-hierarchy>${'<dg name="a">'.repeat(100)}${'</dg>'.repeat(100)}</dg-hierarchy>`;
  const wide = `<dg-hierarchy>${'<dg name="a" dg_id="1"/>'.repeat(7_000)}</dg-hierarchy>`;
  for (const inner of [deep, wide])
    assert.equal(failureOf(() => readGroupHierarchy(reply(inner))).reason, 'InvalidResponse');
  const members = '<entry name="1"/>'.repeat(20_001);
  const crowd = `<devicegroups><entry name="a"><devices>${members}</devices></entry></devicegroups>`;
  assert.equal(failureOf(() => readDeviceGroups(reply(crowd))).reason, 'InvalidResponse');
});

for (const [what, read, text] of [
  ['no list at all', readManagedDevices, reply('')],
  ['no groups at all', readDeviceGroups, reply('')],
  ['no hierarchy at all', readGroupHierarchy, reply('')],
  ['a nameless group in the hierarchy', readGroupHierarchy, reply('<dg-hierarchy><dg/></dg-hierarchy>')],
  ['groups for devices', readManagedDevices, reply('<devicegroups/>')],
  ['an entry without serial and name', readManagedDevices, reply('<devices><entry/></devices>')],
  [
    'a connection that is neither there nor not',
    readManagedDevices,
    reply('<devices><entry name="1"><connected>maybe</connected></entry></devices>'),
  ],
  [
    'a group without a name',
    readDeviceGroups,
    reply('<devicegroups><entry><devices/></entry></devicegroups>'),
  ],
] as const)
  test(`${what} is no answer`, () => {
    assert.deepEqual(failureOf(() => read(text)).reason, 'InvalidResponse');
  });

test('law: cut off anywhere, both are errors; whatever else comes, a value or a DeviceError', () => {
  const names = ['devices.all.pan-os-python', 'devicegroups.pan-os-python', 'dg-hierarchy.pan-os-python'];
  for (const text of names.map(fixture))
    for (const read of [readManagedDevices, readDeviceGroups, readGroupHierarchy])
      fc.assert(
        fc.property(fc.nat(text.trimEnd().length - 1), (end) => {
          assert.throws(() => read(text.slice(0, end)), DeviceError);
        }),
      );
  fc.assert(
    fc.property(fc.string(), (inner) => {
      for (const read of [readManagedDevices, readDeviceGroups, readGroupHierarchy])
        try {
          read(reply(inner));
        } catch (error) {
          assert.ok(error instanceof DeviceError);
        }
    }),
  );
});

function reply(result: string): string {
  return `<response status="success"><result>${result}</result></response>`;
}
