// Explanations in a scenario's error when a device does not come to hold what is expected.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { explained } from './explained.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());

test('the error of a table that is not as expected has the status and what the log explains of the address', async () => {
  await stage.startOperator();
  await using fw = await stage.firewall({ name: 'edge', foreignOn: [], spec: { mode: 'Observe' } });
  await stage.cluster.createNamespace('shop');
  await stage.cluster.createPod({ namespace: 'shop', name: 'web', ips: ['10.1.0.1'] });
  await stage.policy(
    { namespace: 'shop', name: 'web' },
    { firewallNames: ['edge'], tags: [{ template: 'web' }] },
  );
  const failure = await fw.holds({ '10.1.0.1': ['ns_shop.web'] }, { timeoutMs: 12_000 }).catch(String);
  const text = String(failure);
  assert.match(text, /10\.1\.0\.1 has nothing instead of ns_shop\.web/, 'the error itself comes first');
  assert.match(text, /PanFirewalls: .*"reason":"Observing".*"tables":\[.*"state":"Observing"/);
  assert.match(text, /address explained: .*"address":"10\.1\.0\.1".*"writeMode":"observe"/);
});

test('what fails while more is gathered hides nothing', async () => {
  const cause = new Error('waited in vain');
  const refuse = () => {
    throw new Error('gone');
  };
  const { message, cause: kept } = await explained(cause, {
    addresses: refuse,
    firewalls: refuse,
    logs: refuse,
  });
  assert.equal(kept, cause);
  assert.match(
    message,
    /^waited in vain\nPanFirewalls: not known: Error: gone\naddress explained: not known/,
  );
  const silent = { addresses: () => ['10.1.0.1'], firewalls: async () => [], logs: () => [] };
  assert.match((await explained(cause, silent)).message, /PanFirewalls: none\naddress explained: none/);
});
