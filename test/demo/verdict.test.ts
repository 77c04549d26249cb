// The figures that the demo ends with, and when its statuses count as those of the table.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Followed } from '../../demo/followed.ts';
import { agree } from '../../demo/picture.ts';

const figures = (times: readonly number[]) => {
  const followed = new Followed();
  for (const ms of times) followed.add(ms);
  return followed.figures;
};

test('the figures name the number of changes, the median and the slowest, in whole milliseconds', () => {
  assert.equal(figures([]), '0 changes');
  assert.equal(figures([0.2]), '1 change, p50 1 ms, slowest 1 ms');
  assert.equal(figures([40.2, 3, 4]), '3 changes, p50 4 ms, slowest 41 ms');
});

test('a hundred changes have a p99, too', () => {
  const times = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.equal(figures(times), '100 changes, p50 50 ms, p99 99 ms, slowest 100 ms');
});

const table = new Map([
  ['10.1.0.1', ['demo.env.prod', 'demo.ns_shop.web']],
  ['10.1.0.4', ['demo.env.prod']],
  ['10.9.9.9', ['vpn-gateway']],
  ['192.0.2.1', ['demo._owner.0123456789ab']],
]);
const columns = ['NAME', 'READY', 'REASON', 'ADDRESSES', 'PENDING', 'PODS'];
const right = [
  ['panfw/edge-a', 'True', 'InSync', '2', '0', ''],
  ['ptp/web', 'True', 'InSync', '1', '', '1'],
  ['cptp/prod', 'True', 'InSync', '2', '', '2'],
];
const pods = { web: 1, prod: 2 };

test('statuses agree with the table when every count is its own', () => {
  assert.ok(agree({ columns, rows: right }, table, pods));
  assert.ok(agree({ columns, rows: right.slice(0, 2) }, table, pods), 'a policy that is not there yet');
});

test('any count that differs, and any object that is not Ready, is not agreed', () => {
  for (const [row, cells] of right.entries()) {
    for (const [column, cell] of cells.entries()) {
      if (columns[column] === 'NAME' || columns[column] === 'REASON' || cell === '') continue;
      const wrong = right.map((other, i) =>
        i === row ? other.with(column, cell === 'True' ? 'False' : '9') : other,
      );
      assert.ok(!agree({ columns, rows: wrong }, table, pods), `${cells[0]} ${columns[column]}`);
    }
  }
});
