// Scenarios that are disturbed, each with the end that every run must come to.
import assert from 'node:assert/strict';
import { ApiFailure } from '../../harness/api-client.ts';
import { waitFor } from '../../harness/wait-for.ts';
import type { DeviceOptions, Owned } from '../../scenarios/device.ts';
import { ask, heldPlans } from '../../scenarios/firewall-requests.ts';
import { ownerIdOf, type StagedDevice } from '../../scenarios/stage.ts';
import { breaksOf, type Pair, type Story } from '../oracle/table-story.ts';
import type { Site } from './site.ts';

export type Played = {
  /** From the start to the end; rejects where it does not come to it. */
  readonly play: () => Promise<void>;
  /** The end is what it was, also after a message came again. @param surprise `twice`: the table is read first. */
  readonly settled: (surprise: 'twice' | 'late') => Promise<void>;
  /** What was never to happen and did, one sentence each. @param surprised a former Pod's tag may have come back. */
  readonly breaks: (surprised: boolean) => readonly string[];
  /** Messages that the device has had. */
  readonly messages: () => number;
  /** Removes what it made, and checks that strangers' entries are as they were. */
  readonly close: () => Promise<void>;
};

export type Scenario = (site: Site, name: string) => Promise<Played>;

const prefix = 'k8s-prod.';
const rival = 'bbbbbbbbbbbb';
/** Of everything that a scenario waits for: a leader that was killed keeps its Lease for 10 s. */
export const patienceMs = 90_000;
const long = { timeoutMs: patienceMs };
/** No read comes by itself in time to mend anything. */
const resync = { fullIntervalSeconds: 900, markerIntervalSeconds: 5 };
/** So long ago that no Pod counts as a new holder after a restart. */
const networkReadyAt = () => new Date(Date.now() - 60_000);
const nothing: Story = { stay: [], apart: [], notBefore: [] };

export const scenarios: Readonly<Record<string, Scenario>> = {
  /** A Pod ends and another one takes its address, beside one that stays. */
  async rollout(site, name) {
    const { cluster } = site.stage;
    const set = await stageOne(site, name, { foreignOn: ['10.1.0.1'] });
    const app = (text: string) => `ns_${name}.app.${text}`;
    const pod = (of: string, ip: string) => ({ namespace: name, name: of, labels: { app: of }, ips: [ip] });
    await cluster.createPods(
      [pod('red', '10.1.0.1'), pod('green', '10.1.0.2')].map((one) => ({
        ...one,
        networkReadyAt: networkReadyAt(),
      })),
    );
    await site.stage.policy(
      { namespace: name, name },
      { firewallNames: [name], tags: [{ template: 'app.{{ labels.app }}' }] },
    );
    const end = { '10.1.0.1': [app('blue')], '10.1.0.2': [app('green')] };
    return set.played(
      end,
      async () => {
        await set.fw.holds({ '10.1.0.1': [app('red')], '10.1.0.2': [app('green')] }, long);
        await cluster.deletePod({ namespace: name, name: 'red' });
        await cluster.createPod(pod('blue', '10.1.0.1'));
        await set.fw.holds(end, long);
        await site.stage.says('PanFirewall', { name }, 'InSync', patienceMs);
        await site.stage.says('PanTagPolicy', { namespace: name, name }, 'InSync', patienceMs);
      },
      () => ({
        ...nothing,
        stay: [{ address: '10.1.0.2', tag: prefix + app('green') }],
        apart: [{ address: '10.1.0.1', tags: [prefix + app('red'), prefix + app('blue')] }],
      }),
    );
  },

  /** A policy is deleted that gave more addresses a tag than may go unasked; the plan is approved. */
  async guard(site, name) {
    const { cluster } = site.stage;
    const spec = { removalGuard: { percent: 1, minimum: 1 } };
    const set = await stageOne(site, name, { foreignOn: ['10.2.0.1'], spec });
    const ips = [1, 2, 3, 4, 5, 6, 7].map((i) => `10.2.0.${i}`);
    await cluster.createPods(
      ips.map((ip, i) => ({
        namespace: name,
        name: `web-${i}`,
        ips: [ip],
        networkReadyAt: networkReadyAt(),
      })),
    );
    for (const tag of ['all', 'web'])
      await site.stage.policy(
        { namespace: name, name: tag },
        { firewallNames: [name], tags: [{ template: tag }] },
      );
    const [all, web] = [`ns_${name}.all`, `ns_${name}.web`];
    const with_ = (...tags: string[]) => Object.fromEntries(ips.map((ip) => [ip, tags]));
    const pairs = (tag: string): Pair[] => ips.map((address) => ({ address, tag: prefix + tag }));
    let approvedAt = Infinity;
    return set.played(
      with_(all),
      async () => {
        await set.fw.holds(with_(all, web), long);
        await cluster.remove('PanTagPolicy', { namespace: name, name: 'web' });
        await site.stage.says('PanFirewall', { name }, 'RemovalsHeld', patienceMs);
        assert.deepEqual(set.fw.owned(), with_(all, web));
        approvedAt = set.fw.simulator.log().at(-1)?.seq ?? 0;
        await approveUntil(site, name, () => set.fw.owned()[ips[0] ?? '']?.length === 1);
        await set.fw.holds(with_(all), long);
        await site.stage.says('PanFirewall', { name }, 'InSync', patienceMs);
      },
      () => ({ ...nothing, stay: pairs(all), notBefore: [{ pairs: pairs(web), seq: approvedAt }] }),
    );
  },

  /** A PanFirewall is deleted, and its table purged. */
  async deletion(site, name) {
    const { cluster } = site.stage;
    const set = await stageOne(site, name, { foreignOn: ['10.3.0.1'], spec: { deletionPolicy: 'Purge' } });
    const ips = [1, 2, 3].map((i) => `10.3.0.${i}`);
    await cluster.createPods(
      ips.map((ip, i) => ({
        namespace: name,
        name: `web-${i}`,
        ips: [ip],
        networkReadyAt: networkReadyAt(),
      })),
    );
    await site.stage.policy(
      { namespace: name, name },
      { firewallNames: [name], tags: [{ template: 'web' }] },
    );
    const whole = Object.fromEntries(ips.map((ip) => [ip, [`ns_${name}.web`]]));
    let deletedAt = Infinity;
    return set.played(
      {},
      async () => {
        await set.fw.holds(whole, long);
        await site.stage.says('PanFirewall', { name }, 'InSync', patienceMs);
        deletedAt = set.fw.simulator.log().at(-1)?.seq ?? 0;
        await cluster.remove('PanFirewall', { name });
        await waitFor(() => isGone(site, name), {
          what: `PanFirewall ${name} to be gone`,
          timeoutMs: patienceMs,
        });
        assert.deepEqual([set.fw.owned(), set.fw.marks()], [{}, []], 'a purge that is over has left nothing');
        await site.stage.says('PanTagPolicy', { namespace: name, name }, 'FirewallMissing', patienceMs);
        assert.deepEqual([set.fw.owned(), set.fw.marks()], [{}, []], 'and nothing comes back');
      },
      () => ({
        ...nothing,
        notBefore: [
          { pairs: ips.map((address) => ({ address, tag: `${prefix}ns_${name}.web` })), seq: deletedAt },
        ],
      }),
    );
  },

  /** Another owner's place is taken; what it left is held until it is approved. */
  async adoption(site, name) {
    const { cluster } = site.stage;
    const left = { '10.4.0.9': ['ns_other.web'] };
    const set = await stageOne(site, name, { foreignOn: ['10.4.0.1'], leftOver: left, markedBy: [rival] });
    await cluster.createPod({
      namespace: name,
      name: 'web',
      ips: ['10.4.0.1'],
      networkReadyAt: networkReadyAt(),
    });
    await site.stage.policy(
      { namespace: name, name },
      { firewallNames: [name], tags: [{ template: 'web' }] },
    );
    const own = { '10.4.0.1': [`ns_${name}.web`] };
    const ours = `${prefix}_owner.${await ownerIdOf(cluster)}`;
    let approvedAt = Infinity;
    return set.played(
      own,
      async () => {
        await site.stage.says('PanFirewall', { name }, 'OwnershipConflict', patienceMs);
        assert.deepEqual(set.fw.messages(), [], 'nothing is written while it is another owner’s');
        await ask(cluster, name, 'adopt', rival);
        await set.fw.holds({ ...own, ...left }, long);
        await waitFor(() => set.fw.marks().join() === ours, {
          what: 'our mark alone',
          timeoutMs: patienceMs,
        });
        approvedAt = set.fw.simulator.log().at(-1)?.seq ?? 0;
        await approveUntil(site, name, () => set.fw.owned()['10.4.0.9'] === undefined);
        await set.fw.holds(own, long);
        await site.stage.says('PanFirewall', { name }, 'InSync', patienceMs);
      },
      () => ({
        ...nothing,
        stay: [{ address: '10.4.0.1', tag: `${prefix}ns_${name}.web` }],
        notBefore: [{ pairs: [{ address: '10.4.0.9', tag: `${prefix}ns_other.web` }], seq: approvedAt }],
      }),
    );
  },
};

type OneOptions = DeviceOptions & { readonly spec?: object };

/** A namespace, and a PanFirewall of the same name whose device is behind a tap. */
async function stageOne(site: Site, name: string, { spec, ...options }: OneOptions) {
  const { stage } = site;
  await stage.cluster.createNamespace(name);
  const fw: StagedDevice = await stage.device({ markedBy: [], ...options });
  const reached = await site.tapped(fw);
  await stage.reach(reached, { name, tagPrefix: fw.tagPrefix, spec: { resync, ...spec } });
  const isDeleted = spec !== undefined && 'deletionPolicy' in spec;
  const played = (end: Owned, play: () => Promise<void>, story: () => Story): Played => ({
    play,
    async settled(surprise) {
      if (surprise === 'twice') {
        // A PanFirewall that is gone reads nothing.
        if (isDeleted) return;
        await ask(stage.cluster, name, 'resync', 'now');
      }
      await fw.holds(end, long);
    },
    breaks: (surprised) => breaksOf(fw.messages(), surprised ? { ...story(), apart: [] } : story()),
    messages: () => fw.messages().length,
    close: async () => {
      await removeAll(site, name);
      await fw[Symbol.asyncDispose]();
    },
  });
  return { fw, played };
}

/** A plan may have another id after a restart: whoever approves looks again. */
async function approveUntil(site: Site, name: string, isDone: () => boolean): Promise<void> {
  const { cluster } = site.stage;
  const try_ = async (): Promise<boolean> => {
    if (isDone()) return true;
    const [held] = await heldPlans(cluster, name, () => true);
    if (held !== undefined) await ask(cluster, name, 'approve-removals', held.plan);
    return false;
  };
  await waitFor(try_, { what: 'what was approved to go', timeoutMs: patienceMs, intervalMs: 500 });
}

async function isGone(site: Site, name: string): Promise<boolean> {
  const found = await site.stage.cluster.get('PanFirewall', { name }).catch((error: unknown) => error);
  return found instanceof ApiFailure && found.code === 404;
}

/** The operator has ended: nobody else takes a finalizer off. */
async function removeAll({ stage: { cluster } }: Site, name: string): Promise<void> {
  const ignoring404 = async (act: Promise<unknown>): Promise<void> => {
    await act.catch((error: unknown) => {
      if (!(error instanceof ApiFailure && error.code === 404)) throw error;
    });
  };
  await ignoring404(cluster.patch('PanFirewall', { name }, { metadata: { finalizers: null } }));
  await ignoring404(cluster.remove('PanFirewall', { name }));
  for (const policy of await cluster.list('PanTagPolicy', name))
    await ignoring404(cluster.remove('PanTagPolicy', policy.metadata));
  for (const { metadata } of await cluster.list('Pod', name))
    await ignoring404(cluster.deletePod({ namespace: name, name: metadata.name }));
}
