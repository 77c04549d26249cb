// The series of a PanFirewall end with it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Controller } from '../../../src/operator/cluster/controller.ts';
import { collectGauges } from '../../../src/operator/status/gauges.ts';
import { createMetrics } from '../../../src/runtime/metrics.ts';

test('the series of a PanFirewall go with it, also what a last answer adds, and those of others stay', async () => {
  const metrics = createMetrics({ version: '0', revision: '0' });
  const firewalls = new Map([
    ['edge-a', {}],
    ['edge-b', {}],
  ]);
  const standby = { leads: false, synced: true, firewalls };
  collectGauges(metrics, standby as unknown as Controller, []);
  const count = (firewall: string) => {
    metrics.deviceRequests.inc({ firewall, kind: 'update', outcome: 'ok' });
    metrics.deviceRequestDuration.observe({ firewall, kind: 'update' }, 0.1);
    metrics.certificateExpiry.set({ firewall, endpoint: 'https://fw.example.net' }, 1);
    metrics.tableLost.inc({ firewall });
  };
  for (const name of firewalls.keys()) count(name);
  const before = await metrics.text();
  firewalls.delete('edge-a');
  const after = await metrics.text();
  assert.ok(!after.includes('edge-a'));
  assert.equal(linesOf(after, 'edge-b'), linesOf(before, 'edge-b'));
  assert.equal(linesOf(before, 'edge-a'), linesOf(before, 'edge-b'));
  count('edge-a');
  assert.ok(!(await metrics.text()).includes('edge-a'));
  firewalls.set('edge-a', {});
  count('edge-a');
  assert.equal(linesOf(await metrics.text(), 'edge-a'), linesOf(before, 'edge-b'));
});

test('many PanFirewalls that go at once cost one look at the series', async () => {
  const metrics = createMetrics({ version: '0', revision: '0' });
  const firewalls = new Map(Array.from({ length: 50 }, (_, i) => [`edge-${i}`, {}]));
  const standby = { leads: false, synced: true, firewalls };
  collectGauges(metrics, standby as unknown as Controller, []);
  for (const firewall of firewalls.keys()) metrics.tableLost.inc({ firewall });
  await metrics.text();
  firewalls.clear();
  const get = metrics.tableLost.get.bind(metrics.tableLost);
  let looks = 0;
  metrics.tableLost.get = () => {
    looks += 1;
    return get();
  };
  assert.ok(!(await metrics.text()).includes('edge-'));
  assert.ok(looks <= 2, `${looks} looks, with that of the scrape itself`);
});

function linesOf(text: string, firewall: string): number {
  return text.split('\n').filter((line) => line.includes(`firewall="${firewall}"`)).length;
}
