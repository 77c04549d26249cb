// spec.tables of a PanFirewall: which registered-ip tables are kept.

import { z } from 'zod';
import { list, pattern, ruled, text } from './schema.ts';

const vsysName = pattern('vsys[1-9][0-9]{0,3}');
const serialNumber = pattern('[A-Za-z0-9]{1,32}');
const maxTables = 64;

const vsys = ruled(text(8), {
  cel: vsysName.cel,
  message: 'must be the name of a virtual system, such as vsys1',
  holds: vsysName.matches,
}).describe(
  'The virtual system that holds the table, such as vsys1. May be left out where a serial is named and the firewall has ' +
    'one virtual system only.',
);

const serial = ruled(text(32), {
  cel: serialNumber.cel,
  message: 'must be the serial number of a firewall, such as "0070510000001"',
  holds: serialNumber.matches,
}).describe(
  'The serial number of a firewall that the endpoint, a Panorama, manages: calls for the table go to the Panorama, which ' +
    'forwards them. Quote it in YAML, so that its zeros are kept.',
);

const table = ruled(z.object({ serial: serial.optional(), vsys: vsys.optional() }), {
  cel: 'has(self.serial) || has(self.vsys)',
  message: 'must name a vsys or a serial',
  holds: (one) => one.serial !== undefined || one.vsys !== undefined,
});

/** Written so that the API server can tell how long the texts may be, and so what the rule costs. */
const same = (field: string) =>
  `has(other.${field}) == has(one.${field}) && (!has(one.${field}) || other.${field} == one.${field})`;
const named = (one: string) => `(has(${one}.vsys) ? ${one}.vsys : "vsys1")`;

/** The one table of a firewall with a single virtual system is that of vsys1. */
export const tables = ruled(list(table, maxTables), {
  cel: `self.all(one, self.exists_one(other, ${same('serial')} && ${named('other')} == ${named('one')}))`,
  message: 'must name each table once: remove the repeated one',
  holds: (all) => new Set(all.map((one) => `${one.serial ?? ''}/${one.vsys ?? 'vsys1'}`)).size === all.length,
}).meta({ 'x-kubernetes-list-type': 'atomic' });
