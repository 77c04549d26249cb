// The command check: it names what is wrong with the cluster and with the way to each firewall, and writes nothing.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type CommandOptions, startCommand } from './command.ts';
import { type FirewallOptions, openStage, operatorNamespace } from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;

async function check(args: readonly string[] = [], options?: CommandOptions) {
  const { ended } = await startCommand(stage, ['check', ...args], options);
  const { code, lines } = await ended;
  /** The lines of one section, without the indent. */
  const section = (subject: string): string[] => {
    const begin = lines.indexOf(subject) + 1;
    assert.ok(begin > 0, `no section ${subject} in\n${lines.join('\n')}`);
    const end = lines.findIndex((line, index) => index >= begin && !line.startsWith('  '));
    return lines.slice(begin, end === -1 ? undefined : end).map((line) => line.trim());
  };
  return { code, lines, section };
}

const firewall = (options: Omit<FirewallOptions, 'foreignOn'>) =>
  stage.firewall({ foreignOn: ['10.1.0.1'], ...options });

/** In place of what the stage made. */
const putSecret = (name: string, data: Readonly<Record<string, string>>) =>
  cluster.patch('Secret', { namespace: operatorNamespace, name }, { stringData: data });

const serviceAccount = `system:serviceaccount:${operatorNamespace}:pan-tag-operator`;

test('a cluster without PanFirewalls: API server, CRDs and rights are well', async () => {
  const { code, section } = await check();
  const [server = '', ...rest] = section('Kubernetes');
  assert.match(server, /^✓ API server {3}https:\/\/\S+, v1\.\d+/);
  assert.deepEqual(rest, [
    '✓ CRDs         schema revision 7 or newer',
    `✓ rights       ${serviceAccount} has all 25`,
  ]);
  assert.deepEqual(section('PanFirewalls'), ['! objects      there are none yet']);
  assert.equal(code, 0);
});

test('a firewall that works: each step says what was seen, and nothing was written', async () => {
  await using fw = await firewall({ name: 'edge-a' });
  const { code, section } = await check();
  const lines = section('PanFirewall edge-a');
  const expected = [
    /^✓ spec {9}Enforce, tag prefix \S+$/,
    /^✓ Secret {7}edge-a$/,
    /^✓ connection {3}https:\/\/127\.0\.0\.1:\d+$/,
    /^✓ certificate {2}CN=.+, issued by CN=.+, until 20\d\d-\d\d-\d\d$/,
    /^✓ login {8}API key of the Secret$/,
    /^✓ device {7}\S+ \d{15}, PAN-OS \S+$/,
    /^✓ role {9}Operational Requests; /,
    /^✓ table vsys1 {2}\d+ entries, 0 with tags of \S+, not marked yet$/,
    /^✓ tables {7}1 of 1 read$/,
  ];
  assert.equal(lines.length, expected.length, lines.join('\n'));
  for (const [index, pattern] of expected.entries()) assert.match(lines[index] ?? '', pattern);
  assert.equal(code, 0);
  assert.deepEqual(fw.messages(), []);
});

test('each mistake is named at its step, and what comes after it is not reached', async () => {
  await using _ = await firewall({ name: 'well' });
  await using noSecret = await firewall({
    name: 'no-secret',
    spec: { credentials: { secretRef: { name: 'absent' } } },
  });
  await using wrongCa = await firewall({ name: 'wrong-ca' });
  await using badKey = await firewall({ name: 'bad-key' });
  await using noRight = await firewall({ name: 'no-right', settings: { rights: ['user-id'] } });
  await using taken = await firewall({ name: 'taken', markedBy: ['0123456789ab'] });
  await using closed = await firewall({ name: 'closed' });
  await putSecret('wrong-ca', { 'ca.crt': badKey.simulator.caPem });
  await putSecret('bad-key', { apiKey: 'no-such-key' });
  await closed.simulator.close();

  const { code, section } = await check();
  assert.equal(code, 1);
  const failed = (name: string) => section(`PanFirewall ${name}`).filter((line) => /^[✗-]/.test(line));
  assert.deepEqual(failed('well'), []);
  const expected: Readonly<Record<string, readonly [RegExp, number]>> = {
    'no-secret': [/^✗ Secret {7}create the Secret absent/, 6],
    'wrong-ca': [/^✗ certificate {2}the device's certificate is not trusted/, 4],
    'bad-key': [/^✗ login {8}/, 3],
    'no-right': [/^✗ device {7}.*not authorized/, 2],
    taken: [/^✗ table vsys1 {2}another operator, 0123456789ab, has marked/, 0],
    closed: [/^✗ connection {3}.*ECONNREFUSED/, 5],
  };
  for (const [name, [pattern, notReached]] of Object.entries(expected)) {
    const [first = '', ...rest] = failed(name);
    assert.match(first, pattern);
    assert.equal(rest.length, notReached, `${name}: ${rest.join(', ')}`);
    assert.ok(rest.every((line) => line.startsWith('- ')));
  }
  for (const fw of [noSecret, wrongCa, badKey, noRight, taken]) assert.deepEqual(fw.messages(), []);
});

test('a table that cannot be read is told as that, and the tables are not said to be read', async () => {
  const tables = [{ vsys: 'vsys9' }, { vsys: 'vsys1' }];
  await using fw = await firewall({ name: 'tables', vsys: ['vsys1', 'vsys2'], spec: { tables } });
  const { code, section } = await check(['tables']);
  const [missing = '', read = '', ...rest] = section('PanFirewall tables').slice(-3);
  assert.match(missing, /^✗ table vsys9 {2}.*vsys9/);
  assert.match(read, /^✓ table vsys1 {2}/);
  assert.deepEqual([rest, code, fw.messages()], [['✗ tables       1 of 2 read'], 1, []]);
});

test('names choose PanFirewalls, json is for machines, and an unknown name is an error', async () => {
  await using _a = await firewall({ name: 'one' });
  await using _b = await firewall({ name: 'two' });
  const { code, lines } = await check(['two', '-o', 'json']);
  const { ok, sections } = JSON.parse(lines.join('\n'));
  assert.deepEqual([code, ok], [0, true]);
  assert.deepEqual(
    sections.map(({ subject }: { subject: string }) => subject),
    ['Kubernetes', 'PanFirewall two'],
  );
  const unknown = await check(['tow']);
  assert.equal(unknown.code, 1);
  assert.deepEqual(unknown.section('PanFirewalls'), [
    '✗ objects      there is no PanFirewall "tow": did you mean "two"?',
  ]);
  const partly = await check(['two', 'tow']);
  assert.equal(partly.code, 1);
  // Not a name that was given already.
  assert.deepEqual(partly.section('PanFirewalls'), [
    '✗ objects      there is no PanFirewall "tow": did you mean "one"?',
  ]);
  assert.deepEqual(partly.section('PanFirewall two').at(-1), '✓ tables       1 of 1 read');
});

test('rights that lack are listed, and a token that is none is named as that', async () => {
  await cluster.create('ServiceAccount', { metadata: { namespace: operatorNamespace, name: 'nobody' } });
  const token = await cluster.serviceAccountToken(operatorNamespace, 'nobody');
  const poor = await check([], { token });
  assert.equal(poor.code, 1);
  const rights = poor.section('Kubernetes').at(-1) ?? '';
  assert.match(rights, /^✗ rights {7}system:serviceaccount:pan-tag-operator:nobody may not /);
  assert.match(rights, /list secrets in pan-tag-operator/);
  const wrong = await check([], { token: 'none' });
  assert.match(
    wrong.section('Kubernetes')[0] ?? '',
    /^✗ API server {3}\S+: the API server does not accept the credentials of the kubeconfig \(401\): renew them$/,
  );
  assert.equal(wrong.code, 1);
});
