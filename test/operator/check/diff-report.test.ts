// Report of the command diff about a PanFirewall whose tables are not as its status has them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PairChange } from '../../../src/core/table/outlook.ts';
import { parseFirewall } from '../../../src/kubernetes/resources/parse.ts';
import { diffLines, firewallDiff } from '../../../src/operator/check/diff-report.ts';
import { quietTable } from '../../core/status/quiet-table.ts';

type Worker = NonNullable<Parameters<typeof firewallDiff>[0]['worker']>;

const device = { model: 'PA-440', serial: '007', swVersion: '11.1.4' };
const ref = (vsys: string) => ({ serial: undefined, vsys });
const held = (plan: string) => [
  { plan, addresses: 2, of: 4, causes: [], examples: [], since: '2026-01-01T00:00:00Z' },
];

function parsed({ tables = [], spec = {} }: { tables?: readonly object[]; spec?: object }) {
  return parseFirewall({
    metadata: { name: 'edge', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      endpoint: 'https://fw.example.net',
      credentials: { secretRef: { name: 'edge' } },
      tagPrefix: 'k8s.',
      deletionPolicy: 'Purge',
      namespaceSelector: {},
      ...spec,
    },
    status: { device, tables: tables.map((table) => ({ owned: 0, foreign: 0, pending: 0, ...table })) },
  });
}

function worker(
  vsys: readonly string[],
  { changes = [], ...more }: { changes?: readonly PairChange[] | undefined; mayHaveMore?: boolean } = {},
): Worker {
  const { mayHaveMore = false } = more;
  const all = vsys.map((one) => ({ ref: ref(one), table: { known: true, changes } }));
  const tables = vsys.map((one) => ({ ref: ref(one), view: quietTable }));
  return { tables: { all, mayHaveMore }, view: () => ({ finding: undefined, device, tables }) };
}

const linesOf = (...[object]: Parameters<typeof firewallDiff>) =>
  firewallDiff(object).tables.flatMap((table) => [...diffLines(table, 'edge')]);

test('plans are told with the tables that they are of, in whichever order the spec has them by now', () => {
  const tables = [
    { vsys: 'vsys1', state: 'RemovalsHeld', held: held('one') },
    { vsys: 'vsys2', state: 'RemovalsHeld', held: held('two') },
  ];
  const plans = firewallDiff({ parsed: parsed({ tables }), worker: worker(['vsys2', 'vsys1']) }).tables.map(
    ({ subject, held: [plan] }) => [subject, plan?.plan],
  );
  assert.deepEqual(plans, [
    ['edge vsys2', 'two'],
    ['edge vsys1', 'one'],
  ]);
});

test('a table that left spec.tables is told where the operator would purge it, and nowhere else', () => {
  const said = (table: object, spec: object = {}) =>
    linesOf({
      parsed: parsed({ tables: [{ vsys: 'vsys1', state: 'InSync' }, table], spec }),
      worker: worker(['vsys1']),
    }).slice(1);
  const [line = ''] = said({ vsys: 'vsys2', state: 'InSync' });
  assert.match(line, /^edge vsys2: not compared: Purging: it left spec\.tables/);
  assert.deepEqual(said({ vsys: 'vsys2', state: 'InSync' }, { deletionPolicy: 'Retain' }), []);
  assert.deepEqual(said({ vsys: 'vsys2', state: 'InSync' }, { mode: 'Observe' }), []);
  assert.deepEqual(said({ serial: '0002', state: 'Departed' }), []);
});

test('what is not known by the end of the time is not equal', () => {
  for (const one of [
    undefined,
    worker([], { mayHaveMore: true }),
    worker(['vsys1'], { mayHaveMore: true }),
  ]) {
    const { tables, isComplete } = firewallDiff({ parsed: parsed({}), worker: one });
    assert.deepEqual([tables.at(-1)?.changes, isComplete], [undefined, false]);
  }
});

test('a tag of the device ends no line, and none of its characters moves the cursor', () => {
  const tag = 'k8s.old\n+ 10.9.9.9 mine\u009b2J\u202e';
  const changes: readonly PairChange[] = [
    { kind: 'unregister', address: '10.1.0.9', tag, cause: 'unclaimed' },
  ];
  assert.deepEqual(linesOf({ parsed: parsed({}), worker: worker(['vsys1'], { changes }) }), [
    'edge vsys1: 0 to register, 1 to unregister',
    String.raw`- 10.1.0.9 k8s.old\u000a+ 10.9.9.9 mine\u009b2J\u202e (unclaimed)`,
  ]);
});
