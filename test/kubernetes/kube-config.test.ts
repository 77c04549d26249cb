// Finding the API server: the order of places, the meaning of each field, and errors that name the fix.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { stringify } from 'yaml';
import { KubeConfigError, loadKubeConfig } from '../../src/kubernetes/kube-config.ts';
import { kubeconfig } from './scripted-api.ts';

function folder(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pan-tag-config-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function write(path: string, content: unknown): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : stringify(content));
  return path;
}

const server = 'https://api.example.net:6443';

test('an explicit path comes before KUBECONFIG, that before ~/.kube/config, that before the Pod we run in', (context) => {
  const directory = folder(context);
  const named = (name: string) => kubeconfig(`https://${name}`);
  const explicit = write(join(directory, 'explicit'), named('explicit'));
  const fromVariable = write(join(directory, 'variable'), named('variable'));
  write(join(directory, 'home/.kube/config'), named('home'));
  write(join(directory, 'sa/token'), 't');
  write(join(directory, 'sa/namespace'), 'pan-tag\n');
  const environment = {
    KUBECONFIG: fromVariable,
    HOME: join(directory, 'home'),
    KUBERNETES_SERVICE_HOST: 'fd00::1',
    KUBERNETES_SERVICE_PORT: '6443',
  };
  const serviceAccountDirectory = join(directory, 'sa');
  const load = (kubeconfigPath: string | undefined, changes: object) =>
    loadKubeConfig({ kubeconfigPath, environment: { ...environment, ...changes }, serviceAccountDirectory });

  assert.equal(load(explicit, {}).server.host, 'explicit');
  assert.equal(load(undefined, {}).server.host, 'variable');
  assert.equal(load(undefined, { KUBECONFIG: '' }).server.host, 'home');
  const inCluster = load(undefined, { KUBECONFIG: undefined, HOME: directory });
  assert.equal(inCluster.server.href, 'https://[fd00::1]:6443/');
  assert.equal(inCluster.inClusterNamespace, 'pan-tag');
  assert.equal(inCluster.user.tokenFile, join(directory, 'sa/token'));
  assert.deepEqual(inCluster.certificateAuthority, { file: join(directory, 'sa/ca.crt') });
  assert.equal(load(explicit, {}).inClusterNamespace, undefined);
});

test('with nothing configured, the error names all the ways to configure', (context) => {
  const directory = folder(context);
  assert.throws(
    () =>
      loadKubeConfig({ environment: { HOME: directory }, serviceAccountDirectory: join(directory, 'none') }),
    (error) =>
      error instanceof KubeConfigError &&
      ['--kubeconfig', 'KUBECONFIG', '~/.kube/config', 'ServiceAccount'].every((word) =>
        error.message.includes(word),
      ),
  );
});

test('every field that says how to connect is read, and paths are relative to their file', (context) => {
  const directory = folder(context);
  const user = {
    tokenFile: 'tokens/t',
    'client-certificate': '/abs/client.crt',
    'client-key-data': Buffer.from('KEY').toString('base64'),
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './bin/plugin',
      args: ['get'],
      env: [{ name: 'A', value: 'b' }],
      provideClusterInfo: true,
      interactiveMode: 'IfAvailable',
    },
    as: 'alice',
    'as-uid': 'u1',
    'as-groups': ['g1', 'g2'],
    'as-user-extra': { 'example.com/scope': ['x'] },
  };
  const cluster = {
    'certificate-authority': 'ca.crt',
    'tls-server-name': 'inner.example.net',
    'insecure-skip-tls-verify': true,
    'proxy-url': 'http://proxy:3128',
  };
  const path = write(join(directory, 'config'), kubeconfig(`${server}/prefix`, user, cluster));
  const config = loadKubeConfig({ kubeconfigPath: path, environment: {} });
  assert.deepEqual(config, {
    source: path,
    server: new URL(`${server}/prefix`),
    certificateAuthority: { file: join(directory, 'ca.crt') },
    tlsServerName: 'inner.example.net',
    insecureSkipTlsVerify: true,
    proxyUrl: new URL('http://proxy:3128'),
    inClusterNamespace: undefined,
    user: {
      name: 'test',
      token: undefined,
      tokenFile: join(directory, 'tokens/t'),
      basic: undefined,
      exec: {
        command: join(directory, 'bin/plugin'),
        args: ['get'],
        env: { A: 'b' },
        apiVersion: 'client.authentication.k8s.io/v1',
        provideClusterInfo: true,
      },
      certificate: { file: '/abs/client.crt' },
      key: { data: Buffer.from('KEY') },
      impersonate: {
        'impersonate-user': 'alice',
        'impersonate-uid': 'u1',
        'impersonate-group': ['g1', 'g2'],
        'impersonate-extra-example.com%2Fscope': ['x'],
      },
    },
  });
});

test('several files are merged: the first to name something wins', (context) => {
  const directory = folder(context);
  const first = write(join(directory, 'a/config'), {
    'current-context': 'mine',
    contexts: [{ name: 'mine', context: { cluster: 'c', user: 'u' } }],
  });
  const second = write(join(directory, 'b/config'), {
    'current-context': 'other',
    contexts: [{ name: 'mine', context: { cluster: 'wrong', user: 'wrong' } }],
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority': 'ca.crt' } }],
    users: [{ name: 'u', user: { token: 't' } }],
  });
  const config = loadKubeConfig({ environment: { KUBECONFIG: `${first}:${second}` } });
  assert.equal(config.server.host, 'api.example.net:6443');
  assert.deepEqual(config.certificateAuthority, { file: join(directory, 'b/ca.crt') });
  assert.equal(config.user.token, 't');
});

test('an unusable kubeconfig says what is wrong with it', (context) => {
  const directory = folder(context);
  const base = kubeconfig(server) as Record<string, unknown>;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{}, /no current-context; .*use-context/],
    [{ ...base, 'current-context': 'gone' }, /context "gone" is not defined/],
    [{ ...base, clusters: [] }, /cluster "test" is not defined/],
    [{ ...base, users: null }, /user "test" is not defined/],
    [{ ...base, clusters: [{ name: 'test', cluster: {} }] }, /clusters\.0\.cluster\.server/],
    [kubeconfig('http://api.example.net'), /not an https URL/],
    [kubeconfig('api.example.net'), /not an https URL/],
    [kubeconfig(server, { 'auth-provider': { name: 'gcp' } }), /auth-provider "gcp".*exec plugin/],
    [
      kubeconfig(server, { exec: { apiVersion: 'v1', command: 'x', interactiveMode: 'Always' } }),
      /needs a terminal/,
    ],
    [kubeconfig(server, {}, { 'proxy-url': 'ftp://u:hunter2@p' }), /proxy-url is not/],
    ['a: [', /not YAML/],
    ['users: [{name: test, user: {token: hunter2, username: [}}]', /not YAML/],
  ];
  for (const [content, expected] of cases) {
    const path = write(join(directory, 'config'), content);
    assert.throws(
      () => loadKubeConfig({ kubeconfigPath: path, environment: {} }),
      (error) => {
        assert.ok(error instanceof KubeConfigError);
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  }
  const missing = join(directory, 'nowhere');
  assert.throws(
    () => loadKubeConfig({ kubeconfigPath: missing, environment: {} }),
    /nowhere cannot be used: ENOENT/,
  );
});

test('plain http is for this machine, or for those who say they do not mind', (context) => {
  const directory = folder(context);
  for (const url of ['http://localhost:8001', 'http://127.0.0.1:8001', 'http://[::1]:8001']) {
    const path = write(join(directory, 'config'), kubeconfig(url));
    assert.equal(loadKubeConfig({ kubeconfigPath: path, environment: {} }).server.protocol, 'http:');
  }
  const path = write(
    join(directory, 'config'),
    kubeconfig('http://api', {}, { 'insecure-skip-tls-verify': true }),
  );
  assert.equal(loadKubeConfig({ kubeconfigPath: path, environment: {} }).server.host, 'api');
});
