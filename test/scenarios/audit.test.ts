// The audit log against the device's own: pair by pair, through turnover, edits, refusals, lost answers and a purge.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { waitFor } from '../harness/wait-for.ts';
import type { LogEntry } from '../../simulator/simulator.ts';
import { ask, heldPlan } from './firewall-requests.ts';
import { openStage } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
const operator = await stage.startOperator({ args: ['--audit-log'] });

type Line = Readonly<Record<string, unknown>>;

const lines = (): readonly Line[] => operator.logs().filter((line) => line['audit'] === true);
const pairs = (): readonly Line[] => lines().filter(({ op }) => op !== undefined);
const pairOf = (line: Line) => [line['op'], line['address'], line['tag']].join(' ');

/** What each message did, as the audit log tells it: the messages in order, each with its pairs sorted. */
function audited(): readonly (readonly string[])[] {
  const messages = Map.groupBy(pairs(), ({ message }) => message);
  return [...messages.values()].map((told) =>
    told.map((line) => [pairOf(line), line['outcome']].join(' ')).sort(),
  );
}

/** The same as the device saw it. */
function seen(messages: readonly LogEntry[]): readonly (readonly string[])[] {
  return messages.map(({ register, unregister, fault }) => {
    const outcome = fault === 'garbage' ? 'unknown' : 'confirmed';
    const told = (op: string, outcomes: LogEntry['register']) =>
      outcomes
        .filter((pair) => pair.outcome !== 'refused')
        .map(({ ip, tag }) => `${op} ${ip} ${tag} ${outcome}`);
    return [...told('+', register), ...told('-', unregister)].sort();
  });
}

const ns = 'shop';
const tag = (suffix: string) => `k8s-prod.ns_${ns}.${suffix}`;
await cluster.createNamespace(ns);
const fw = await stage.firewall({
  name: 'edge',
  foreignOn: ['10.1.0.1'],
  spec: { deletionPolicy: 'Purge', removalGuard: { percent: 0, minimum: 0 } },
});
const last = (match: Line): Line =>
  pairs().findLast((line) => Object.entries(match).every(([key, value]) => line[key] === value)) ??
  assert.fail(`no line of ${JSON.stringify(match)}`);
const isTold = async (): Promise<void> => {
  await waitFor(
    () => {
      assert.deepEqual(audited(), seen(fw.messages()));
      return true;
    },
    { what: 'the audit log to tell what the device did' },
  );
};

test('Pods come: each pair has its line, with the Pod and the policy, and so has the ownership mark', async () => {
  await stage.policy(
    { namespace: ns, name: 'web' },
    { firewallNames: ['edge'], tags: [{ template: 'web' }, { labelKeys: ['tier'] }] },
  );
  await cluster.createPods(
    [1, 2].map((i) => ({ namespace: ns, name: `web-${i}`, ips: [`10.1.0.${i}`], labels: { tier: 'gold' } })),
  );
  const both = [`ns_${ns}.web`, `ns_${ns}.tier.gold`];
  await fw.holds({ '10.1.0.1': both, '10.1.0.2': both });
  await isTold();
  const { object, policies, cause } = last({ address: '10.1.0.1', tag: tag('web') });
  assert.deepEqual(object, { kind: 'Pod', namespace: ns, name: 'web-1' });
  assert.deepEqual(policies, [{ kind: 'PanTagPolicy', namespace: ns, name: 'web' }]);
  assert.equal(cause, undefined);
  assert.equal(last({ address: '192.0.2.1' })['cause'], 'mark');
});

test('a Pod goes and another one takes its address, and a label changes', async () => {
  await cluster.deletePod({ namespace: ns, name: 'web-1' });
  await fw.holds({ '10.1.0.2': [`ns_${ns}.web`, `ns_${ns}.tier.gold`] });
  await cluster.createPod({ namespace: ns, name: 'web-3', ips: ['10.1.0.1'] });
  await cluster.labelPod({ namespace: ns, name: 'web-2' }, { tier: 'silver' });
  await fw.holds({ '10.1.0.1': [`ns_${ns}.web`], '10.1.0.2': [`ns_${ns}.web`, `ns_${ns}.tier.silver`] });
  await isTold();
  const gone = last({ op: '-', address: '10.1.0.1', tag: tag('web') });
  assert.equal(gone['cause'], 'vacated');
  assert.deepEqual(gone['object'], { kind: 'Pod', namespace: ns, name: 'web-1' });
  assert.equal(last({ op: '-', tag: tag('tier.gold') })['cause'], 'relabelled');
  const come = last({ op: '+', address: '10.1.0.1', tag: tag('web') });
  assert.deepEqual(come['object'], { kind: 'Pod', namespace: ns, name: 'web-3' });
});

test('an edit of a policy adds at once, and takes away when it is approved; the line names the policy', async () => {
  await cluster.patch(
    'PanTagPolicy',
    { namespace: ns, name: 'web' },
    { spec: { tags: [{ template: 'app' }] } },
  );
  const plan = await heldPlan(cluster, 'edge', (held) => held?.addresses === 2);
  await isTold();
  const before = pairs().length;
  await ask(cluster, 'edge', 'approve-removals', plan?.plan ?? '');
  await fw.holds({ '10.1.0.1': [`ns_${ns}.app`], '10.1.0.2': [`ns_${ns}.app`] });
  await isTold();
  const ended = pairs().slice(before);
  assert.equal(ended.length, 3);
  for (const { op, cause, by } of ended)
    assert.deepEqual(
      [op, cause, by],
      ['-', 'policy', { kind: 'PanTagPolicy', name: `${ns}/web`, change: 'edited' }],
    );
});

test('a pair that the device refuses has no line, and what went with it has', async () => {
  fw.simulator.inject({ fault: 'reject', section: 'register', ip: '10.1.0.4', text: 'no room for it' });
  await cluster.createPods([4, 5].map((i) => ({ namespace: ns, name: `web-${i}`, ips: [`10.1.0.${i}`] })));
  await fw.holds({
    '10.1.0.1': [`ns_${ns}.app`],
    '10.1.0.2': [`ns_${ns}.app`],
    '10.1.0.5': [`ns_${ns}.app`],
  });
  await isTold();
  assert.deepEqual(
    pairs().filter(({ address }) => address === '10.1.0.4'),
    [],
  );
  fw.simulator.clearFaults();
  await cluster.deletePod({ namespace: ns, name: 'web-4' });
});

test('where the answer is lost the log says so, and says what is sent again', async () => {
  const { length } = pairs();
  fw.simulator.inject({ fault: 'garbage', on: 'message', count: 1 });
  await cluster.createPod({ namespace: ns, name: 'web-6', ips: ['10.1.0.6'] });
  await waitFor(
    () => pairs().some((line) => line['address'] === '10.1.0.6' && line['outcome'] === 'confirmed'),
    {
      what: 'the pair to be confirmed',
      timeoutMs: 30_000,
    },
  );
  await isTold();
  assert.deepEqual(
    pairs()
      .slice(length)
      .filter(({ address }) => address === '10.1.0.6')
      .map((line) => [pairOf(line), line['outcome']].join(' ')),
    ['unknown', 'confirmed'].map((outcome) => `+ 10.1.0.6 ${tag('app')} ${outcome}`),
  );
});

test('a purge is told as such, the mark last, and the end of the process as the last line', async () => {
  const { length } = pairs();
  await cluster.remove('PanFirewall', { name: 'edge' });
  await waitFor(async () => (await cluster.list('PanFirewall')).length === 0, {
    what: 'the PanFirewall to go',
    timeoutMs: 100_000,
  });
  assert.deepEqual(fw.owned(), {});
  await isTold();
  const purged = pairs().slice(length);
  assert.deepEqual(
    purged.map(({ op, cause }) => [op, cause]),
    [...purged.slice(1).map(() => ['-', 'purge']), ['-', 'mark']],
  );
  assert.equal(purged.length, 5);
  await operator.stop();
  assert.deepEqual([lines()[0]?.['msg'], lines().at(-1)?.['msg']], ['audit log begins', 'audit log ends']);
});
