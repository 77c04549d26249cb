// A device that answers every call with 60 MB, whatever it is asked: another firewall is followed as ever, and the process
// lives within the memory that the chart gives it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { percentile } from '../bench/statistics.ts';
import { waitFor } from '../harness/wait-for.ts';
import { startFollower, told } from './followed-changes.ts';
import { longestStall } from './probes.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;

/** Of the chart: its limit of memory, and what the image takes of that for the heap. */
const memoryMb = 512;
const operator = await stage.startOperator({
  nodeArgs: [`--max-old-space-size=${Math.floor(memoryMb * 0.6)}`, '--max-semi-space-size=2'],
});

const replyBytes = 60_000_000;
/** Several times what it is on a loaded machine. */
const lateMs = 2_000;

/** The most memory that the operator has had, in MB: VmHWM of proc(5). */
async function mostMemoryMb(): Promise<number> {
  const [, kilobytes] =
    /^VmHWM:\s*(\d+) kB$/m.exec(await readFile(`/proc/${operator.pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

/** What a reply is filled with: nothing, text, markup, or what the operator reads for. */
const paddings = {
  spaces: ' ',
  text: 'x',
  comments: '<!-- filler -->',
  elements: '<a b="c"/>',
  entries:
    '<entry ip="10.9.9.9" from_agent="0" persistent="1"><tag><member>k8s-prod.x</member></tag></entry>',
};

test('every reply of one device is 60 MB: it says so, the other is followed, and memory stays within the limit', async (t) => {
  const near = await stage.firewall({ name: 'near', foreignOn: [] });
  const { follow } = await startFollower(cluster, { namespace: 'bank', firewall: 'near', device: near });
  const large = await stage.firewall({ name: 'large', foreignOn: ['10.2.0.1'] });
  await cluster.createNamespace('shop');
  await stage.policy(
    { namespace: 'shop', name: 'web' },
    { firewallNames: ['large'], tags: [{ template: 'web' }] },
  );
  const pod = (n: number) => ({ namespace: 'shop', name: `web-${n}`, ips: [`10.2.0.${n}`] });
  await cluster.createPod(pod(1));
  await large.holds({ '10.2.0.1': ['ns_shop.web'] });
  await stage.says('PanFirewall', { name: 'large' }, 'InSync');
  await longestStall(operator);
  t.diagnostic(`before: ${told(await follow('before', 50), await longestStall(operator))}`);

  let n = 1;
  for (const [what, padding] of Object.entries(paddings)) {
    const id = large.simulator.inject({ fault: 'pad', bytes: replyBytes, with: padding });
    await cluster.createPod(pod(++n));
    const struck = () => (large.simulator.faults().find((fault) => fault.id === id)?.effects ?? 0) >= 2;
    await waitFor(struck, { what: 'two replies of 60 MB', timeoutMs: 30_000 });
    const latencies = await follow(what, 50, 100);
    const { conditions = [] } = await stage.says('PanFirewall', { name: 'large' }, 'InvalidResponse');
    const effects = large.simulator.faults().find((fault) => fault.id === id)?.effects;
    t.diagnostic(
      `beside ${effects} replies of 60 MB of ${what}: ${told(latencies, await longestStall(operator))}`,
    );
    t.diagnostic(`${conditions[0]?.message}; at most ${Math.round(await mostMemoryMb())} MB`);
    assert.match(conditions[0]?.message ?? '', /^the reply exceeds the size limit of this call/);
    assert.ok(percentile(latencies, 0.99) < lateMs);
    assert.equal(await operator.waitForExit(0), undefined);
    await stage.says('PanFirewall', { name: 'near' }, 'InSync');
    large.simulator.clearFaults();
    const table = Object.fromEntries(
      Array.from({ length: n }, (_, i) => [`10.2.0.${i + 1}`, ['ns_shop.web']]),
    );
    await large.holds(table, { timeoutMs: 90_000 });
    await stage.says('PanFirewall', { name: 'large' }, 'InSync', 90_000);
  }
  const most = await mostMemoryMb();
  assert.ok(most < memoryMb, `${most} MB`);
});
