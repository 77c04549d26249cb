// spec.tables of a PanFirewall: which registered-ip tables are kept.

import { z } from 'zod';
import { matching, list, pattern, ruled, text } from './schema.ts';

const vsysName = pattern('vsys[1-9][0-9]{0,3}');
const serialNumber = pattern('[A-Za-z0-9]{1,32}');
const groupName = pattern('[A-Za-z0-9_][A-Za-z0-9_. -]*');
const maxTables = 64;

const vsys = ruled(
  text(8),
  matching(vsysName, 'must be the name of a virtual system, such as vsys1'),
).describe(
  'The virtual system that holds the table, such as vsys1. May be left out where a serial is named and the firewall has ' +
    'one virtual system only.',
);

const serial = ruled(
  text(32),
  matching(serialNumber, 'must be the serial number of a firewall, such as "0070510000001"'),
).describe(
  'The serial number of a firewall that the endpoint, a Panorama, manages: calls for the table go to the Panorama, which ' +
    'forwards them. Quote it in YAML, so that its zeros are kept.',
);

const deviceGroup = ruled(
  text(63),
  matching(
    groupName,
    'must be the name of a device group: letters, digits, blanks, _, . and -, none but letters, digits and _ first',
  ),
).describe(
  'The name of a device group of the endpoint, a Panorama: one table for each firewall in it, or in a group below it, as ' +
    'firewalls join and leave; it is looked up every 30 s. With a vsys, that of each firewall, where it is in the group; without, every ' +
    'virtual system in the group. The tags of a firewall that leaves stay as they are, and are cleaned when it returns.',
);

const named = ruled(
  z.object({ serial: serial.optional(), deviceGroup: deviceGroup.optional(), vsys: vsys.optional() }),
  {
    cel: 'has(self.serial) || has(self.deviceGroup) || has(self.vsys)',
    message: 'must name a vsys, a serial or a deviceGroup',
    holds: (one) => one.serial !== undefined || one.deviceGroup !== undefined || one.vsys !== undefined,
  },
);

const table = ruled(named, {
  cel: '!has(self.serial) || !has(self.deviceGroup)',
  message: 'must not name both a serial and a deviceGroup: list them as two tables',
  holds: (one) => one.serial === undefined || one.deviceGroup === undefined,
});

/** Written so that the API server can tell how long the texts may be, and so what the rule costs. */
const same = (field: string) =>
  `has(other.${field}) == has(one.${field}) && (!has(one.${field}) || other.${field} == one.${field})`;
const vsysOf = (one: string) => `(has(${one}.vsys) ? ${one}.vsys : "vsys1")`;

/** The one table of a firewall with a single virtual system is that of vsys1. */
export const tables = ruled(list(table, maxTables), {
  cel: `self.all(one, self.exists_one(other, ${same('serial')} && ${same('deviceGroup')} && ${vsysOf('other')} == ${vsysOf('one')}))`,
  message: 'must name each table once: remove the repeated one',
  holds: (all) => new Set(all.map(keyOf)).size === all.length,
}).meta({ 'x-kubernetes-list-type': 'atomic' });

function keyOf({ serial = '', deviceGroup = '', vsys = 'vsys1' }: z.output<typeof table>): string {
  return [serial, deviceGroup, vsys].join('/');
}
