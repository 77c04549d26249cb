// One table's health: when it is stuck, and what is said of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionReasons } from '../../../src/core/model/model.ts';
import {
  type HeldCause,
  isFailure,
  type TableView,
  tableHealth,
  wasReady,
} from '../../../src/core/status/table-health.ts';
import { quietTable as quiet } from './quiet-table.ts';

const second = 1000;

const reasonOf = (view: Partial<TableView>, now = 0) =>
  tableHealth({ ...quiet, ...view }, now).finding.reason;
const stuck = (view: Partial<TableView>, now: number) => tableHealth({ ...quiet, ...view }, now).stuck;

test('a table with nothing to do is in sync, however long it has been quiet', () => {
  assert.equal(reasonOf({}), 'InSync');
  assert.equal(stuck({}, 1_000_000 * second), false);
});

test('a table that has not been read is Progressing, and nobody stays Ready over it', () => {
  assert.equal(reasonOf({ known: false }), 'Progressing');
  assert.equal(stuck({ known: false }, 0), true);
});

test('changes on their way are ordinary, until nothing has been confirmed for 10 s', () => {
  const view = { pending: 3, oldestPendingAt: 100 * second, lastConfirmedAt: 20 * second };
  assert.equal(reasonOf(view, 105 * second), 'Progressing');
  assert.equal(stuck(view, 110 * second), false);
  assert.equal(stuck(view, 110 * second + 1), true, 'the silence begins with the change, not before');
  const confirming = { ...view, lastConfirmedAt: 109 * second };
  assert.equal(stuck(confirming, 119 * second), false);
  assert.equal(stuck(confirming, 119 * second + 1), true);
});

test('one address that has waited for 120 s makes its table stuck, whatever else is confirmed', () => {
  const view = { pending: 1, oldestPendingAt: 100 * second, lastConfirmedAt: 220 * second };
  assert.equal(stuck(view, 220 * second), false);
  assert.equal(stuck(view, 220 * second + 1), true);
});

test('a failure comes first, a refusal second', () => {
  const failing = { reason: 'AuthenticationFailed', message: 'wrong key' } as const;
  const refused = { count: 2, example: '10.0.0.1: reserved' };
  assert.equal(reasonOf({ failing, refused, pending: 1, known: false }), 'AuthenticationFailed');
  assert.equal(reasonOf({ refused, pending: 1 }), 'RegistrationRejected');
  assert.match(tableHealth({ ...quiet, refused }, 0).finding.message, /10\.0\.0\.1: reserved/);
});

test('a table that another claims is in conflict, and stuck only while nothing is written because of it', () => {
  const conflict = { message: 'another operator has marked it', silent: true };
  const { finding, stuck: silent } = tableHealth({ ...quiet, conflict }, 0);
  assert.deepEqual(finding, { reason: 'OwnershipConflict', message: 'another operator has marked it' });
  assert.equal(silent, true);
  assert.equal(stuck({ conflict: { ...conflict, silent: false } }, 0), false);
  assert.equal(reasonOf({ conflict: { ...conflict, silent: false } }), 'OwnershipConflict');
});

test('held removals name an example, where to look, and the command that approves them', () => {
  const plan = (id: string) => ({
    plan: id,
    addresses: 2,
    of: 9,
    causes: [],
    examples: ['10.0.0.1 k.a', '10.0.0.2 k.a'],
    since: '2026-11-21T10:00:00Z',
  });
  const held = [plan('1a2b')];
  const { finding } = tableHealth({ ...quiet, held, pending: 1 }, 0);
  assert.deepEqual(finding, {
    reason: 'RemovalsHeld',
    message:
      'removals are held as plan 1a2b, such as 10.0.0.1 k.a; look at status.tables[].held, then ' +
      'release it with kubectl annotate panfw edge-a pantag.io/approve-removals=1a2b, or undo what caused them',
  });
  const many = ['1a2b', '7f3a', '3', '4', '5', '6'].map(plan);
  const { message } = tableHealth({ ...quiet, held: many }, 0).finding;
  assert.match(message, /^removals are held as plans 1a2b, 7f3a, 3, 4, 5 and others, such as /);
  assert.match(message, /release the oldest with kubectl annotate panfw edge-a \S+=1a2b, or/);
  const aside = { reason: 'Observing', message: 'nothing is written' } as const;
  assert.equal(reasonOf({ held, aside }), 'RemovalsHeld', 'also where the table is only observed');
});

test('held removals name the object that most of the oldest plan is about, and what became of it', () => {
  const messageOf = (causes: readonly HeldCause[]) => {
    const [examples, since] = [['10.0.0.1 k.a'], '2026-11-21T10:00:00Z'];
    const held = [{ plan: '1a2b', addresses: 10, of: 10, causes, examples, since }];
    return tableHealth({ ...quiet, held }, 0).finding.message;
  };
  const policy = { kind: 'PanTagPolicy', name: 'shop/web', change: 'deleted', addresses: 9 };
  const pods = { kind: 'Pod', change: 'missing', addresses: 1 };
  const unclaimed = { kind: 'Table', change: 'unclaimed', addresses: 1 };
  const start = (message: string) => message.replace(/; look at .*/, '');
  assert.equal(
    start(messageOf([policy])),
    'removals are held as plan 1a2b, such as 10.0.0.1 k.a (PanTagPolicy shop/web was deleted)',
  );
  const edited = { kind: 'PanFirewall', name: 'edge-a', change: 'edited', addresses: 9 };
  assert.match(
    messageOf([edited, pods]),
    /k\.a \(PanFirewall edge-a was edited, and other causes\); look at/,
  );
  assert.match(messageOf([pods]), /k\.a \(Pods are missing from a list\); look at/);
  assert.match(messageOf([unclaimed]), /k\.a \(tags that nobody claims\); look at/);
});

test('the words of a table that is in sync, on its way, or slow', () => {
  const wordsOf = (view: Partial<TableView>, now = 0) =>
    tableHealth({ ...quiet, ...view }, now).finding.message;
  const waiting = { pending: 1, oldestPendingAt: 0 };
  assert.equal(wordsOf({}), 'in sync');
  assert.equal(wordsOf(waiting), 'changes are being sent to the device');
  assert.match(wordsOf(waiting, 60 * second), /^the device is slow to confirm changes; look at its load/);
});

test('a table that is only observed, or purged, says so unless something fails, and is not stuck by what it does not send', () => {
  for (const reason of ['Observing', 'Purging'] as const) {
    const aside = { reason, message: `it is ${reason}` };
    const waiting = { aside, pending: 3, oldestPendingAt: 0, lastConfirmedAt: 0 };
    assert.equal(reasonOf(waiting, 1_000 * second), reason);
    assert.equal(stuck(waiting, 1_000 * second), false);
    assert.equal(reasonOf({ aside, known: false }), reason);
    const failing = { reason: 'DeviceUnavailable', message: 'no answer' } as const;
    assert.equal(reasonOf({ aside, failing }), 'DeviceUnavailable');
  }
});

test('a table that may not be written for now is waited for: it says why, and is stuck like a silent one', () => {
  const blocked = { reason: 'Progressing', message: 'the finalizer is not there' } as const;
  const waiting = { blocked, pending: 12, oldestPendingAt: 0, lastConfirmedAt: 0 };
  assert.deepEqual(tableHealth({ ...quiet, ...waiting }, 60 * second), { finding: blocked, stuck: true });
  assert.equal(stuck(waiting, second), false, 'for a moment it is ordinary churn');
  assert.equal(reasonOf({ blocked }), 'InSync', 'nothing waits');
  const failing = { reason: 'DeviceUnavailable', message: 'no answer' } as const;
  assert.equal(reasonOf({ ...waiting, failing }), 'DeviceUnavailable');
});

test('no message moves with a count', () => {
  for (const known of [true, false]) {
    for (const count of [1, 2]) {
      const at = (many: number) =>
        tableHealth(
          {
            ...quiet,
            known,
            owned: many,
            pending: many,
            oldestPendingAt: 0,
            refused: count === 1 ? undefined : { count: many, example: 'a' },
          },
          0,
        );
      assert.deepEqual(at(3), at(4));
    }
  }
});

test('InSync, NoPods and Progressing are the only reasons that are no failures', () => {
  assert.deepEqual(
    conditionReasons.filter((reason) => !isFailure(reason)),
    ['Progressing', 'NoPods', 'InSync'],
  );
});

test('Ready counts for the generation that it was reached for, and no other', () => {
  const ready = {
    type: 'Ready',
    status: 'True',
    observedGeneration: 2,
    lastTransitionTime: '2026-11-21T10:00:00Z',
    reason: 'InSync',
    message: '',
  };
  assert.equal(wasReady([ready], 2), true);
  assert.equal(wasReady([ready], 3), false);
  assert.equal(wasReady([{ ...ready, status: 'False' }], 2), false);
  assert.equal(wasReady([{ ...ready, type: 'Reconciling' }], 2), false);
  assert.equal(wasReady([], 2), false);
});
