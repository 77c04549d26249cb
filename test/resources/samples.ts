// One full status of each kind, as core makes it: the schemas must know every field of it.

import type { FirewallStatus } from '../../src/core/status/firewall-status.ts';
import type { PolicyStatus } from '../../src/core/status/policy-status.ts';

const condition = {
  type: 'Ready',
  status: 'True',
  observedGeneration: 1,
  lastTransitionTime: '2026-11-21T10:00:00Z',
  reason: 'InSync',
  message: '2 tables in sync',
} as const;

export const firewallStatus: FirewallStatus = {
  observedGeneration: 1,
  conditions: [condition],
  device: { model: 'PA-VM', serial: '0070510000001', swVersion: '11.1.4' },
  owned: 1240,
  pending: 3,
  tables: [
    {
      state: 'InSync',
      owned: 620,
      foreign: 17,
      pending: 0,
      plan: { register: 2, unregister: 1, examples: ['unregister 10.1.0.7 k8s-prod.ns_shop.web'] },
    },
    {
      vsys: 'vsys2',
      state: 'DeviceUnavailable',
      owned: 620,
      foreign: 0,
      pending: 3,
      message: 'no answer in 10 s',
    },
  ],
};

export const policyStatus: PolicyStatus = {
  observedGeneration: 1,
  conditions: [condition],
  pods: 12,
  addresses: 11,
  skipped: [{ reason: 'HostNetwork', count: 2, example: 'node-exporter-x1' }],
  tags: ['k8s-prod.ns_shop.app.web', 'k8s-prod.ns_shop.web'],
  firewalls: [
    { name: 'edge-a', state: 'InSync', registered: 12, pending: 0, failed: 0, examples: [], message: '' },
    {
      name: 'edge-b',
      state: 'RegistrationRejected',
      registered: 11,
      pending: 0,
      failed: 1,
      examples: ['10.1.0.7'],
      message: 'edge-b refuses 1 address',
    },
  ],
  columns: { tags: 70, firewalls: 'edge-a,edge-b' },
};
