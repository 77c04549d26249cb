// The operator's container as the kubelet runs it: probes, memory limit and heap, identity, read-only root, permission model, log.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../harness/wait-for.ts';
import { metricValue } from '../../scenarios/probes.ts';
import { install, operatorNamespace } from '../installation.ts';
import { openNode } from '../node.ts';
import {
  allAvailable,
  ask,
  evaluateIn,
  operatorPods,
  processId,
  type OperatorPod,
} from '../operator/operator-pods.ts';

const node = await openNode();
const operator = await install(node, { values: { replicaCount: 1 } });
after(() => operator.uninstall());

async function onlyPod(): Promise<OperatorPod> {
  await allAvailable(node);
  const look = async (): Promise<readonly OperatorPod[] | undefined> => {
    const pods = await operatorPods(node);
    return pods.length === 1 && pods[0]?.isReady ? pods : undefined;
  };
  const [pod] = await waitFor(look, { what: 'one Pod', timeoutMs: 60_000 });
  return pod ?? assert.fail();
}

/** What Node was called with, before the program. */
async function nodeFlags(pod: OperatorPod): Promise<readonly string[]> {
  const line = await node.exec(['cat', `/proc/${await processId(node, pod)}/cmdline`]);
  const words = line.split('\0');
  return words.slice(1, words.indexOf('/app/pan-tag-operator.js'));
}

test('it runs as 65532, without capabilities, new privileges or system calls that seccomp withholds', async () => {
  const status = await node.exec(['cat', `/proc/${await processId(node, await onlyPod())}/status`]);
  const fields = Object.fromEntries(
    status.split('\n').map((line) => [line.split(':')[0], line.split(':')[1]?.trim().replaceAll('\t', ' ')]),
  );
  const { Uid, Gid, Groups, CapInh, CapPrm, CapEff, CapBnd, CapAmb, NoNewPrivs, Seccomp } = fields;
  const four = Array(4).fill('65532').join(' ');
  const none = '0'.repeat(16);
  assert.deepEqual(
    { Uid, Gid, Groups, CapInh, CapPrm, CapEff, CapBnd, CapAmb, NoNewPrivs, Seccomp },
    {
      Uid: four,
      Gid: four,
      Groups: '65532',
      CapInh: none,
      CapPrm: none,
      CapEff: none,
      CapBnd: none,
      CapAmb: none,
      NoNewPrivs: '1',
      Seccomp: '2',
    },
  );
});

test('its root is read-only, also for a Node without a permission model', async () => {
  const attempt = `
    const write = (path) => { try { require('fs').writeFileSync(path, 'x'); return 'written'; } catch ({ code }) { return code; } };
    console.log(JSON.stringify(['/x', '/app/x', '/tmp/x', '/nodejs/bin/x', '/etc/x'].map(write)));`;
  const codes = JSON.parse(await evaluateIn(node, await onlyPod(), [], attempt)) as readonly string[];
  assert.deepEqual([...new Set(codes)], ['EROFS']);
});

test('its permission model refuses every write, program, thread and read but of its ServiceAccount and of itself', async () => {
  const pod = await onlyPod();
  const script = `
    const fs = require('fs');
    const attempt = (act) => { try { act(); return 'done'; } catch ({ code }) { return code; } };
    const secrets = '/var/run/secrets/kubernetes.io/serviceaccount/';
    console.log(JSON.stringify({
      token: attempt(() => fs.readFileSync(secrets + 'token')),
      authority: attempt(() => fs.readFileSync(secrets + 'ca.crt')),
      itself: attempt(() => fs.readFileSync('/proc/self/stat')),
      passwd: attempt(() => fs.readFileSync('/etc/passwd')),
      environment: attempt(() => fs.readFileSync('/proc/1/environ')),
      folder: attempt(() => fs.readdirSync('/')),
      write: attempt(() => fs.writeFileSync('/dev/shm/x', 'x')),
      program: attempt(() => require('child_process').execFileSync('/nodejs/bin/node', ['-v'])),
      thread: attempt(() => new (require('worker_threads').Worker)('1', { eval: true })),
    }));`;
  const found = JSON.parse(await evaluateIn(node, pod, await nodeFlags(pod), script)) as object;
  const refused = 'ERR_ACCESS_DENIED';
  assert.deepEqual(found, {
    token: 'done',
    authority: 'done',
    itself: 'done',
    passwd: refused,
    environment: refused,
    folder: refused,
    write: refused,
    program: refused,
    thread: refused,
  });
});

test('the heap follows the memory limit of the container', async (t) => {
  const mib = 2 ** 20;
  for (const memory of [512, 256]) {
    await operator.upgrade({
      replicaCount: 1,
      resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: `${memory}Mi` } },
    });
    const pod = await onlyPod();
    const flags = await nodeFlags(pod);
    const script =
      'console.log(JSON.stringify([v8.getHeapStatistics().heap_size_limit, process.constrainedMemory()]))';
    const [heap = 0, limit = 0] = JSON.parse(await evaluateIn(node, pod, flags, script)) as readonly number[];
    const resident = metricValue((await ask(pod, '/metrics')).text, 'process_resident_memory_bytes', {}) ?? 0;
    t.diagnostic(
      `limit ${memory} MiB: heap limit ${Math.round(heap / mib)} MiB, ${Math.round(resident / mib)} MiB resident when idle`,
    );
    assert.equal(limit, memory * mib, 'the container has another limit than the chart says');
    assert.ok(heap > 0.55 * limit && heap < 0.65 * limit, `${heap}`);
    assert.ok(resident > 0 && resident < 0.75 * limit, `${resident}`);
  }
});

test('without the list of Pods it is alive and not ready, names the right, and is ready as soon as it has it', async () => {
  const role = ['clusterrole', 'pan-tag-operator'];
  const saved = JSON.parse(await node.kubectl(['get', ...role, '-o', 'json'])) as ClusterRole;
  const rules = saved.rules.filter(({ resources = [] }) => !resources.includes('pods'));
  assert.equal(rules.length, saved.rules.length - 1);
  await replaceRules(saved, rules);
  try {
    const former = await onlyPod();
    await node.kubectl(['delete', 'pod', former.name, '-n', operatorNamespace]);
    const live = async (): Promise<OperatorPod | undefined> => {
      const [pod] = await operatorPods(node);
      return pod !== undefined && pod.address !== '' && (await ask(pod, '/healthz')).ok ? pod : undefined;
    };
    const pod = (await waitFor(live, { what: 'a live Pod', timeoutMs: 60_000 })) ?? assert.fail();
    const named = async (): Promise<boolean> => {
      const { ok, text } = await ask(pod, '/readyz');
      assert.match(text, /^pods: .*forbidden/m);
      return !ok;
    };
    await waitFor(named, { what: 'the missing right in /readyz', timeoutMs: 60_000 });
    // The liveness probe looks every 20 s.
    await sleep(25_000);
    const [now] = await operatorPods(node);
    assert.deepEqual({ ...now, containerId: '' }, { ...pod, containerId: '', isReady: false, restarts: 0 });
  } finally {
    await replaceRules(saved, saved.rules);
  }
  const pod = await onlyPod();
  assert.equal(pod.restarts, 0);
  assert.ok((await ask(pod, '/readyz')).ok);
});

type ClusterRole = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: object; readonly annotations?: object };
  readonly rules: readonly { readonly resources?: readonly string[] }[];
};

async function replaceRules(
  { apiVersion, kind, metadata: { name, labels, annotations } }: ClusterRole,
  rules: ClusterRole['rules'],
): Promise<void> {
  const input = JSON.stringify({ apiVersion, kind, metadata: { name, labels, annotations }, rules });
  await node.kubectl(['replace', '-f', '-'], { input });
}

test('pretty logs are lines for people, in the container too', async () => {
  await operator.upgrade({ replicaCount: 1, log: { format: 'pretty' } });
  const { name } = await onlyPod();
  const lines = (await node.kubectl(['logs', name, '-n', operatorNamespace])).trimEnd().split('\n');
  assert.ok(lines.length > 3, lines.join('\n'));
  for (const line of lines) assert.ok(!line.startsWith('{'), line);
  assert.match(lines.join('\n'), /leading|standing by/);
});

test('one that answers no more is ended by the kubelet and started anew', async (t) => {
  // As often as a test can wait for; path and port are the chart's.
  const probe = { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 3 };
  const container = { name: 'operator', livenessProbe: probe };
  const patch = {
    spec: { template: { spec: { containers: [container], terminationGracePeriodSeconds: 2 } } },
  };
  await node.kubectl([
    'patch',
    'deployment',
    'pan-tag-operator',
    '-n',
    operatorNamespace,
    '-p',
    JSON.stringify(patch),
  ]);
  const pod = await onlyPod();
  await node.exec(['kill', '-STOP', await processId(node, pod)]);
  const begun = performance.now();
  const restarted = async (): Promise<boolean> => (await onlyPod()).restarts === 1;
  await waitFor(restarted, { what: 'a restart', timeoutMs: 60_000 });
  t.diagnostic(
    `stopped process ended and started anew after ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  );
});
