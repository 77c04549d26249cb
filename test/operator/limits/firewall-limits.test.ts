// The limits of a firewall's devices as its tables come and go.
import { productTiming } from '../../../src/core/model/timing.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desired } from '../../../src/core/desired/desired.ts';
import type { AddressChange } from '../../../src/core/model/address-change.ts';
import { ownTable } from '../../../src/core/model/table-ref.ts';
import { FirewallLimits } from '../../../src/operator/limits/firewall-limits.ts';
import type { LimitedWorker } from '../../../src/operator/limits/limited-table.ts';
import { TableWorker } from '../../../src/operator/table/table-worker.ts';
import { createLogger } from '../../../src/runtime/logger.ts';
import { tableContext } from '../table/table-contexts.ts';

const policy = 'shop/web';

/** Three Pods that deserve a tag on a firewall whose device takes one address. */
function threePods(changed: (change: AddressChange) => void = () => {}): Desired {
  const desired = new Desired({
    addressChanged: (_, change) => changed(change),
    policyChanged: () => {},
  });
  desired.setFirewall({
    name: 'edge',
    labels: new Map(),
    tagPrefix: 'k8s.',
    namespaceSelector: [],
    addressCIDRs: undefined,
  });
  desired.setNamespace({ name: 'shop', labels: new Map() });
  desired.setPolicy({
    id: policy,
    name: 'web',
    namespace: 'shop',
    firewalls: { names: ['edge'] },
    namespaceSelector: undefined,
    podSelector: [],
    priority: 0,
    tags: [{ kind: 'template', template: [{ kind: 'text', text: 'web' }] }],
  });
  for (const i of [1, 2, 3]) addPod(desired, i);
  return desired;
}

function addPod(desired: Desired, i: number): void {
  desired.setClaimant({
    uid: `${i}`,
    namespace: 'shop',
    name: `web-${i}`,
    kind: 'Pod',
    fields: { node: '', serviceAccount: '' },
    labels: new Map(),
    addresses: [`10.0.0.${i}`],
    ineligible: undefined,
    terminating: false,
    since: 0,
  });
}

/** A table that has been read and holds nothing. */
function emptyTable(serial: string): LimitedWorker {
  return {
    ref: { serial, vsys: undefined },
    limited: {
      known: true,
      failing: false,
      entries: 0,
      unmanaged: 0,
      mostTags: () => 0,
      crowded: () => [],
      tagsAt: () => 0,
      unfitAt: () => [],
      takeUnfitChanges: () => [],
      review: () => {},
      wake: () => {},
    },
  };
}

test('a device whose tables are gone keeps nothing out any more, until it is back', () => {
  const table = emptyTable('0070510000001');
  let workers = [table];
  const limits = new FirewallLimits({
    firewall: 'edge',
    desired: threePods(),
    workers: () => workers,
    spec: () => ({ maxAddresses: 1, maxTagsPerAddress: undefined }),
    deviceOf: () => undefined,
    timing: productTiming,
    log: createLogger({ level: 'silent', format: 'json' }),
  });
  const out = () => limits.sharesOf(policy).map(({ reason, addresses }) => [reason, addresses]);
  limits.of(table.ref).ready(0);
  assert.deepEqual(out(), [['Capacity', 2]]);
  assert.equal(limits.isOut(policy, '10.0.0.3'), true);

  workers = [];
  limits.tablesChanged();
  assert.deepEqual(out(), []);
  assert.equal(limits.isOut(policy, '10.0.0.3'), false);

  workers = [table];
  limits.of(table.ref).ready(0);
  assert.deepEqual(out(), [['Capacity', 2]]);
});

test('a limit tells a tenant what a tenant can do, and an administrator what an administrator can', () => {
  const table = emptyTable('0070510000001');
  const desired = threePods();
  const limits = new FirewallLimits({
    firewall: 'edge',
    desired,
    workers: () => [table],
    spec: () => ({ maxAddresses: 1, maxTagsPerAddress: undefined }),
    deviceOf: () => undefined,
    timing: productTiming,
    log: createLogger({ level: 'silent', format: 'json' }),
  });
  limits.of(table.ref).ready(0);
  const said = limits.limitedOf(policy).map(({ finding }) => finding.message.split('; ').at(-1));
  assert.deepEqual(said, ["select fewer Pods, or ask the firewall's administrator for room"]);
});

test('what a table shows counts what limits leave out by now, though nothing is sent while its device is away', () => {
  let parts: { readonly worker: TableWorker; readonly limits: FirewallLimits } | undefined;
  const desired = threePods((change) => {
    parts?.worker.note(change);
    parts?.limits.note(change.address);
  });
  const limits = new FirewallLimits({
    firewall: 'edge',
    desired,
    workers: () => [worker],
    // One is for the mark.
    spec: () => ({ maxAddresses: 4, maxTagsPerAddress: undefined }),
    deviceOf: () => undefined,
    timing: productTiming,
    log: createLogger({ level: 'silent', format: 'json' }),
  });
  const context = tableContext({ connect: () => Promise.reject(new Error('away')) });
  const worker = new TableWorker(context, {
    desired: limits.desiredOf(ownTable),
    limits: limits.of(ownTable),
  });
  parts = { worker, limits };
  const out = () => {
    const reasons = worker.view().limits?.exceeded.map(({ reason }) => reason);
    return [reasons, limits.sharesOf(policy).map(({ reason, addresses }) => [reason, addresses])];
  };
  worker.table.beginRead();
  worker.table.endRead({ owned: new Map(), others: new Map(), agreed: true }, 0);
  limits.of(ownTable).ready(0);
  assert.deepEqual(out(), [[], []]);

  addPod(desired, 4);
  assert.deepEqual(out(), [['CapacityExceeded'], [['Capacity', 1]]]);
  desired.deleteClaimant('4', 'watch');
  assert.deepEqual(out(), [[], []]);
});
