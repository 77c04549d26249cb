// The audit log's lines: who, when, why, and nothing that the device has not said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desired } from '../../../src/core/desired/desired.ts';
import type { Batch, BatchItem } from '../../../src/core/message/batch.ts';
import { DeviceError } from '../../../src/core/model/device-error.ts';
import type { Policy, RemovalCause } from '../../../src/core/model/model.ts';
import type { RefusedPair } from '../../../src/core/message/refusals.ts';
import { AuditLog } from '../../../src/operator/audit/audit-log.ts';
import type { Connection } from '../../../src/operator/device/device-port.ts';
import { podRecord } from '../pod-records.ts';

type Line = Readonly<Record<string, unknown>>;
const edge = {
  name: 'edge',
  labels: new Map(),
  tagPrefix: 'k8s.',
  namespaceSelector: [],
  addressCIDRs: undefined,
};

/** A cluster with one PanFirewall, the audit log of it, and a connection that answers as it is told. */
function openWorld() {
  const lines: Line[] = [];
  const audit = new AuditLog(
    { push: (line) => lines.push(JSON.parse(line) as Line), close: async () => {} },
    () => Date.UTC(2026, 0, 1),
  );
  const desired: Desired = new Desired({
    addressChanged: (firewall, change) => audit.changed(firewall, change, desired.holderOf(change.address)),
    holderLeaves: (address, holder) => audit.holderLeaves(address, holder),
    policyChanged: () => {},
  });
  desired.setFirewall(edge);
  desired.setNamespace({ name: 'shop', labels: new Map() });
  desired.claimantsSynced();
  let answer: () => Promise<readonly RefusedPair[]> = async () => [];
  const device = { call: () => answer(), close: async () => {} } as unknown as Connection;
  const ref = { serial: undefined, vsys: 'vsys2' };
  const connection = audit.audited(device, { firewall: 'edge', ref, desired });
  return {
    desired,
    audit,
    pairs: () => lines.filter(({ op }) => op !== undefined),
    lines,
    send: (batch: Batch, by?: () => Promise<readonly RefusedPair[]>) => {
      if (by !== undefined) answer = by;
      return connection.call({ ask: 'send', table: ref, batch }, AbortSignal.timeout(1_000));
    },
  };
}

const policy = (name: string, tag: string): Policy => ({
  id: `shop/${name}`,
  name,
  namespace: 'shop',
  firewalls: { names: ['edge'] },
  namespaceSelector: undefined,
  podSelector: [],
  tags: [{ kind: 'template', template: [{ kind: 'text', text: tag }] }],
});
const item = (more: Partial<BatchItem>): BatchItem => ({
  address: '10.0.0.1',
  register: [],
  unregister: [],
  causes: new Map(),
  since: 0,
  ...more,
});
const removal = (tag: string, cause: RemovalCause) =>
  item({ unregister: [tag], causes: new Map([[tag, cause]]) });
const web = 'k8s.ns_shop.web';

test('a registration names the Pod and the policies that give the tag', async () => {
  const { desired, send, pairs } = openWorld();
  desired.setPolicy(policy('web', 'web'));
  desired.setPolicy(policy('all', 'web'));
  desired.setClaimant(podRecord('p1', '10.0.0.1', { name: 'web-1' }));
  await send([item({ register: [web], timeoutSeconds: 900 })]);
  const [line = {}] = pairs();
  assert.match(String(line['message']), /^[0-9a-f]{8}-1$/);
  assert.deepEqual(line, {
    level: 'info',
    time: '2026-01-01T00:00:00.000Z',
    audit: true,
    firewall: 'edge',
    vsys: 'vsys2',
    address: '10.0.0.1',
    op: '+',
    tag: web,
    outcome: 'confirmed',
    object: { kind: 'Pod', namespace: 'shop', name: 'web-1' },
    policies: [
      { kind: 'PanTagPolicy', namespace: 'shop', name: 'all' },
      { kind: 'PanTagPolicy', namespace: 'shop', name: 'web' },
    ],
    timeoutSeconds: 900,
    message: line['message'],
    sentAt: '2026-01-01T00:00:00.000Z',
    msg: 'pair changed',
  });
});

test('a removal names the Pod whose tag it was, whoever holds the address by then', async () => {
  const { desired, send, pairs } = openWorld();
  desired.setPolicy(policy('web', 'web'));
  desired.setClaimant(podRecord('p1', '10.0.0.1', { name: 'first' }));
  desired.deleteClaimant('p1', 'watch');
  // Nothing was sent of it before the next one came: it has another tag alone.
  desired.deletePolicy('shop/web');
  desired.setClaimant(podRecord('p2', '10.0.0.1', { name: 'second' }));
  await send([removal(web, 'vacated')]);
  const [line] = pairs();
  assert.deepEqual(line?.['object'], { kind: 'Pod', namespace: 'shop', name: 'first' });
  assert.equal(line?.['cause'], 'vacated');
});

test("a tag that a successor had, too, is the successor's when it goes", async () => {
  const { desired, send, pairs } = openWorld();
  desired.setPolicy(policy('web', 'web'));
  desired.setClaimant(podRecord('p1', '10.0.0.1', { name: 'first' }));
  desired.deleteClaimant('p1', 'watch');
  desired.setClaimant(podRecord('p2', '10.0.0.1', { name: 'second' }));
  desired.deleteClaimant('p2', 'watch');
  await send([removal(web, 'vacated')]);
  assert.deepEqual(pairs()[0]?.['object'], { kind: 'Pod', namespace: 'shop', name: 'second' });
});

test('what a policy takes away names the policy and what was done to it; what nobody claimed names nobody', async () => {
  const { desired, send, pairs } = openWorld();
  desired.setPolicy(policy('web', 'web'));
  desired.setClaimant(podRecord('p1', '10.0.0.1', { name: 'web-1' }));
  desired.deletePolicy('shop/web');
  await send([removal(web, 'policy'), { ...removal('k8s.old', 'unclaimed'), address: '10.0.0.9' }]);
  const [ended, unclaimed] = pairs();
  assert.deepEqual(ended?.['by'], { kind: 'PanTagPolicy', name: 'shop/web', change: 'deleted' });
  assert.deepEqual(ended?.['object'], { kind: 'Pod', namespace: 'shop', name: 'web-1' });
  assert.deepEqual([unclaimed?.['cause'], unclaimed?.['object']], ['unclaimed', undefined]);
});

test('the Pod is the one of when the message left, not of when it was answered', async () => {
  const { desired, send, pairs } = openWorld();
  desired.setPolicy(policy('web', 'web'));
  desired.setClaimant(podRecord('p1', '10.0.0.1', { name: 'web-1' }));
  await send([item({ register: [web] })], async () => {
    desired.deleteClaimant('p1', 'watch');
    return [];
  });
  assert.deepEqual(pairs()[0]?.['object'], { kind: 'Pod', namespace: 'shop', name: 'web-1' });
});

test('a removal names whose tag it was when the message left, though the tag is wanted again before the answer', async () => {
  const { desired, send, pairs } = openWorld();
  desired.setPolicy(policy('web', 'web'));
  desired.setClaimant(podRecord('p1', '10.0.0.1', { name: 'first' }));
  desired.deleteClaimant('p1', 'watch');
  await send([removal(web, 'vacated')], async () => {
    desired.setClaimant(podRecord('p2', '10.0.0.1', { name: 'second' }));
    desired.deleteClaimant('p2', 'watch');
    desired.setClaimant(podRecord('p3', '10.0.0.1', { name: 'third' }));
    return [];
  });
  assert.deepEqual(pairs()[0]?.['object'], { kind: 'Pod', namespace: 'shop', name: 'first' });
});

const failure = (applied: 'no' | 'unknown') => async () => {
  throw new DeviceError('DeviceUnavailable', 'gone', { retry: 'backoff', applied });
};

test('a lost answer and the end of the leadership leave what is not known, a message that never left leaves nothing', async () => {
  const { send, pairs } = openWorld();
  const batch = [item({ register: [web] })];
  await assert.rejects(send(batch, failure('no')));
  assert.deepEqual(pairs(), []);
  await assert.rejects(send(batch, failure('unknown')));
  const lost = async () => {
    throw new DOMException('the Lease was not renewed in time', 'AbortError');
  };
  await assert.rejects(send(batch, lost));
  assert.deepEqual(
    pairs().map(({ op, outcome, msg }) => [op, outcome, msg]),
    [
      ['+', 'unknown', 'pair change unanswered'],
      ['+', 'unknown', 'pair change unanswered'],
    ],
  );
  await send(batch, async () => []);
  const messages = pairs().map(({ message }) => message);
  assert.equal(new Set(messages).size, 3);
});

test('the ownership mark is told as such, and begin and end of the process stand around all', async () => {
  const { send, lines, audit } = openWorld();
  await send([item({ address: '192.0.2.1', register: ['k8s._owner.aaaaaaaaaaaa'] })]);
  await audit.close();
  assert.deepEqual(
    lines.map(({ msg, cause }) => [msg, cause]),
    [
      ['audit log begins', undefined],
      ['pair changed', 'mark'],
      ['audit log ends', undefined],
    ],
  );
});
