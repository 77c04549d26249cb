// Claims of PanFirewalls that this process does not lead follow their objects and statuses, whatever the order of arrival.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableClaim } from '../../../src/core/rights/table-claims.ts';
import type { RawObject } from '../../../src/kubernetes/codec/decoders.ts';
import { Controller } from '../../../src/operator/cluster/controller.ts';
import type { FirewallWorker } from '../../../src/operator/firewall/firewall-worker.ts';
import { createLogger } from '../../../src/runtime/logger.ts';

const condition = {
  type: 'Ready',
  status: 'True',
  reason: 'InSync',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

function panFirewall(
  name: string,
  more: { readonly spec?: object; readonly establishedOn?: string } = {},
): RawObject {
  const { establishedOn, spec = {} } = more;
  const table = { state: 'InSync', owned: 0, foreign: 0, pending: 0, establishedOn };
  const device = { model: 'PA-VM', serial: establishedOn, swVersion: '11.1.4' };
  const object = {
    metadata: {
      name,
      uid: name,
      generation: 1,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      endpoint: `https://${name}.example.net`,
      tagPrefix: 'k8s.',
      credentials: { secretRef: { name: 'edge' } },
      namespaceSelector: {},
      deletionPolicy: 'Retain',
      ...spec,
    },
    status: establishedOn === undefined ? {} : { conditions: [condition], device, tables: [table] },
  };
  return {
    uid: name,
    resourceVersion: '1',
    object: JSON.parse(JSON.stringify(object)) as RawObject['object'],
  };
}

/** One process; `worker` is that of each PanFirewall. */
function replica() {
  const worker = {
    tables: { knowledgeChanged: () => undefined, tableClaimsChanged: () => undefined },
    statusChanged: () => undefined,
  };
  const controller = new Controller({
    createWorker: () => ({ ...worker, standBy: async () => undefined }) as unknown as FirewallWorker,
    changed: () => undefined,
    dropAnnotation: () => undefined,
    askDefinition: () => undefined,
    statusObserved: () => undefined,
    log: createLogger({ level: 'silent', format: 'json' }),
  });
  const sink = controller.panFirewalls();
  return {
    controller,
    sets: (record: RawObject) => sink.apply([{ type: 'set', record, origin: 'watch' }]),
    deletes: (record: RawObject) => sink.apply([{ type: 'gone', record, origin: 'watch' }]),
    claims: () => [...controller.tableClaims].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

test('replicas that have seen the same PanFirewalls know the same claims, in whatever order these came', () => {
  const [one, other] = [replica(), replica()];
  const [edge, lab] = [panFirewall('edge', { establishedOn: 'A' }), panFirewall('lab')];
  for (const record of [edge, lab]) one.sets(record);
  for (const record of [panFirewall('edge'), panFirewall('gone'), lab, edge]) other.sets(record);
  other.deletes(panFirewall('gone'));
  assert.deepEqual(one.claims(), other.claims());
  const told = one.controller.tableClaims.get('edge');
  assert.deepEqual(
    [told?.device, [...(told?.told ?? [])], told?.seen],
    [{ identity: 'A' }, ['A/vsys1'], true],
  );
  assert.equal(one.controller.tableClaims.get('lab')?.device, 'asking');
});

test('what a worker knows goes before what its status tells; without it the status counts again; an invalid spec claims nothing', async () => {
  const { controller, sets } = replica();
  const edge = panFirewall('edge', { establishedOn: 'A' });
  sets(edge);
  const known = {
    ...controller.tableClaims.get('edge'),
    device: { identity: 'B' },
    seen: undefined,
  } as unknown as TableClaim;
  controller.putTableClaim('edge', known);
  sets(panFirewall('edge', { establishedOn: 'C' }));
  assert.deepEqual(controller.tableClaims.get('edge')?.device, { identity: 'B' });
  controller.putTableClaim('edge', undefined);
  assert.deepEqual(controller.tableClaims.get('edge')?.device, { identity: 'C' });
  sets(panFirewall('edge', { establishedOn: 'C', spec: { endpoint: 'ftp://edge' } }));
  assert.equal(controller.tableClaims.has('edge'), false);
});
