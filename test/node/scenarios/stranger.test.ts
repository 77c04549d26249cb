// The chart as a stranger installs it: the commands of README and notes, pasted word for word.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { commandsIn } from '../../chart/note-commands.ts';
import { waitFor } from '../../harness/wait-for.ts';
import { openNode } from '../node.ts';
import { controller } from '../workloads.ts';

const node = await openNode();
const release = '-n pan-tag-operator pan-tag-operator';

after(async () => {
  await node.kubectl(['delete', 'deployment', 'web', '--ignore-not-found']);
  await node.shell(`helm uninstall --ignore-not-found ${release}`);
  await node.kubectl(['delete', 'namespace', 'pan-tag-operator', '--ignore-not-found']);
});

/** What the README has for those whose image is in their registry, and who have no firewall at hand. */
async function installCommand(): Promise<string> {
  const readme = await readFile(join(import.meta.dirname, '../../../README.md'), 'utf8');
  const [command] =
    /^helm install (?:.*\\\n)*.*$/m.exec(readme) ?? assert.fail('no helm install in the README');
  const [, option] =
    /`(--set simulator\.enabled=true)`/.exec(readme) ?? assert.fail('no simulator in the README');
  return `${command} ${option}`;
}

/** What the README has to look at an installation from within. */
async function testCommand(): Promise<string> {
  const readme = await readFile(join(import.meta.dirname, '../../../README.md'), 'utf8');
  const [, command] = /`(helm test .*?)`/.exec(readme) ?? assert.fail('no helm test in the README');
  return command ?? '';
}

type Table = Readonly<Record<string, { readonly tags: readonly string[] }>>;

/** Address -> tags of the simulated firewall, by the notes' last command. */
async function readTable(showTable: string): Promise<Table> {
  const output = await node.shell(showTable);
  const [json] = /^\{.*/m.exec(output) ?? assert.fail(`no table in: ${output}`);
  return (JSON.parse(json) as { readonly vsys1: Table }).vsys1;
}

/** Of the Pods that are not about to end, sorted. */
async function podAddresses(): Promise<readonly string[]> {
  const { items } = JSON.parse(await node.kubectl(['get', 'pods', '-l', 'app=web', '-o', 'json'])) as {
    readonly items: readonly {
      readonly metadata: { readonly deletionTimestamp?: string };
      readonly status: { readonly podIP?: string };
    }[];
  };
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return staying.flatMap(({ status }) => status.podIP ?? []).sort();
}

test('installed by README and notes, it follows a Deployment and goes', async (t) => {
  const begun = performance.now();
  await node.shell(await installCommand());
  await node.shell(
    'kubectl wait --for=condition=Available deployment --all -n pan-tag-operator --timeout=60s',
  );
  t.diagnostic(`installed in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  const commands = commandsIn(await node.shell(`helm get notes ${release}`));
  await node.shell(commands);
  await node.kubectl(['wait', '--for=condition=Ready', 'pantagpolicy/all', '--timeout=60s']);

  const showTable = commands.slice(commands.indexOf('kubectl port-forward'));
  const follows = async (replicas: number): Promise<void> => {
    await node.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    const addresses = await podAddresses();
    assert.equal(addresses.length, replicas);
    const tagged = async (): Promise<boolean> => {
      const { '192.0.2.1': mark, ...held } = await readTable(showTable);
      assert.match(mark?.tags.join() ?? '', /^k8s-try\._owner\./);
      const expected = Object.fromEntries(addresses.map((address) => [address, ['k8s-try.ns_default.all']]));
      assert.deepEqual(
        Object.fromEntries(Object.entries(held).map(([ip, { tags }]) => [ip, tags])),
        expected,
      );
      return true;
    };
    await waitFor(tagged, { what: `the ${replicas} Pods in the table`, timeoutMs: 30_000 });
  };
  const web = controller(
    'Deployment',
    { name: 'web', namespace: 'default', args: ['--port=8080'] },
    { replicas: 3 },
  );
  await node.kubectl(['apply', '-f', '-'], { input: JSON.stringify(web) });
  await follows(3);
  for (const replicas of [6, 1]) {
    await node.kubectl(['scale', 'deployment/web', `--replicas=${replicas}`]);
    await follows(replicas);
  }
  const report = await node.shell(await testCommand());
  for (const line of [
    /✓ rights +system:serviceaccount:\S+ has all \d+/,
    /✓ certificate +CN=/,
    /✓ table vsys1 +2 entries/,
  ])
    assert.match(report, line);
  assert.doesNotMatch(report, /✗/);
  await node.kubectl(['delete', 'deployment/web']);
  const emptied = async (): Promise<boolean> =>
    Object.keys(await readTable(showTable)).join() === '192.0.2.1';
  await waitFor(emptied, { what: 'an empty table', timeoutMs: 30_000 });

  await node.kubectl(['delete', 'pantagpolicy/all', 'panfirewall/simulator', '--timeout=60s']);
  await node.shell(`helm uninstall ${release}`);
  const left = (): Promise<string> => node.kubectl(['get', 'all', '-n', 'pan-tag-operator', '-o', 'name']);
  const isEmpty = async (): Promise<boolean> => (await left()) === '';
  await waitFor(isEmpty, { what: 'nothing of the release', timeoutMs: 40_000, intervalMs: 500 });
});
