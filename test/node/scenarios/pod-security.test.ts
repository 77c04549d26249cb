// Pod Security "restricted", enforced and warned of: chart, uninstall hook and kustomization are admitted without a word.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { install, operatorNamespace } from '../installation.ts';
import { images } from '../images.ts';
import { openNode } from '../node.ts';
import { allAvailable, operatorPods } from '../operator/operator-pods.ts';

const node = await openNode();
const level = 'restricted';
const labels = Object.fromEntries(
  ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, level]),
);
const place = `pan-tag-operator --namespace ${operatorNamespace}`;

/** Both standard output and standard error: warnings come on the latter. */
const said = (command: string, input = ''): Promise<string> =>
  node.shell(`{ ${command}; } 2>&1`, { input, timeoutMs: 150_000 });

function warnings(text: string): readonly string[] {
  return text.split('\n').filter((line) => /warning|violate/i.test(line));
}

test('the namespace does warn of a Pod that is not restricted', async () => {
  await node.kubectl(['create', 'namespace', 'loose']);
  try {
    await node.shell(`kubectl label namespace loose pod-security.kubernetes.io/warn=${level}`);
    const text = await said(
      `kubectl run loose --namespace loose --image=${images.workload} --image-pull-policy=Never`,
    );
    assert.notDeepEqual(warnings(text), [], text);
  } finally {
    await node.kubectl(['delete', 'namespace', 'loose', '--timeout=60s']);
  }
});

test('the chart, its simulator and its uninstall hook run under it without a warning', async () => {
  const operator = await install(node, { labels });
  try {
    const values = JSON.stringify({
      image: { repository: images.operator.split(':')[0] },
      simulator: { enabled: true },
      uninstall: { purge: true },
    });
    const upgraded = await said(
      `helm upgrade ${place.replace(' ', ' helm/pan-tag-operator ')} --values - --wait --timeout 2m`,
      values,
    );
    assert.deepEqual(warnings(upgraded), []);
    await allAvailable(node);
    const uninstalled = await said(`helm uninstall ${place} --wait`);
    assert.deepEqual(warnings(uninstalled), []);
  } finally {
    await operator.uninstall();
  }
});

test('the kustomization runs under it without a warning', async () => {
  const name = images.operator.split(':')[0];
  const remove = 'kubectl delete -k deploy/ --ignore-not-found --timeout=90s';
  try {
    const text = await said(
      `kubectl apply --server-side -f crds/; kubectl kustomize deploy/ | sed 's#image: pan-tag-operator:#image: ${name}:#; s#^\\( *\\)pod-security.kubernetes.io/enforce: restricted#&\\n\\1pod-security.kubernetes.io/warn: restricted#' | kubectl apply --server-side -f -`,
    );
    assert.deepEqual(warnings(text), []);
    await allAvailable(node);
    const pods = await operatorPods(node);
    assert.equal(pods.length, 2);
    assert.ok(pods.every(({ isReady }) => isReady));
    const given = await node.kubectl(['get', 'namespace', operatorNamespace, '-o', 'json']);
    assert.match(given, /pod-security\.kubernetes\.io\/warn": "restricted"/);
  } finally {
    await said(remove);
  }
});
