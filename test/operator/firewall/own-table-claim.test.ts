// Claims on a table when a device says another one's serial: who has kept it goes on, whatever is answered, restarted or deleted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import type { TableClaim, Precedence } from '../../../src/core/rights/table-claims.ts';
import { ownTable } from '../../../src/core/model/table-ref.ts';
import { type ClaimContext, OwnTableClaim } from '../../../src/operator/firewall/own-table-claim.ts';
import { type FormerTables, formerTables } from '../../../src/operator/firewall/former-tables.ts';
import { quietTable } from '../../core/status/quiet-table.ts';

const table = { state: 'InSync', owned: 1, foreign: 0, pending: 0 };

type PanFirewall = { readonly name: string; readonly createdAt: string; readonly endpoint: string };

/** A control plane with statuses, and the claims of one process after the other. */
function world() {
  const claims = new Map<string, TableClaim>();
  const objects = new Map<string, PanFirewall>();
  const statuses = new Map<string, FormerTables | undefined>();
  const workers = new Map<string, OwnTableClaim>();
  const deleting = new Set<string>();
  const start = ({ name, createdAt }: PanFirewall): void => {
    const context: ClaimContext = {
      firewall: { name, tagPrefix: 'k8s-prod.' },
      meta: { uid: name, createdAt },
      get settings() {
        return { endpoint: objects.get(name)?.endpoint ?? '' };
      },
      get deleting() {
        return deleting.has(name);
      },
      get former() {
        return statuses.get(name);
      },
      tableClaims: claims,
      putTableClaim: (claim) => (claim === undefined ? claims.delete(name) : claims.set(name, claim)),
    };
    const worker = new OwnTableClaim(context, () => ({ tables: [ownTable], open: false }));
    workers.set(name, worker);
    worker.begin();
  };
  /** The end of the process, at any moment; another one takes up what the API server holds. */
  const restart = (): void => {
    claims.clear();
    workers.clear();
    for (const object of objects.values()) start(object);
  };
  const fails = (name: string): void => {
    if (claims.get(name)?.device === 'asking') workers.get(name)?.make('unknown');
  };
  return {
    claims,
    restart,
    fails,
    restartUnanswered(name: string): void {
      restart();
      fails(name);
    },
    create(object: PanFirewall): void {
      if (objects.has(object.name)) return;
      objects.set(object.name, object);
      start(object);
    },
    remove(name: string): void {
      workers.get(name)?.withdraw();
      for (const known of [workers, objects, statuses, deleting]) known.delete(name);
    },
    /** It stays as long as its purge waits for the device. */
    deletes(name: string): void {
      deleting.add(name);
      workers.get(name)?.objectChanged();
    },
    renews: (name: string) => workers.get(name)?.renew(),
    answers: (name: string, identity: string) => workers.get(name)?.make({ identity }),
    /** Its spec names another endpoint. */
    moves(name: string): void {
      const object = objects.get(name);
      if (object === undefined) return;
      objects.set(name, { ...object, endpoint: `${object.endpoint}-` });
      workers.get(name)?.make('asking');
    },
    /** Whoever may write has its mark on the table, and looks at it now and then. */
    looks(name: string): void {
      if (workers.get(name)?.precedence(ownTable).kind === 'ours') workers.get(name)?.marked(ownTable);
    },
    writesStatus(name: string): void {
      const worker = workers.get(name);
      if (worker === undefined) return;
      const { establishedOn, establishedEndpoint } = worker.annotated({ ref: ownTable, view: emptyView });
      const noted = establishedOn === undefined ? {} : { establishedOn };
      const where = establishedEndpoint === undefined ? {} : { establishedEndpoint };
      statuses.set(name, formerTables({ tables: [{ ...table, ...noted, ...where }] }));
      worker.objectChanged();
    },
    /** Those of an earlier version of this operator do not tell the endpoint. */
    forgetsEndpoint(name: string): void {
      const establishedOn = statuses.get(name)?.established[0]?.identity;
      if (establishedOn !== undefined)
        statuses.set(name, formerTables({ tables: [{ ...table, establishedOn }] }));
    },
    /** By the endpoint of its spec. */
    keepsHere: (name: string) =>
      statuses.get(name)?.established[0]?.endpoint === objects.get(name)?.endpoint &&
      statuses.get(name)?.established[0]?.identity,
    keeps: (name: string) => statuses.get(name)?.established[0]?.identity,
    precedence: (name: string): Precedence => workers.get(name)?.precedence(ownTable) ?? { kind: 'wait' },
  };
}

const emptyView = { ...quietTable, firewall: '', owned: 0, foreign: 0 };

const lab = { name: 'lab', createdAt: '2024-01-01T00:00:00Z', endpoint: 'https://lab' };
const edge = { name: 'edge', createdAt: '2025-01-01T00:00:00Z', endpoint: 'https://edge' };

/** Both have kept their tables for a while. */
function settled() {
  const it = world();
  for (const one of [lab, edge]) {
    it.create(one);
    settle(it, one.name, one.name.toUpperCase());
  }
  return it;
}

function settle(it: ReturnType<typeof world>, name: string, identity: string): void {
  it.answers(name, identity);
  it.looks(name);
  it.writesStatus(name);
}

const contradiction = (mine: PanFirewall, other: PanFirewall, identity: string) => ({
  identity,
  endpoint: mine.endpoint,
  other: { firewall: other.name, endpoint: other.endpoint },
});

test('an elder whose device says another one’s serial is kept from writing, and both are told with both endpoints', () => {
  const it = settled();
  it.answers('lab', 'EDGE');
  assert.deepEqual(it.precedence('edge'), { kind: 'ours', contradiction: contradiction(edge, lab, 'EDGE') });
  assert.deepEqual(it.precedence('lab'), {
    kind: 'taken',
    by: 'edge',
    byYounger: true,
    contradiction: contradiction(lab, edge, 'EDGE'),
  });
  it.answers('lab', 'LAB');
  assert.deepEqual(it.precedence('edge'), { kind: 'ours' });
  assert.deepEqual(it.precedence('lab'), { kind: 'ours' });
});

test('while another process leads, what its status tells is no claim of ours: nothing is made of it, and nothing is written', () => {
  const it = settled();
  const led = it.claims.get('edge');
  assert.ok(led !== undefined);
  const seen: TableClaim = { ...led, established: new Set(), seen: true };
  it.claims.set('edge', seen);
  it.writesStatus('edge');
  it.renews('edge');
  assert.equal(it.claims.get('edge'), seen);
  assert.deepEqual(it.precedence('edge'), { kind: 'wait' });
});

test('a restart makes nobody established, and waits for who is, whether its device answers or not', () => {
  const it = settled();
  it.answers('lab', 'EDGE');
  it.writesStatus('lab');
  it.restart();
  it.answers('lab', 'EDGE');
  assert.deepEqual(it.precedence('lab'), { kind: 'wait' });
  it.fails('edge');
  const told = { by: 'edge', byYounger: true, contradiction: contradiction(lab, edge, 'EDGE') };
  assert.deepEqual(it.precedence('lab'), { kind: 'taken', ...told, unanswered: true });
  it.looks('lab');
  it.writesStatus('lab');
  assert.equal(it.keeps('lab'), 'LAB');
  it.answers('edge', 'EDGE');
  assert.equal(it.precedence('edge').kind, 'ours');
  assert.deepEqual(it.precedence('lab'), { kind: 'taken', ...told });
});

test('a status of an earlier version, which tells no endpoint, means the one of the spec', () => {
  const it = settled();
  it.forgetsEndpoint('edge');
  it.restart();
  it.answers('lab', 'EDGE');
  it.fails('edge');
  assert.equal(it.precedence('lab').kind, 'taken');
  it.writesStatus('edge');
  assert.equal(it.keepsHere('edge'), 'EDGE');
  it.moves('edge');
  it.fails('edge');
  assert.equal(it.precedence('lab').kind, 'ours');
});

test('whose device gives no answer gives its table up as soon as it is being deleted, and takes it back from nobody', () => {
  for (const isRestarted of [false, true]) {
    const it = settled();
    it.restart();
    it.answers('lab', 'EDGE');
    it.fails('edge');
    assert.equal(it.precedence('lab').kind, 'taken');
    it.deletes('edge');
    if (isRestarted) {
      it.restart();
      it.answers('lab', 'EDGE');
      it.fails('edge');
    }
    assert.equal(it.precedence('lab').kind, 'ours');
    it.looks('lab');
    it.answers('edge', 'EDGE');
    assert.equal(it.precedence('lab').kind, 'ours');
    assert.deepEqual(it.precedence('edge'), {
      kind: 'taken',
      by: 'lab',
      contradiction: contradiction(edge, lab, 'EDGE'),
    });
  }
});

test('who is being deleted while its device answers has the table until it is purged', () => {
  const it = settled();
  it.answers('lab', 'EDGE');
  it.deletes('edge');
  assert.equal(it.precedence('edge').kind, 'ours');
  assert.equal(it.precedence('lab').kind, 'taken');
  it.remove('edge');
  assert.equal(it.precedence('lab').kind, 'ours');
});

test('an edited endpoint that gives no answer does not hold the table, also after a restart; it is noted once its device is met there', () => {
  const it = settled();
  it.moves('edge');
  it.writesStatus('edge');
  for (const isRestarted of [false, true]) {
    if (isRestarted) it.restart();
    it.answers('lab', 'EDGE');
    assert.equal(it.precedence('lab').kind, 'wait');
    it.fails('edge');
    assert.equal(it.precedence('lab').kind, 'ours');
    it.looks('lab');
    it.writesStatus('lab');
    assert.equal(it.keeps('lab'), 'LAB');
  }
  settle(it, 'edge', 'EDGE');
  assert.equal(it.keepsHere('edge'), 'EDGE');
  it.restart();
  it.answers('lab', 'EDGE');
  it.fails('edge');
  assert.equal(it.precedence('lab').kind, 'taken');
});

test('a PanFirewall that moves to another name is followed: the new one writes once the old one is gone', () => {
  const it = settled();
  it.create({ ...edge, name: 'edge-new', createdAt: '2026-01-01T00:00:00Z' });
  it.answers('edge-new', 'EDGE');
  assert.deepEqual(it.precedence('edge-new'), { kind: 'taken', by: 'edge' });
  it.remove('edge');
  it.looks('edge-new');
  it.writesStatus('edge-new');
  assert.equal(it.keeps('edge-new'), 'EDGE');
  it.answers('lab', 'EDGE');
  assert.equal(it.precedence('edge-new').kind, 'ours');
});

test('while a status still tells that another one kept the table, nobody else is noted: the process may end before it is written', () => {
  const it = world();
  it.create(lab);
  settle(it, 'lab', 'EDGE');
  it.create(edge);
  it.answers('edge', 'EDGE');
  assert.equal(it.precedence('edge').kind, 'taken');
  it.answers('lab', 'LAB');
  it.looks('lab');
  assert.equal(it.precedence('edge').kind, 'ours');
  it.looks('edge');
  it.writesStatus('edge');
  assert.deepEqual([it.keeps('lab'), it.keeps('edge')], ['EDGE', undefined]);
  it.writesStatus('lab');
  it.looks('edge');
  it.writesStatus('edge');
  assert.deepEqual([it.keeps('lab'), it.keeps('edge')], ['LAB', 'EDGE']);
});

test('another endpoint: of the same device what was kept still counts, of another one it does not', () => {
  const it = settled();
  it.answers('lab', 'EDGE');
  it.moves('edge');
  assert.equal(it.precedence('lab').kind, 'wait');
  it.answers('edge', 'EDGE');
  assert.equal(it.precedence('edge').kind, 'ours');
  it.moves('edge');
  it.answers('edge', 'OTHER');
  for (const name of ['lab', 'edge']) assert.equal(it.precedence(name).kind, 'ours');
  it.looks('edge');
  it.writesStatus('edge');
  it.looks('lab');
  it.writesStatus('lab');
  assert.deepEqual([it.keeps('lab'), it.keeps('edge')], ['EDGE', 'OTHER']);
});

const names = ['a', 'b', 'c'] as const;
/** Each device's true serial is its PanFirewall's name in capitals; only c's device always tells it. */
const honest = 'c';
const step = fc.oneof(
  fc.record({
    kind: fc.constant('answers'),
    name: fc.constantFrom(...names),
    identity: fc.constantFrom('A', 'B', 'C'),
  }),
  fc.record({
    kind: fc.constantFrom('create', 'fails', 'moves', 'looks', 'writesStatus', 'looks', 'writesStatus'),
    name: fc.constantFrom(...names),
    identity: fc.constant(''),
  }),
  fc.record({
    kind: fc.constantFrom('remove', 'deletes', 'restart', 'restartUnanswered'),
    name: fc.constantFrom('a', 'b'),
    identity: fc.constant(''),
  }),
);

test('law: whatever is answered, restarted and deleted, who has kept a table is never silenced, and one writes at a time', () => {
  let established = 0;
  let silent = 0;
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { minLength: 10, maxLength: 60 }), (isSettled, steps) => {
      const it = world();
      const create = (name: string) => {
        const createdAt = `2024-01-01T00:00:0${'abc'.indexOf(name)}Z`;
        it.create({ name, createdAt, endpoint: `https://${name}` });
      };
      for (const name of names) {
        create(name);
        if (isSettled) settle(it, name, name.toUpperCase());
      }
      for (const { kind, name, identity } of steps) {
        if (kind === 'create') create(name);
        else if (kind === 'answers') it.answers(name, name === honest ? 'C' : identity);
        else if (kind === 'restart') it.restart();
        else if (kind === 'restartUnanswered') it.restartUnanswered(honest);
        else it[kind](name);

        const writers = names.filter((one) => it.precedence(one).kind === 'ours');
        const places = writers.map((one) => JSON.stringify(it.claims.get(one)?.device));
        assert.equal(new Set(places).size, places.length, 'two write to one table');
        const device = it.claims.get(honest)?.device;
        if (it.keepsHere(honest) === 'C') {
          const says = (one: string) => isDeepStrictEqual(it.claims.get(one)?.device, { identity: 'C' });
          if (device === 'unknown' && names.some(says)) silent += 1;
          assert.deepEqual(
            writers.filter((one) => one !== honest && says(one)),
            [],
          );
        }
        if (it.keeps(honest) !== 'C' || typeof device !== 'object') continue;
        established += 1;
        assert.equal(it.precedence(honest).kind, 'ours');
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(established > 1000 && silent > 200, 'the law was hardly put to the test');
});
