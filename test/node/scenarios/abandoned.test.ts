// A node whose owner is killed: it ends with it and leaves nothing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { waitFor } from '../../harness/wait-for.ts';
import { findLeftovers } from '../leftovers.ts';
import { ensurePackages } from '../packages.ts';
import { ensureKubeNode } from '../programs.ts';

const owner = `
  import { startNode } from '${import.meta.dirname}/../start.ts';
  const parts = JSON.parse(process.argv[1]);
  const buildImages = (folder) => {
    console.log(folder.slice(0, -'/images'.length));
    return new Promise(() => {});
  };
  await startNode({ ...parts, buildImages });
`;

test('a node ends with the process that has started it, even by SIGKILL', async () => {
  const parts = {
    packages: await ensurePackages(),
    kubeNode: await ensureKubeNode(),
    kubeRouter: '/nonexistent',
    helm: '/nonexistent',
  };
  const process = spawn(
    globalThis.process.execPath,
    ['--input-type=module', '--eval', owner, JSON.stringify(parts)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [state] = (await once(createInterface(process.stdout), 'line')) as [string];
  const runs = async (): Promise<boolean> =>
    (await findLeftovers(state)).some((thing) => /^process .*kube-apiserver/.test(thing));
  await waitFor(runs, { what: 'its API server', timeoutMs: 20_000 });
  process.kill('SIGKILL');
  const gone = async (): Promise<boolean> => {
    assert.deepEqual(await findLeftovers(state), []);
    return true;
  };
  await waitFor(gone, { what: 'nothing left of it', timeoutMs: 20_000 });
});
