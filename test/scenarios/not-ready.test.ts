// A device that says that it is not ready, or is away: nobody is blamed, and soon after its return it is right.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesObject } from '../harness/api-client.ts';
import { waitFor } from '../harness/wait-for.ts';
import { openStage } from './stage.ts';
import { watchStatuses } from './status-watch.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster, plane } = stage;
const operator = await stage.startOperator();
await using policies = await watchStatuses(plane, '/apis/pantag.io/v1alpha1/pantagpolicies');
await using firewalls = await watchStatuses(plane, '/apis/pantag.io/v1alpha1/panfirewalls');

const notReadyMs = 20_000;
/**
 * Attempts are at most 5 s apart from the fourth on, so this reaches the longest distance three times over; of outages of
 * ten minutes and more test/operator/table/device-away.test.ts tells, in simulated time.
 */
const awayMs = 30_000;
const backLimitMs = 10_000;

type Event = KubernetesObject & { readonly reason: string; readonly regarding: { readonly name: string } };

/** No status, Event or log line has ever called a pair of this firewall's refused. */
async function assertNobodyBlamed(name: string): Promise<void> {
  const reasons = [...policies.writes, ...firewalls.writes].filter((write) => write.name === name);
  const seen = new Set(reasons.map(({ reason }) => reason));
  assert.ok(!seen.has('RegistrationRejected'), [...seen].join());
  for (const namespace of ['default', name]) {
    const events = await cluster.list<Event>('Event', namespace);
    const about = events.filter(({ regarding }) => regarding.name === name).map(({ reason }) => reason);
    assert.ok(!about.includes('RegistrationRejected'), about.join());
  }
  const lines = operator.logs().filter((line) => line['firewall'] === name);
  assert.deepEqual(
    lines.filter((line) => JSON.stringify(line).includes('RegistrationRejected')),
    [],
  );
}

let blocks = 0;

describe('a device', { concurrency: 4 }, () => {
  for (const at of ['response', 'payload', 'section'] as const) {
    test(`that is not ready for 20 s (an entry without address in its ${at}): an address used again has no tag of its former Pod within 10 s`, async (t) => {
      // No tag may hold the words that the device says: then nothing is concluded from them.
      const name = `restart-${at}`;
      const [ip, other] = [`10.${++blocks}.9.70`, `10.${blocks}.9.71`];
      await cluster.createNamespace(name);
      await stage.policy(
        { namespace: name, name },
        { firewallNames: [name], tags: [{ labelKeys: ['tier'] }] },
      );
      const former = { namespace: name, name: 'former' };
      await cluster.createPod({ ...former, labels: { tier: 'pay' }, ips: [ip] });
      await using fw = await stage.firewall({ name, foreignOn: [ip] });
      await fw.holds({ [ip]: [`ns_${name}.tier.pay`] });
      await stage.says('PanFirewall', { name }, 'InSync');

      fw.simulator.inject({ fault: 'not-ready', on: 'message', at });
      await cluster.deletePod(former);
      await cluster.createPods([
        { namespace: name, name: 'next', labels: { tier: 'guest' }, ips: [ip] },
        { namespace: name, name: 'beside', labels: { tier: 'guest' }, ips: [other] },
      ]);
      const ready = sleep(notReadyMs);
      const { conditions = [] } = await stage.says('PanFirewall', { name }, 'DeviceUnavailable');
      assert.match(conditions[0]?.message ?? '', /Not ready to process xmlapi data/);
      await ready;
      assert.deepEqual(fw.owned(), { [ip]: [`ns_${name}.tier.pay`] });
      const tried = fw.messages().filter(({ fault }) => fault === 'not-ready');
      t.diagnostic(`${tried.length} messages while it was not ready`);
      assert.ok(tried.length >= 4 && tried.length <= 40, `${tried.length} messages`);

      fw.simulator.clearFaults();
      const guests = { [ip]: [`ns_${name}.tier.guest`], [other]: [`ns_${name}.tier.guest`] };
      await fw.holds(guests, { timeoutMs: backLimitMs });
      await stage.says('PanFirewall', { name }, 'InSync');
      await stage.says('PanTagPolicy', { namespace: name, name }, 'InSync');
      await assertNobodyBlamed(name);
    });
  }

  test('that was away until its attempts are as far apart as they get is written within 10 s of its return', async (t) => {
    const name = 'away';
    const [ip, other] = [`10.${++blocks}.9.70`, `10.${blocks}.9.71`];
    await cluster.createNamespace(name);
    await stage.policy({ namespace: name, name }, { firewallNames: [name], tags: [{ labelKeys: ['tier'] }] });
    await cluster.createPod({ namespace: name, name: 'former', labels: { tier: 'pay' }, ips: [ip] });
    await using fw = await stage.firewall({ name, foreignOn: [ip] });
    await fw.holds({ [ip]: [`ns_${name}.tier.pay`] });
    await stage.says('PanFirewall', { name }, 'InSync');

    const returnsAt = performance.now() + awayMs;
    fw.simulator.reboot({ downMs: awayMs });
    await cluster.deletePod({ namespace: name, name: 'former' });
    await cluster.createPods([
      { namespace: name, name: 'next', labels: { tier: 'guest' }, ips: [ip] },
      { namespace: name, name: 'beside', labels: { tier: 'guest' }, ips: [other] },
    ]);
    await stage.says('PanFirewall', { name }, 'DeviceUnavailable');
    await sleep(returnsAt - performance.now());
    assert.deepEqual(fw.owned(), { [ip]: [`ns_${name}.tier.pay`] });
    const guests = { [ip]: [`ns_${name}.tier.guest`], [other]: [`ns_${name}.tier.guest`] };
    await fw.holds(guests, { timeoutMs: backLimitMs });
    t.diagnostic(`written ${Math.round(performance.now() - returnsAt)} ms after its return`);
    await waitFor(
      () => operator.logs().some((line) => line.msg === 'device works again' && line['firewall'] === name),
      { what: 'the log to say so' },
    );
    await stage.says('PanFirewall', { name }, 'InSync');
    await assertNobodyBlamed(name);
  });
});
