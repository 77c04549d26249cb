// Status while the device cannot be asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firewallStatus } from '../../../src/core/status/firewall-status.ts';
import type { FirewallView } from '../../../src/core/status/firewall-view.ts';
import type { TableView } from '../../../src/core/status/table-health.ts';
import { panFirewallStatus } from '../../../src/kubernetes/resources/pan-firewall-status.ts';
import { formerTables } from '../../../src/operator/firewall/former-tables.ts';
import { farewellOf, recalled } from '../../../src/operator/status/view-from-status.ts';
import { quietTable } from '../../core/status/quiet-table.ts';

type Status = NonNullable<Parameters<typeof recalled>[1]>;

const device = { model: 'PA-440', serial: '007', swVersion: '11.1.4' };
const unread: TableView = {
  ...quietTable,
  failing: { reason: 'DeviceUnavailable', message: 'no answer' },
  known: false,
  owned: 0,
  foreign: 0,
  lastConfirmedAt: Number.NEGATIVE_INFINITY,
};
const ref = { serial: undefined, vsys: undefined };
const view = (table: Partial<TableView>): FirewallView => ({
  finding: undefined,
  device: undefined,
  tables: [{ ref, view: { ...unread, ...table } }],
});
const status = (given: Partial<Status>): Status => ({
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'InSync',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
  ...given,
});
const before = status({
  device,
  tables: [{ vsys: 'vsys1', state: 'InSync', owned: 14, foreign: 3, pending: 0 }],
});
const context = { generation: 1, previous: [], now: 0, time: '2026-01-01T00:00:00Z' };
const shown = (found: FirewallView) => {
  const { owned, device: said, tables, conditions } = firewallStatus(found, context);
  return { owned, serial: said?.serial, table: tables[0], message: conditions[0]?.message ?? '' };
};

test('until a table has been read its counts, and the device, are those of the status before', () => {
  const { owned, serial, table } = shown(recalled(view({}), before));
  assert.deepEqual([owned, serial, table?.foreign], [14, '007', 3]);
  assert.equal(shown(recalled(view({ known: true, owned: 2 }), before)).owned, 2);
});

test('a PanFirewall whose spec cannot be read keeps the tables of its status, and the timeouts that they carry', () => {
  const invalid = { reason: 'InvalidSpec', message: 'no' } as const;
  const unstarted: FirewallView = { finding: invalid, device: undefined, tables: [], started: false };
  const tables = before.tables?.map((table) => ({ ...table, registrationTimeoutSeconds: 900 }));
  const found = shown(recalled(unstarted, { ...before, ...(tables && { tables }) }));
  assert.deepEqual([found.owned, found.table?.state], [14, 'InvalidSpec']);
  assert.equal(found.table?.registrationTimeoutSeconds, 900);
});

test('of which device a table was kept, and by which endpoint, outlives the process, and a spec that cannot be read', () => {
  const endpoint = 'https://edge-a';
  const kept = {
    tables: [{ ref, view: unread, establishedOn: '007', establishedEndpoint: endpoint }],
  };
  const told = (found: FirewallView) => {
    const written = JSON.parse(JSON.stringify(firewallStatus(found, context)));
    const status = panFirewallStatus.parse(written);
    const { establishedOn, establishedEndpoint } = status.tables?.[0] ?? {};
    return { status, established: [establishedOn, establishedEndpoint] };
  };
  const first = told({ ...view({}), ...kept });
  assert.deepEqual(formerTables(first.status)?.established, [{ ref, identity: '007', endpoint }]);
  const invalid = { reason: 'InvalidSpec', message: 'no' } as const;
  const unstarted: FirewallView = { finding: invalid, device: undefined, tables: [], started: false };
  assert.deepEqual(told(recalled(unstarted, first.status)).established, ['007', endpoint]);
  assert.deepEqual(told(view({})).established, [undefined, undefined]);
});

test('a purge that waits says until when, and how to let go with a command that can be pasted', () => {
  const meta = { name: 'edge-a', deletingSince: Date.UTC(2026, 0, 1) } as Parameters<typeof farewellOf>[0];
  const ending = { deletionPolicy: 'Purge', mode: 'Enforce', purgeTimeoutSeconds: 300 } as const;
  const farewell = farewellOf(meta, ending);
  assert.deepEqual(farewell, { name: 'edge-a', until: '2026-01-01T00:05:00Z' });
  const { message } = shown({ ...recalled(view({}), before), farewell });
  assert.match(
    message,
    /^no answer; .* until 2026-01-01T00:05:00Z, .*kubectl patch panfw edge-a --type=merge -p '\{/,
  );
  assert.equal(farewellOf(meta, { ...ending, deletionPolicy: 'Retain' }), undefined);
});
