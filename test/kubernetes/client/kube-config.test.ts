// Finding the API server: the order of places, and errors that name the fix and never a secret.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { stringify } from 'yaml';
import { KubeConfigError, loadKubeConfig } from '../../../src/kubernetes/client/kube-config.ts';
import { kubeconfig } from '../reflector/scripted-api.ts';

function folder(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pan-tag-config-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function write(path: string, content: unknown): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : stringify(content));
  return path;
}

/** Sets variables for one test; no test of this file runs beside another. */
function setEnvironment(context: TestContext, values: Record<string, string | undefined>): void {
  const set = (entries: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(entries)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]));
  context.after(() => set(before));
  set(values);
}

const server = 'https://api.example.net:6443';

test('a given path comes before KUBECONFIG, that before ~/.kube/config, and nothing at all is an error', (context) => {
  const directory = folder(context);
  const given = write(join(directory, 'given'), kubeconfig('https://given'));
  const variable = write(join(directory, 'variable'), kubeconfig('https://variable'));
  write(join(directory, 'home/.kube/config'), kubeconfig('https://home'));
  setEnvironment(context, { KUBECONFIG: variable, HOME: join(directory, 'home') });
  assert.equal(loadKubeConfig(given).server.host, 'given');
  assert.equal(loadKubeConfig(undefined).server.host, 'variable');
  setEnvironment(context, { KUBECONFIG: undefined });
  assert.equal(loadKubeConfig(undefined).server.host, 'home');
  setEnvironment(context, { HOME: directory });
  assert.throws(
    () => loadKubeConfig(undefined),
    (error) =>
      error instanceof KubeConfigError &&
      ['--kubeconfig', 'KUBECONFIG', '~/.kube/config', 'ServiceAccount'].every((word) =>
        error.message.includes(word),
      ),
  );
});

test("the namespace of a kubeconfig's context is not the namespace we run in", (context) => {
  const base = kubeconfig(server) as Record<string, unknown>;
  const contexts = [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'default' } }];
  const path = write(join(folder(context), 'config'), { ...base, contexts });
  assert.equal(loadKubeConfig(path).namespace, undefined);
});

test('an unusable kubeconfig says what is wrong with it, and never what it holds', (context) => {
  const directory = folder(context);
  const base = kubeconfig(server) as Record<string, unknown>;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{}, /set its current-context/],
    [{ ...base, 'current-context': 'gone' }, /set its current-context/],
    [{ ...base, clusters: [] }, /set its current-context/],
    [{ ...base, clusters: [{ name: 'test', cluster: {} }] }, /clusters\[0\]\.cluster\.server is missing/],
    [
      kubeconfig('http://localhost:8001', {}, { 'insecure-skip-tls-verify': false }),
      /clear text.*insecure-skip-tls-verify/,
    ],
    [kubeconfig('api.example.net'), /not an https URL/],
    [kubeconfig(server, {}, { 'certificate-authority': 'gone.crt' }), /CA file .*gone\.crt.* does not exist/],
    ['null', /not a kubeconfig/],
    ['', /not YAML/],
    ['users: [{name: test, user: {token: hunter2, username: [}}]', /not YAML/],
    ['users:\n- name: test\n  user:\n    token: hunter2\n   username: x\n', /not YAML/],
  ];
  for (const [content, expected] of cases) {
    const path = write(join(directory, 'config'), content);
    assert.throws(
      () => loadKubeConfig(path),
      (error) => {
        assert.ok(error instanceof KubeConfigError);
        assert.match(error.message, expected);
        assert.doesNotMatch(String(error.stack), /hunter2/);
        return true;
      },
    );
  }
  const missing = join(directory, 'nowhere');
  assert.throws(() => loadKubeConfig(missing), /nowhere cannot be read: ENOENT/);
});

test('plain http is for those who say that they mean it', (context) => {
  const path = write(join(folder(context), 'config'), kubeconfig('http://localhost:8001'));
  assert.equal(loadKubeConfig(path).server.href, 'http://localhost:8001/');
});
