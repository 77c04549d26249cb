// Events of a PanFirewall: one for an outage, a conflict or a held plan, however long it lasts and whoever tells it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { EventNote } from '../../../src/core/status/event-note.ts';
import {
  type ReportedFirewall,
  firewallEvents,
  reportedByFirewallStatus,
  type FirewallEventStatus,
} from '../../../src/core/status/firewall-events.ts';
import { conditionReasons, outageReasons } from '../../../src/core/model/model.ts';

type Step = { readonly status: FirewallEventStatus; readonly known: boolean };

type Table = NonNullable<FirewallEventStatus['tables']>[number];

function status(reason: string, tables: readonly Table[] = []): FirewallEventStatus {
  const condition = {
    type: 'Ready',
    status: reason === 'InSync' ? 'True' : 'False',
    lastTransitionTime: '2026-11-22T00:00:00Z',
    reason,
    message: `it is ${reason}`,
  };
  return { conditions: [condition], tables };
}

const held = (...plans: string[]): Table => ({
  vsys: 'vsys1',
  state: 'RemovalsHeld',
  held: plans.map((plan) => ({ plan, addresses: 8, examples: ['10.0.0.1 k8s.a'] })),
});
const at = (reason: string, tables: readonly Table[] = [], known = true): Step => ({
  status: status(reason, tables),
  known,
});
const fresh = reportedByFirewallStatus(undefined);

/** All Events of these written statuses. `restartsAfter`: where a new process goes on from what is on the object. */
function told(steps: readonly Step[], reported: ReportedFirewall = fresh, restartsAfter = new Set<number>()) {
  const events: EventNote[] = [];
  let now = reported;
  for (const [i, step] of steps.entries()) {
    const next = firewallEvents(now, step.status, { name: 'edge-a', known: step.known });
    events.push(...next.events);
    now = restartsAfter.has(i) ? reportedByFirewallStatus(step.status) : next.reported;
  }
  return events;
}
const reasons = (events: readonly EventNote[]) => events.map(({ reason }) => reason);

test('a first connection is no Event', () => {
  assert.deepEqual(told([at('Progressing', [], false), at('Progressing'), at('InSync')]), []);
});

test('what is found during the first read is told once, and what was not going on before it still is news', () => {
  const reading = at('Progressing', [], false);
  assert.deepEqual(reasons(told([reading, at('OwnershipConflict')])), ['OwnershipConflict']);
  const plan = [held('1a2b')];
  const steps = [at('RemovalsHeld', plan, false), at('RemovalsHeld', plan)];
  assert.deepEqual(reasons(told(steps)), ['RemovalsHeld']);
});

test('a held plan is told with its table, an example and the command; Ready is found wherever it stands', () => {
  const [{ conditions = [] }, plan] = [status('DeviceUnavailable'), held('1a2b')];
  const other = { ...conditions[0], type: 'Reconciling', status: 'True', reason: 'InSync', message: '' };
  const step = {
    status: { conditions: [other, ...conditions], tables: [plan] } as FirewallEventStatus,
    known: true,
  };
  const note =
    'the removals of plan 1a2b in vsys1 are held, such as 10.0.0.1 k8s.a; look at status.tables[].held, then ' +
    'release them with kubectl annotate panfw edge-a pantag.io/approve-removals=1a2b, or undo what caused them';
  assert.deepEqual(told([step]), [
    { reason: 'DeviceUnavailable', note: 'it is DeviceUnavailable' },
    { reason: 'RemovalsHeld', note },
  ]);
  const { vsys: _, ...nameless } = plan;
  assert.equal(told([at('RemovalsHeld', [nameless])])[0]?.note, note.replace(' in vsys1', ''));
});

test('a held plan is told with its cause, where the status has it', () => {
  const causes = [{ kind: 'PanTagPolicy', name: 'shop/web', change: 'deleted', addresses: 8 }];
  const [plan] = held('1a2b').held ?? [];
  const table = { ...held('1a2b'), held: plan === undefined ? [] : [{ ...plan, causes }] };
  const [event] = told([at('RemovalsHeld', [table])]);
  assert.match(
    event?.note ?? '',
    /^the removals of plan 1a2b in vsys1 are held, such as 10\.0\.0\.1 k8s\.a \(PanTagPolicy shop\/web was deleted\); look at/,
  );
});

test('an outage is one Event, named by its condition reason, one more when its cause changes, and its end another', () => {
  const steps = [
    at('InSync'),
    at('DeviceUnavailable'),
    at('DeviceUnavailable'),
    at('Progressing', [], false),
    at('DeviceUnavailable'),
    at('AuthenticationFailed'),
    at('Progressing', [], false),
    at('AuthenticationFailed'),
    at('Progressing'),
    at('InSync'),
  ];
  assert.deepEqual(told(steps), [
    { reason: 'DeviceUnavailable', note: 'it is DeviceUnavailable' },
    { reason: 'AuthenticationFailed', note: 'it is AuthenticationFailed' },
    { reason: 'Recovered', note: 'the device works again' },
  ]);
});

for (const reason of outageReasons) {
  test(`${reason} is an outage, and an Event of this name`, () => {
    assert.deepEqual(told([at('InSync'), at(reason)]), [{ reason, note: `it is ${reason}` }]);
  });
}

test('what is neither outage, conflict nor held plan is no Event', () => {
  const others = conditionReasons.filter(
    (reason) => !new Set<string>([...outageReasons, 'OwnershipConflict']).has(reason),
  );
  assert.ok(others.length > 5);
  for (const reason of others) assert.deepEqual(told([at('InSync'), at(reason), at('InSync')]), [], reason);
});

test('an outage of one table behind another word of the whole is told too, in the words of the table', () => {
  const table = { vsys: 'vsys2', state: 'DeviceUnavailable', message: 'no answer' };
  assert.deepEqual(told([at('OwnershipConflict', [table])]), [
    { reason: 'OwnershipConflict', note: 'it is OwnershipConflict' },
    { reason: 'DeviceUnavailable', note: 'no answer' },
  ]);
});

test('an invalid spec in between does not end an outage', () => {
  const steps = [at('DeviceUnavailable'), at('InvalidSpec'), at('DeviceUnavailable'), at('InSync')];
  assert.deepEqual(reasons(told(steps)), ['DeviceUnavailable', 'Recovered']);
});

test('a conflict is told once, and again when it comes back', () => {
  const steps = [
    at('OwnershipConflict'),
    at('OwnershipConflict'),
    at('Progressing', [], false),
    at('OwnershipConflict'),
    at('InSync'),
    at('OwnershipConflict'),
  ];
  assert.deepEqual(reasons(told(steps)), ['OwnershipConflict', 'OwnershipConflict']);
});

test('every plan is told once, also behind an outage, with the command that releases it', () => {
  const steps = [
    at('RemovalsHeld', [held('7f3a')]),
    at('RemovalsHeld', [held('7f3a'), { ...held('9c00'), vsys: 'vsys2' }]),
    at('RemovalsHeld', [held('7f3a', '1111'), { ...held('9c00'), vsys: 'vsys2' }]),
    at('DeviceUnavailable', [held('7f3a')]),
    at('RemovalsHeld', [held('7f3a')]),
    at('Progressing', [], false),
    at('RemovalsHeld', [held('7f3a')]),
  ];
  const events = told(steps);
  const three = ['RemovalsHeld', 'RemovalsHeld', 'RemovalsHeld'];
  assert.deepEqual(reasons(events), [...three, 'DeviceUnavailable', 'Recovered']);
  assert.match(events[0]?.note ?? '', /plan 7f3a in vsys1 .*10\.0\.0\.1 k8s\.a.*approve-removals=7f3a/);
  assert.match(events[1]?.note ?? '', /plan 9c00 in vsys2/);
  assert.match(events[2]?.note ?? '', /plan 1111 in vsys1/);
});

test('a plan that ended and arises again is told again', () => {
  const steps = [at('RemovalsHeld', [held('7f3a')]), at('InSync'), at('RemovalsHeld', [held('7f3a')])];
  assert.deepEqual(reasons(told(steps)), ['RemovalsHeld', 'RemovalsHeld']);
});

const anyTable: fc.Arbitrary<Table> = fc.record({
  vsys: fc.constantFrom('vsys1', 'vsys2'),
  state: fc.constantFrom<string>(...conditionReasons, 'OwnershipConflict'),
  message: fc.constant('words'),
  held: fc.uniqueArray(
    fc.record({
      plan: fc.constantFrom('a', 'b'),
      addresses: fc.nat(9),
      examples: fc.constant(['10.0.0.1 k8s.a']),
    }),
    { maxLength: 2, selector: ({ plan }) => plan },
  ),
});
const anyStatus = fc
  .tuple(
    fc.constantFrom<string>(...conditionReasons, 'OwnershipConflict'),
    fc.array(anyTable, { maxLength: 2 }),
  )
  .map(([reason, tables]) => status(reason, tables));
const anyStep: fc.Arbitrary<Step> = fc.record({ status: anyStatus, known: fc.boolean() });

test('law: a restart over an unchanged status tells nothing', () => {
  fc.assert(
    fc.property(anyStep, ({ status: found, known }) => {
      assert.deepEqual(
        firewallEvents(reportedByFirewallStatus(found), found, { name: 'edge-a', known }).events,
        [],
      );
    }),
  );
});

test('law: no cause is told twice in a row, no recovery without an outage, and every outage that shows is told', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
      const words = new Set<string>([...outageReasons, 'Recovered']);
      const turns = reasons(told(steps)).filter((reason) => words.has(reason));
      assert.notEqual(turns[0], 'Recovered');
      turns.forEach((reason, i) => assert.notEqual(reason, turns[i + 1]));
      const shows = steps.some(({ status: { conditions = [], tables = [] } }) =>
        [...conditions.map(({ reason }) => reason), ...tables.map(({ state }) => state)].some((word) =>
          new Set<string>(outageReasons).has(word),
        ),
      );
      assert.equal(turns.length > 0, shows);
    }),
  );
});

test('law: once every table is known, restarts neither add nor lose an Event', () => {
  const sound = anyStep
    .map((step) => ({ ...step, known: true }))
    .filter(({ status: { conditions = [] } }) => conditions[0]?.reason !== 'InvalidSpec');
  const restarts = fc.array(fc.nat(29)).map((list) => new Set(list));
  fc.assert(
    fc.property(fc.array(sound, { maxLength: 30 }), restarts, (steps, restartsAfter) => {
      assert.deepEqual(told(steps, fresh, restartsAfter), told(steps));
    }),
  );
});
