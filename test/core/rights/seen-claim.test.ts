// Claims read from objects and statuses: replicas decide alike, and of several leaders of one table's PanFirewalls one writes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { overlaps } from '../../../src/core/rights/ownership.ts';
import { type SeenFirewall, seenClaim } from '../../../src/core/rights/seen-claim.ts';
import {
  type TableClaim,
  mayBeEstablished,
  placeAt,
  precedence,
} from '../../../src/core/rights/table-claims.ts';
import { ownTable, type TableRef } from '../../../src/core/model/table-ref.ts';

const edge: SeenFirewall = {
  firewall: 'edge',
  uid: 'e',
  createdAt: '2026-01-01T00:00:00Z',
  tagPrefix: 'k8s.',
  endpoint: 'https://edge',
  entries: [ownTable],
  status: undefined,
};
const at = (serial: string | undefined, vsys?: string): TableRef => ({ serial, vsys });
const kept = (identity: string, ref: TableRef = ownTable) => ({
  serial: identity,
  tables: [{ ref }],
  established: [{ ref, identity }],
});

test('a PanFirewall that no leader has met claims a table of which the device is not known', () => {
  const { device, tables, established, seen } = seenClaim(edge);
  assert.deepEqual({ device, tables, seen }, { device: 'asking', tables: [ownTable], seen: true });
  assert.equal(established?.size, 0);
});

test('the device is that of the status; one without a licence is told by its endpoint', () => {
  const of = (serial: string) =>
    seenClaim({ ...edge, status: { serial, tables: [], established: [] } }).device;
  assert.deepEqual(of('A'), { identity: 'A' });
  assert.deepEqual(of('unknown'), { identity: 'https://edge' });
});

test('tables that the spec names, and those that the status shows, are claimed alike', () => {
  const entries = [at('1', 'vsys2'), { ...at(undefined), deviceGroup: 'edge' }];
  const before = seenClaim({ ...edge, entries });
  assert.deepEqual([before.tables, before.open], [[at('1', 'vsys2')], true]);
  const after = seenClaim({ ...edge, entries, status: kept('P', at('2', 'vsys1')) });
  assert.deepEqual([after.tables, after.open], [[at('1', 'vsys2'), at('2', 'vsys1')], false]);
});

test('against one that is led elsewhere a table is written once the own status tells it, and while the other one tells nothing', () => {
  const mine: TableClaim = {
    ...seenClaim({ ...edge, firewall: 'mine', uid: 'm', createdAt: '2025-01-01T00:00:00Z' }),
    device: { identity: 'A' },
  };
  const { seen: _, ...live } = mine;
  const told = new Set([placeAt('A', ownTable)]);
  const mayWrite = (other: SeenFirewall, own: Partial<TableClaim>) =>
    precedence([{ ...live, ...own }, seenClaim(other)], { ...live, ...own }, ownTable);
  const idle = { ...edge, status: { ...kept('A'), established: [] } };
  assert.deepEqual(mayWrite(idle, {}), { kind: 'wait', untold: true });
  assert.deepEqual(mayWrite(idle, { established: told }), { kind: 'wait', untold: true });
  assert.equal(mayWrite(idle, { established: told, told }).kind, 'ours');
  const keeping = { ...edge, status: kept('A') };
  assert.deepEqual(mayWrite(keeping, {}), { kind: 'taken', by: 'edge', byYounger: true });
  assert.deepEqual(mayWrite(keeping, { established: told, told }), { kind: 'wait' });
  assert.equal(mayWrite({ ...keeping, tagPrefix: 'other.' }, {}).kind, 'ours');
  // Its device is another one by now, and its leader may not know yet.
  const moved = { ...edge, status: { ...kept('A'), serial: 'B' } };
  assert.equal(mayWrite(moved, {}).kind, 'taken');
});

const identity = fc.constantFrom('A', 'B', 'unknown');
const status = fc
  .record({ serial: fc.option(identity, { nil: undefined }), kept: fc.subarray(['A', 'B']) })
  .map(({ serial, kept: identities }) => ({
    serial,
    tables: [{ ref: ownTable }],
    established: identities.map((one) => ({ ref: ownTable, identity: one })),
  }));
const objects = fc.uniqueArray(
  fc
    .record({
      uid: fc.uuid(),
      createdAt: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
      tagPrefix: fc.constantFrom('k8s.', 'k8s.prod.', 'other.'),
      entries: fc.constantFrom([ownTable], [at('A'), at('B', 'vsys1')]),
      status: fc.option(status, { nil: undefined }),
    })
    .map((drawn): SeenFirewall => ({ ...drawn, firewall: `fw-${drawn.uid}`, endpoint: 'https://fw' })),
  { selector: ({ uid }) => uid, maxLength: 6 },
);

test('law: replicas that have seen the same objects decide alike, in whatever order and through whatever states they came', () => {
  const orders = fc.tuple(objects, objects, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }));
  fc.assert(
    fc.property(orders, ([all, earlier, order]) => {
      const [one, other] = [new Map<string, TableClaim>(), new Map<string, TableClaim>()];
      for (const object of all) one.set(object.firewall, seenClaim(object));
      const late = all.map((object, i) => ({ object, at: order[i] ?? 0 })).sort((a, b) => a.at - b.at);
      for (const { object } of late) {
        const { status: former } = earlier[0] ?? object;
        other.set(object.firewall, seenClaim({ ...object, status: former }));
      }
      for (const { object } of late.toReversed()) other.set(object.firewall, seenClaim(object));
      for (const { firewall } of all) {
        const [a, b] = [one.get(firewall), other.get(firewall)];
        assert.ok(a !== undefined && b !== undefined);
        for (const table of a.tables)
          assert.deepEqual(precedence(one.values(), a, table), precedence(other.values(), b, table));
      }
    }),
  );
});

type Status = NonNullable<SeenFirewall['status']>;
const names = ['a', 'b', 'c', 'd'] as const;
type Name = (typeof names)[number];

type Led = {
  device: TableClaim['device'];
  /** Of which device the table is kept; from the status, when its leader is a new one. */
  keeps: string | undefined;
  /** How many statuses had been written when its own was, last. */
  toldAt: number;
};

/** Two processes, each the leader of some PanFirewalls: of the others each sees the statuses, late. */
class Processes {
  readonly #written: { readonly name: Name; readonly status: Status }[] = [];
  /** How many of those each process has seen. */
  readonly #seen = [0, 0];
  readonly #leaders: Record<Name, number> = { a: 0, b: 1, c: 1, d: 0 };
  readonly #led = new Map<Name, Led>();

  /** The device of the PanFirewall says who it is. */
  meets(name: Name, said: string): void {
    this.#ledOf(name).device = { identity: said };
  }

  sees(process: number, most: number): void {
    this.#seen[process] = Math.min(this.#written.length, (this.#seen[process] ?? 0) + most);
  }

  /** The other process leads from here on: this one has stopped, and that one has read what it wrote. */
  handOver(name: Name): void {
    const next = 1 - this.#leaders[name];
    this.#leaders[name] = next;
    this.#seen[next] = this.#written.length;
    this.#led.delete(name);
  }

  /** Its leader writes its status. Who comes second, or has met another device, stops before it tells so. */
  tells(name: Name): void {
    const led = this.#ledOf(name);
    const claims = this.#claims(name);
    const mine = claims.find(({ firewall }) => firewall === name);
    if (mine === undefined) return;
    const serial = typeof led.device === 'object' ? led.device.identity : undefined;
    const isElsewhere = led.keeps !== undefined && serial !== undefined && led.keeps !== serial;
    if (isElsewhere || precedence(claims, mine, ownTable).kind === 'taken') led.keeps = undefined;
    else if (mayBeEstablished(claims, mine, ownTable)) led.keeps = serial;
    const established = led.keeps === undefined ? [] : [{ ref: ownTable, identity: led.keeps }];
    this.#written.push({ name, status: { serial, tables: [{ ref: ownTable }], established } });
    led.toldAt = this.#written.length;
  }

  /** Which device's table it writes to. */
  writesTo(name: Name): string | undefined {
    const claims = this.#claims(name);
    const mine = claims.find(({ firewall }) => firewall === name);
    if (mine === undefined || typeof mine.device !== 'object') return undefined;
    return precedence(claims, mine, ownTable).kind === 'ours' ? mine.device.identity : undefined;
  }

  isMet(name: Name): boolean {
    return typeof this.#ledOf(name).device === 'object';
  }

  #ledOf(name: Name): Led {
    const known = this.#led.get(name);
    if (known !== undefined) return known;
    const keeps = this.#statuses(this.#leaders[name]).get(name)?.established[0]?.identity;
    const led: Led = { device: 'asking', keeps, toldAt: 0 };
    this.#led.set(name, led);
    return led;
  }

  #statuses(process: number): ReadonlyMap<Name, Status> {
    const seen = this.#written.slice(0, this.#seen[process]);
    return new Map(seen.map(({ name, status: of }) => [name, of]));
  }

  /** As the leader of this one knows them. */
  #claims(name: Name): TableClaim[] {
    const process = this.#leaders[name];
    const statuses = this.#statuses(process);
    return names.map((one) => {
      const seen = seenClaim({
        ...edge,
        firewall: one,
        uid: one,
        createdAt: `2026-01-01T00:00:0${names.indexOf(one)}Z`,
        tagPrefix: one === 'd' ? 'k8s.d.' : 'k8s.',
        status: statuses.get(one),
      });
      if (this.#leaders[one] !== process) return seen;
      const { seen: _, ...claim } = seen;
      const { device, keeps, toldAt } = this.#ledOf(one);
      const established = new Set(keeps === undefined ? [] : [placeAt(keeps, ownTable)]);
      const isEchoed = (this.#seen[process] ?? 0) >= toldAt;
      const told = new Set([...established].filter((where) => isEchoed && claim.told?.has(where) === true));
      return { ...claim, device, tables: [ownTable], established, told };
    });
  }
}

/** Most is about two that are led apart: the elder and the one after it. */
const name = fc.constantFrom(
  'a' as const,
  'a' as const,
  'b' as const,
  'b' as const,
  'c' as const,
  'd' as const,
);
const step = fc.oneof(
  fc.record({ kind: fc.constant('meets' as const), name, said: fc.constantFrom('A', 'B') }),
  fc.record({ kind: fc.constantFrom('tells' as const, 'tells' as const, 'handOver' as const), name }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tells' as const), name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('sees' as const),
      process: fc.constantFrom(0, 1),
      most: fc.nat(6),
    }),
  },
);

test('law: whoever leads which PanFirewall, and however late it sees the others, no two write to one table, and in the end one does', () => {
  let written = 0;
  let changes = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 120 }), (steps) => {
      const it = new Processes();
      const last = new Map<string, Name>();
      const check = (): void => {
        const writers = names.flatMap((name) => {
          const device = it.writesTo(name);
          return device === undefined ? [] : [{ name, device }];
        });
        for (const { name, device } of writers) {
          if (last.has(device) && last.get(device) !== name) changes += 1;
          last.set(device, name);
        }
        written += writers.length;
        const tables = writers.map(({ device }) => device);
        assert.equal(new Set(tables).size, tables.length, 'two write to one table');
      };
      for (const one of steps) {
        if (one.kind === 'meets') it.meets(one.name, one.said);
        else if (one.kind === 'sees') it.sees(one.process, one.most);
        else it[one.kind](one.name);
        check();
      }
      for (const name of names) if (!it.isMet(name)) it.meets(name, 'A');
      for (let round = 0; round < 8; round += 1) {
        for (const name of names) it.tells(name);
        for (const process of [0, 1]) it.sees(process, Infinity);
        check();
      }
      assert.ok(
        names.some((name) => it.writesTo(name) !== undefined),
        'nobody writes in the end',
      );
    }),
    { numRuns: 500 },
  );
  assert.ok(overlaps('k8s.', 'k8s.d.') && written > 1000 && changes > 20, `${written} and ${changes}`);
});
