// The status of a PanFirewall: what its tables come to, and that it is steady.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { FoundCondition } from '../../../src/core/status/conditions.ts';
import type { FirewallView } from '../../../src/core/status/firewall-view.ts';
import { firewallHealth, healthForPolicies } from '../../../src/core/status/firewall-health.ts';
import { firewallStatus } from '../../../src/core/status/firewall-status.ts';
import { type ConditionReason, conditionReasons } from '../../../src/core/model/model.ts';
import { isFailure, type TableView } from '../../../src/core/status/table-health.ts';
import type { TableRef } from '../../../src/core/model/table-ref.ts';
import { checkStatus, timeAt } from './status-rules.ts';
import { quietTable as quiet } from './quiet-table.ts';

const device = { model: 'PA-VM', serial: '007', swVersion: '11.1.4' };

const busy: TableView = { ...quiet, pending: 3, oldestPendingAt: 100_000, lastConfirmedAt: 100_000 };
const failing = (reason: ConditionReason): TableView => ({
  ...quiet,
  failing: { reason, message: `it is ${reason}` },
});

const vsys = (name: string | undefined): TableRef => ({ serial: undefined, vsys: name });

function firewall(...tables: TableView[]): FirewallView {
  return {
    finding: undefined,
    device,
    tables: tables.map((view, i) => ({ ref: vsys(tables.length === 1 ? undefined : `vsys${i + 1}`), view })),
  };
}

function statusOf(
  view: FirewallView,
  { previous = [] as readonly FoundCondition[], now = 100_000, generation = 1 } = {},
) {
  const status = firewallStatus(view, { generation, previous, now, time: timeAt(now) });
  checkStatus(status, generation, previous);
  const [ready] = status.conditions;
  return { ...status, ready: ready?.status === 'True', reason: ready?.reason, message: ready?.message };
}

const readyBefore = statusOf(firewall(quiet, quiet), { now: 0 }).conditions;

test('all tables in sync make a firewall Ready, and its counts are their sums', () => {
  const status = statusOf(firewall(quiet, { ...quiet, owned: 2, foreign: 7 }));
  assert.equal(status.ready, true);
  assert.equal(status.message, '2 tables in sync');
  assert.deepEqual([status.owned, status.pending], [7, 0]);
  assert.deepEqual(status.device, device);
  assert.deepEqual(status.tables, [
    { vsys: 'vsys1', state: 'InSync', owned: 5, foreign: 1, pending: 0 },
    { vsys: 'vsys2', state: 'InSync', owned: 2, foreign: 7, pending: 0 },
  ]);
});

test('a table without a vsys and a device that is not known are left out', () => {
  const status = statusOf({ ...firewall(quiet), device: undefined });
  assert.deepEqual(status.tables, [{ state: 'InSync', owned: 5, foreign: 1, pending: 0 }]);
  assert.equal('device' in status, false);
});

test('it becomes Ready only when nothing is pending, and stays so through churn', () => {
  assert.deepEqual(
    [statusOf(firewall(busy, quiet)).ready, statusOf(firewall(busy, quiet)).reason],
    [false, 'Progressing'],
  );
  const churning = statusOf(firewall(busy, quiet), { previous: readyBefore, now: 109_000 });
  assert.equal(churning.ready, true);
  assert.equal(churning.message, readyBefore[0]?.message);
  assert.equal(churning.pending, 3);
  assert.equal(churning.tables[0]?.state, 'Progressing');
});

test('an edit has to become Ready anew', () => {
  assert.equal(statusOf(firewall(busy, quiet), { previous: readyBefore, generation: 2 }).ready, false);
});

test('Ready ends when a table is stuck, unknown or failing, and when there is no table', () => {
  const after = (view: FirewallView, now = 100_000) => {
    const { ready, reason } = statusOf(view, { previous: readyBefore, now });
    return ready ? 'Ready' : reason;
  };
  assert.equal(after(firewall(busy, quiet), 110_001), 'Progressing');
  assert.equal(after(firewall(quiet, { ...quiet, known: false })), 'Progressing');
  assert.equal(after(firewall(quiet, failing('DeviceUnavailable'))), 'DeviceUnavailable');
  assert.equal(
    after(firewall(quiet, { ...quiet, refused: { count: 1, example: 'x' } })),
    'RegistrationRejected',
  );
  assert.equal(after(firewall()), 'Progressing');
  const missing = { reason: 'SecretMissing', message: 'there is no Secret edge-a' } as const;
  assert.equal(after({ ...firewall(quiet), finding: missing }), 'SecretMissing');
});

test('the worst of all findings is shown, with the table that it is about', () => {
  const view = firewall(failing('DeviceUnavailable'), failing('AuthenticationFailed'), busy);
  const { reason, message, tables } = statusOf(view);
  assert.equal(reason, 'AuthenticationFailed');
  assert.equal(message, 'vsys2: it is AuthenticationFailed');
  assert.equal(tables[0]?.message, 'it is DeviceUnavailable');
  assert.equal(tables[2]?.message, undefined);
  const secret = { reason: 'SecretMissing', message: 'there is no Secret' } as const;
  assert.equal(statusOf({ ...view, finding: secret }).reason, 'SecretMissing');
});

test('of every two reasons the first in the order is shown, wherever each of them stands', () => {
  const names = conditionReasons.filter(isFailure);
  for (const [i, first] of names.entries()) {
    assert.equal(statusOf(firewall(quiet, failing(first), busy)).reason, first);
    for (const second of names.slice(i)) {
      const pair = `${first} and ${second}`;
      assert.equal(statusOf(firewall(failing(first), failing(second))).reason, first, pair);
      assert.equal(statusOf(firewall(failing(second), failing(first))).reason, first, pair);
      const of = (reason: ConditionReason) => ({ reason, message: 'of the whole' });
      assert.equal(statusOf({ ...firewall(failing(first)), finding: of(second) }).reason, first, pair);
      assert.equal(statusOf({ ...firewall(failing(second)), finding: of(first) }).reason, first, pair);
    }
  }
});

test('a firewall in Observe says so with its plan, and a failure comes before that', () => {
  const aside = { reason: 'Observing', message: 'nothing is written' } as const;
  const plan = { register: 2, unregister: 0, examples: ['register 10.0.0.1 k.a'] };
  const observed = { ...firewall({ ...busy, aside, plan }), aside };
  const status = statusOf(observed, { previous: readyBefore, now: 900_000 });
  assert.deepEqual([status.ready, status.reason, status.message], [false, 'Observing', 'nothing is written']);
  assert.deepEqual(status.tables[0]?.plan, plan);
  const down = { ...firewall({ ...failing('DeviceUnavailable'), aside, plan }), aside };
  assert.equal(statusOf(down).reason, 'DeviceUnavailable');
  assert.equal(statusOf({ ...firewall(), aside }).reason, 'Observing');
});

test('a table that left the spec is shown as Purging, and neither policies nor the count of tables mind it', () => {
  const aside = { reason: 'Purging', message: 'it left' } as const;
  const leaving = [
    { ref: vsys('vsys9'), view: { ...failing('InSync'), failing: undefined, known: false, aside } },
  ];
  const view = { ...firewall(quiet, quiet), leaving };
  const status = statusOf(view, { previous: readyBefore });
  assert.deepEqual([status.ready, status.reason, status.message], [false, 'Purging', 'vsys9: it left']);
  assert.deepEqual(
    status.tables.map(({ vsys, state }) => [vsys, state]),
    [
      ['vsys1', 'InSync'],
      ['vsys2', 'InSync'],
      ['vsys9', 'Purging'],
    ],
  );
  assert.deepEqual(firewallHealth(view, 100_000), firewallHealth(firewall(quiet, quiet), 100_000));
});

test('a departed table is shown with what it held, and nobody minds it', () => {
  const ref = { serial: '0071', vsys: 'vsys1', deviceGroup: 'edge' };
  const view = { ...firewall(quiet, quiet), departed: [{ ref, owned: 3, foreign: 2 }] };
  const status = statusOf(view, { previous: readyBefore });
  assert.deepEqual([status.ready, status.message, status.owned], [true, '2 tables in sync', 13]);
  const { message = '', ...shown } = status.tables[2] ?? {};
  assert.deepEqual(shown, { ...ref, state: 'Departed', owned: 3, foreign: 2, pending: 0 });
  assert.match(message, /has left the device group edge: its tags stay as they are/);
  assert.deepEqual(firewallHealth(view, 100_000), firewallHealth(firewall(quiet, quiet), 100_000));
});

test('what is held and what else there is to know stands beside its table', () => {
  const causes = [{ kind: 'PanTagPolicy', name: 'shop/web', change: 'deleted', addresses: 9 }];
  const examples = ['10.0.0.1 k.a'];
  const plan = { plan: '1a2b', addresses: 9, of: 20, causes, examples, since: timeAt(1) };
  const held = [plan, { ...plan, plan: '7f3a' }];
  const guardWindow = [{ at: timeAt(1), addresses: 3, owned: 23 }];
  const notes = ['two removals wait', 'a mark is missing'];
  const { tables } = statusOf(firewall({ ...quiet, held, guardWindow, notes }, { ...quiet, notes }));
  assert.deepEqual([tables[0]?.held, tables[0]?.guardWindow], [held, guardWindow]);
  const [quietTable] = statusOf(firewall(quiet)).tables;
  assert.ok(quietTable !== undefined && !('held' in quietTable) && !('guardWindow' in quietTable));
  assert.match(
    tables[0]?.message ?? '',
    /^removals are held as plans 1a2b, 7f3a, .* caused them; two removals wait; a mark/,
  );
  assert.equal(tables[1]?.message, 'two removals wait; a mark is missing');
});

test('a firewall with one table does not name it in its words', () => {
  const one = firewall(failing('DeviceUnavailable'));
  const named = { ...one, tables: one.tables.map((table) => ({ ...table, ref: vsys('vsys1') })) };
  for (const view of [one, named]) assert.equal(statusOf(view).message, 'it is DeviceUnavailable');
  assert.equal(statusOf(firewall(quiet)).message, 'the table is in sync');
  const noted = { ...firewall(quiet), note: 'its peer refuses the key' };
  assert.equal(statusOf(noted).message, 'the table is in sync; its peer refuses the key');
});

test('a failure of a table that stays is told before what becomes of one that leaves', () => {
  const aside = { reason: 'Purging', message: 'it is left' } as const;
  const leaving = [{ ref: vsys(undefined), view: { ...quiet, aside } }];
  assert.equal(statusOf({ ...firewall(failing('DeviceUnavailable')), leaving }).reason, 'DeviceUnavailable');
  assert.equal(statusOf({ ...firewall(quiet), leaving }).message, 'it is left');
});

test('policies hear that a firewall does not count, whether it has tables or not', () => {
  const aside = { reason: 'Purging', message: 'it is being deleted' } as const;
  for (const view of [firewall(), firewall(quiet)]) {
    assert.deepEqual(firewallHealth({ ...view, aside }, 0).aside, aside);
    assert.equal(firewallHealth(view, 0).aside, undefined);
  }
});

test('of two tables on their way the stuck one is spoken of', () => {
  const stuck = { ...busy, oldestPendingAt: -50_000 };
  const { message } = statusOf(firewall(busy, stuck));
  assert.match(message ?? '', /^vsys2: .*slow/);
  assert.deepEqual(firewallHealth(firewall(busy, stuck), 100_000).stuck, true);
  assert.deepEqual(firewallHealth(firewall(busy, quiet), 100_000).stuck, false);
});

const tableView: fc.Arbitrary<TableView> = fc
  .record({
    failing: fc.option(
      fc
        .constantFrom<ConditionReason>('DeviceUnavailable', 'AuthenticationFailed', 'InvalidResponse')
        .map((reason) => ({ reason, message: `it is ${reason}` })),
      { nil: undefined, freq: 4 },
    ),
    known: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
    owned: fc.nat(9),
    pending: fc.nat(3),
    firewall: fc.constant('edge-a'),
    held: fc.constant([]),
    guardWindow: fc.constant([]),
    conflict: fc.option(fc.record({ message: fc.constant('another operator'), silent: fc.boolean() }), {
      nil: undefined,
      freq: 6,
    }),
    notes: fc.constantFrom([], ['removals wait']),
    refused: fc.option(fc.constant({ count: 2, example: '10.0.0.1: reserved' }), { nil: undefined, freq: 4 }),
    age: fc.constantFrom(0, 5_000, 20_000, 200_000),
    silence: fc.constantFrom(0, 5_000, 20_000),
  })
  .map(({ age, silence, ...view }) => ({
    ...view,
    foreign: 0,
    oldestPendingAt: view.pending === 0 ? undefined : 1_000_000 - age,
    lastConfirmedAt: 1_000_000 - silence,
  }));

test('law: every status keeps the rules, is the same when nothing changed, and only time makes it worse', () => {
  const histories = fc.array(
    fc.record({ tables: fc.array(tableView, { maxLength: 3 }), generation: fc.integer({ min: 1, max: 2 }) }),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(histories, (history) => {
      let previous: readonly FoundCondition[] = [];
      for (const [i, { tables, generation }] of history.entries()) {
        const view = firewall(...tables);
        const context = { generation, previous, now: 1_000_000, time: timeAt(i) };
        const status = firewallStatus(view, context);
        checkStatus(status, generation, previous);
        const again = { ...context, previous: status.conditions, time: timeAt(i + 100) };
        assert.deepEqual(firewallStatus(view, again), status);
        const [ready] = status.conditions;
        const [later] = firewallStatus(view, { ...again, now: 9_000_000 }).conditions;
        assert.ok(ready?.status === 'True' || later?.status === 'False');
        previous = status.conditions;
      }
    }),
  );
});

test('a table whose device is a passive peer is shown by its firewall, and policies look at the others', () => {
  const view = firewall(quiet, failing('PassivePeer'));
  assert.equal(statusOf(view).reason, 'PassivePeer');
  const health = healthForPolicies(view, 100_000);
  assert.deepEqual([health.finding.reason, health.aside], ['InSync', undefined]);
});

test('a firewall that is a passive peer as a whole is counted by no policy', () => {
  const peer = { ...failing('PassivePeer'), pending: 3, oldestPendingAt: 0 };
  for (const view of [firewall(peer), firewall(peer, peer)])
    assert.equal(healthForPolicies(view, 1e9).aside?.reason, 'PassivePeer');
  const observed = { ...firewall(peer), aside: { reason: 'Observing', message: 'it observes' } } as const;
  assert.equal(healthForPolicies(observed, 1e9).aside?.reason, 'Observing');
});

test('another failure beside a passive peer is a failure for policies, too', () => {
  const health = healthForPolicies(firewall(failing('PassivePeer'), failing('DeviceUnavailable')), 100_000);
  assert.deepEqual([health.finding.reason, health.aside], ['DeviceUnavailable', undefined]);
});
