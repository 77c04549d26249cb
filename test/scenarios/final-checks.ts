// What must hold at the end of every scenario, whatever it was about.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { KubernetesObject } from '../harness/api-client.ts';
import type { Cluster } from '../harness/cluster.ts';
import type { Status } from './statuses.ts';

/** The operator told no secret and met no bug of its own: every line is JSON of a level below error. */
export async function checkLog(logFile: string, secrets: ReadonlySet<string>): Promise<void> {
  const text = await readFile(logFile, 'utf8');
  checkSecrecy('the log', text, secrets);
  const ordinary = /^\{"level":"(?:debug|info|warn)"/;
  const lines = text.split('\n').filter((line) => line !== '' && !ordinary.test(line));
  assert.deepEqual(lines, [], 'errors, or lines that are no log lines');
}

/** No object that the operator writes tells a secret. */
export async function checkObjects(cluster: Cluster, secrets: ReadonlySet<string>): Promise<void> {
  for (const kind of ['PanFirewall', 'PanTagPolicy', 'ClusterPanTagPolicy', 'Event', 'Lease'] as const) {
    checkSecrecy(`a ${kind}`, JSON.stringify(await cluster.list(kind)), secrets);
  }
}

function checkSecrecy(where: string, text: string, secrets: ReadonlySet<string>): void {
  for (const secret of secrets) {
    assert.ok(!text.includes(secret), `a secret is in ${where}, it begins with ${secret.slice(0, 6)}`);
  }
  // Every API key that a simulator makes begins so, and every session's id is of this form; also those that were made
  // for the operator alone.
  assert.ok(!text.includes('LUFRPT'), `an API key is in ${where}`);
  assert.doesNotMatch(text, /PHPSESSID|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/, `a session is in ${where}`);
}

/**
 * The rules of the Kubernetes API conventions and of kstatus, for every object of ours that has a status: Ready is
 * there, with either Reconciling or Stalled beside it when it is not True; no generation is from the future.
 */
export async function checkConventions(cluster: Cluster): Promise<void> {
  for (const kind of ['PanFirewall', 'PanTagPolicy', 'ClusterPanTagPolicy'] as const) {
    for (const { metadata, status } of await cluster.list<KubernetesObject & { status?: Status }>(kind)) {
      if (status === undefined) continue;
      const { observedGeneration = 0, conditions = [] } = status;
      const name = `${kind} ${metadata.name}: ${JSON.stringify(conditions)}`;
      const types = conditions.map(({ type }) => type).sort();
      const isReady = conditions.find(({ type }) => type === 'Ready')?.status === 'True';
      const allowed = isReady
        ? [['Ready']]
        : [
            ['Ready', 'Reconciling'],
            ['Ready', 'Stalled'],
          ];
      assert.ok(
        allowed.some((one) => one.join() === types.join()),
        name,
      );
      assert.ok(observedGeneration <= (metadata.generation ?? 0), name);
      for (const condition of conditions) {
        assert.ok(condition.type === 'Ready' || condition.status === 'True', name);
        assert.equal(condition.observedGeneration, observedGeneration, name);
        assert.notEqual(condition.message, '', name);
      }
    }
  }
}
