// Trust and credentials: what is wrong with them is said in the right place, and what is put right works at once.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { secretValues } from './secrecy.ts';
import {
  basicToken,
  operatorNamespace,
  openStage,
  type FirewallOptions,
  type StagedDevice,
} from './stage.ts';

const stage = await openStage();
after(() => stage.close());
const { cluster } = stage;
const operator = await stage.startOperator();

let blocks = 0;

/** A firewall, a policy of the same name for it, and one Pod, whose address is returned. */
async function setUp(
  name: string,
  options: Partial<FirewallOptions>,
): Promise<{ readonly fw: StagedDevice; readonly table: Record<string, string[]> }> {
  const ip = `10.${++blocks}.0.1`;
  await cluster.createNamespace(name);
  await cluster.createPod({ namespace: name, name: 'web-1', ips: [ip] });
  await stage.policy({ namespace: name, name }, { firewallNames: [name], tags: [{ template: 'web' }] });
  const fw = await stage.firewall({ name, foreignOn: [ip], ...options });
  return { fw, table: { [ip]: [`ns_${name}.web`] } };
}

/** Both the PanFirewall and its policy say this, and nothing has been written. Returns the PanFirewall's sentence. */
async function assertRefused(name: string, fw: StagedDevice, reason: string): Promise<string> {
  const { conditions = [] } = await stage.says('PanFirewall', { name }, reason);
  await stage.says('PanTagPolicy', { namespace: name, name }, reason);
  assert.deepEqual(fw.messages(), []);
  return conditions[0]?.message ?? '';
}

async function assertWorks(name: string, fw: StagedDevice, table: Record<string, string[]>): Promise<void> {
  // Nobody has to wait for the next attempt, which may be minutes away.
  await fw.holds(table, { timeoutMs: 3_000 });
  await stage.says('PanFirewall', { name }, 'InSync');
  await stage.says('PanTagPolicy', { namespace: name, name }, 'InSync');
}

const editSecret = (name: string, stringData: Readonly<Record<string, string>>) => {
  stage.hide(...secretValues(stringData));
  return cluster.patch('Secret', { namespace: operatorNamespace, name }, { stringData });
};
const editFirewall = (name: string, spec: object) => cluster.patch('PanFirewall', { name }, { spec });

describe('a firewall', { concurrency: 4 }, () => {
  test('whose certificate nobody vouches for gets nothing until its CA is given', async () => {
    const name = 'no-ca';
    const { fw, table } = await setUp(name, { spec: { tls: {} } });
    await using _ = fw;
    const said = await assertRefused(name, fw, 'UntrustedCertificate');
    assert.match(said, /certificate/);
    assert.deepEqual(fw.simulator.log(), []);
    await editFirewall(name, { tls: { caSecretRef: { name } } });
    await assertWorks(name, fw, table);
  });

  test('whose certificate is signed by another CA gets nothing until the CA Secret is corrected', async () => {
    const name = 'other-ca';
    await using stranger = await stage.device({ foreignOn: [] });
    const ref = { namespace: operatorNamespace, name: 'other-ca-bundle' };
    await cluster.createSecret(ref, { 'ca.crt': stranger.simulator.caPem });
    const { fw, table } = await setUp(name, { spec: { tls: { caSecretRef: { name: ref.name } } } });
    await using _ = fw;
    await assertRefused(name, fw, 'UntrustedCertificate');
    assert.deepEqual(fw.simulator.log(), []);
    await editSecret(ref.name, { 'ca.crt': fw.simulator.caPem });
    await assertWorks(name, fw, table);
  });

  test('whose certificate has another name gets nothing until the name is corrected', async () => {
    const name = 'other-name';
    const tls = { caSecretRef: { name }, serverName: 'fw-a.example.net' };
    const { fw, table } = await setUp(name, { spec: { tls } });
    await using _ = fw;
    const said = await assertRefused(name, fw, 'UntrustedCertificate');
    assert.match(said, /name/);
    assert.deepEqual(fw.simulator.log(), []);
    await editFirewall(name, { tls: { serverName: 'localhost' } });
    await assertWorks(name, fw, table);
  });

  test('whose Secret is missing, is bound to another endpoint, or lacks its keys gets nothing', async () => {
    const name = 'secretless';
    const secret = 'secretless-login';
    const { fw, table } = await setUp(name, { spec: { credentials: { secretRef: { name: secret } } } });
    await using _ = fw;
    assert.match(await assertRefused(name, fw, 'SecretMissing'), /create the Secret secretless-login/);
    const ref = { namespace: operatorNamespace, name: secret };
    await cluster.createSecret(ref, { ...fw.secret, endpoint: 'https://elsewhere.example.net' });
    const says = async (text: RegExp) => {
      await stage.counts('PanFirewall', { name }, ({ conditions = [] }) =>
        assert.match(conditions[0]?.message ?? '', text),
      );
      await assertRefused(name, fw, 'SecretMissing');
    };
    await says(/"endpoint" of Secret secretless-login must equal spec.endpoint/);
    await cluster.patch('Secret', ref, { data: null, stringData: { username: 'k8s-operator' } });
    await says(/needs the key "apiKey", or "username" and "password"/);
    assert.deepEqual(fw.simulator.log(), []);
    await editSecret(secret, { ...fw.secret, endpoint: fw.simulator.endpoint });
    // The CA decides who can read the key, too.
    await says(/"ca.crt" of Secret secretless-login must hold the certificates of Secret secretless/);
    assert.deepEqual(fw.simulator.log(), []);
    await editSecret(secret, {
      ...fw.secret,
      endpoint: fw.simulator.endpoint,
      'ca.crt': fw.simulator.caPem,
    });
    await assertWorks(name, fw, table);

    // Taken away again, it leaves the table as it is.
    await cluster.remove('Secret', ref);
    await stage.says('PanFirewall', { name }, 'SecretMissing');
    await cluster.deletePod({ namespace: name, name: 'web-1' });
    await fw.holds(table);
    await cluster.createSecret(ref, fw.secret);
    await fw.holds({});
  });

  test('that refuses the API key gets nothing until the Secret is corrected', async () => {
    const name = 'bad-key';
    const secret = 'bad-key-login';
    const apiKey = 'LUFRPT1-not-a-key-of-this-device';
    await cluster.createSecret({ namespace: operatorNamespace, name: secret }, { apiKey });
    // The device says so in its answer only, not as its HTTP status.
    const settings = { errorsAsHttpStatus: false };
    const credentials = { secretRef: { name: secret } };
    const { fw, table } = await setUp(name, { settings, spec: { credentials } });
    await using _ = fw;
    assert.match(await assertRefused(name, fw, 'AuthenticationFailed'), /Secret/);
    await editSecret(secret, fw.secret);
    await assertWorks(name, fw, table);
  });

  test('that is signed in to by username and password: one key, generated once, and none in a URL', async () => {
    const name = 'password';
    const secret = 'password-login';
    const { fw, table } = await setUp(name, { spec: { credentials: { secretRef: { name: secret } } } });
    await using _ = fw;
    const { username, password } = fw.simulator;
    const ref = { namespace: operatorNamespace, name: secret };
    await cluster.createSecret(ref, { username, password });
    await assertWorks(name, fw, table);
    await cluster.createPod({ namespace: name, name: 'web-2', ips: ['10.99.0.2'] });
    await fw.holds({ ...table, '10.99.0.2': [`ns_${name}.web`] });
    const log = fw.simulator.log();
    assert.deepEqual([...new Set(log.map(({ method }) => method))], ['POST']);
    assert.equal(log.filter(({ kind }) => kind === 'keygen').length, 1);
  });

  test('whose password changes works on with the new one as soon as the Secret has it', async () => {
    const name = 'rotated';
    const secret = 'rotated-login';
    const { fw, table } = await setUp(name, { spec: { credentials: { secretRef: { name: secret } } } });
    await using _ = fw;
    const { username, password } = fw.simulator;
    await cluster.createSecret({ namespace: operatorNamespace, name: secret }, { username, password });
    await assertWorks(name, fw, table);
    fw.simulator.changePassword('another-password-of-the-device');
    await cluster.labelPod({ namespace: name, name: 'web-1' }, { changed: 'yes' });
    const edit = { tags: [{ template: 'web' }, { labelKeys: ['changed'] }] };
    await cluster.patch('PanTagPolicy', { namespace: name, name }, { spec: edit });
    await stage.says('PanFirewall', { name }, 'AuthenticationFailed');
    await editSecret(secret, { password: 'another-password-of-the-device' });
    const [ip = ''] = Object.keys(table);
    await assertWorks(name, fw, { [ip]: [`ns_${name}.web`, `ns_${name}.changed.yes`] });
  });

  test('whose administrator has a one-time password (Basic) goes on with its session, and takes the next password', async () => {
    const name = 'one-time';
    const secret = 'one-time-login';
    const passwords = ['one-time-password-1', 'one-time-password-2'] as const;
    const account = (password: string) => ({ name: 'radius', password, oneTime: true });
    stage.hide(...passwords, ...passwords.map((password) => basicToken('radius', password)));
    const ref = { namespace: operatorNamespace, name: secret };
    const credentials = { secretRef: { name: secret }, method: 'Basic' };
    await cluster.createSecret(ref, { apiKey: 'not-used' });
    const prepare = ({ simulator }: Pick<StagedDevice, 'simulator'>) =>
      simulator.setAccount(account(passwords[0]));
    const { fw, table } = await setUp(name, { spec: { credentials }, prepare });
    await using _ = fw;
    const said = await assertRefused(name, fw, 'SecretMissing');
    assert.match(said, /needs the keys "username" and "password", as spec.credentials.method is Basic/);
    assert.deepEqual(fw.simulator.log(), []);
    await editSecret(secret, { username: 'radius', password: passwords[0] });
    await assertWorks(name, fw, table);
    assert.equal(fw.simulator.log().filter(({ kind }) => kind === 'version').length, 1);
    assert.ok(fw.simulator.log().every(({ kind }) => kind !== 'keygen'));

    fw.simulator.timeOutSessions();
    await cluster.deletePod({ namespace: name, name: 'web-1' });
    await stage.says('PanFirewall', { name }, 'AuthenticationFailed');
    fw.simulator.setAccount(account(passwords[1]));
    await editSecret(secret, { password: passwords[1] });
    await fw.holds({}, { timeoutMs: 3_000 });
    await stage.says('PanFirewall', { name }, 'InSync');
  });

  test('whose session (Basic) has timed out is signed in to again in the same second', async () => {
    const name = 'session';
    const secret = 'session-login';
    const credentials = { secretRef: { name: secret }, method: 'Basic' };
    const { fw, table } = await setUp(name, { spec: { credentials } });
    await using _ = fw;
    const { username, password } = fw.simulator;
    await cluster.createSecret({ namespace: operatorNamespace, name: secret }, { username, password });
    await assertWorks(name, fw, table);
    fw.simulator.timeOutSessions();
    await cluster.deletePod({ namespace: name, name: 'web-1' });
    await fw.holds({}, { timeoutMs: 3_000 });
    await stage.says('PanFirewall', { name }, 'InSync');
    assert.equal(fw.simulator.log().filter(({ kind }) => kind === 'version').length, 2);
  });

  for (const roleRefusal of ['forbidden', 'unauth'] as const) {
    test(`whose role lacks a right (${roleRefusal}) gets nothing until the right is ticked, and no second key`, async () => {
      const name = `role-${roleRefusal}`;
      const secret = `${name}-login`;
      const settings = { roleRefusal, rights: ['op' as const] };
      const { fw, table } = await setUp(name, {
        settings,
        spec: { credentials: { secretRef: { name: secret } } },
      });
      await using _ = fw;
      const { username, password } = fw.simulator;
      await cluster.createSecret({ namespace: operatorNamespace, name: secret }, { username, password });
      const { conditions = [] } = await stage.says('PanFirewall', { name }, 'RoleNotAuthorized');
      await stage.says('PanTagPolicy', { namespace: name, name }, 'RoleNotAuthorized');
      assert.match(conditions[0]?.message ?? '', /allow User-ID Agent and Operational Requests/);
      assert.deepEqual(fw.owned(), {});
      assert.equal(fw.simulator.log().filter(({ kind }) => kind === 'keygen').length, 1);
      fw.simulator.settings({ rights: ['op', 'user-id'] });
      await editSecret(secret, { apiKey: fw.secret.apiKey });
      await assertWorks(name, fw, table);
    });
  }

  test('whose keys are expired says so, and the metrics tell when the one in use was obtained', async () => {
    const name = 'expired';
    const secret = 'expired-login';
    const { fw, table } = await setUp(name, { spec: { credentials: { secretRef: { name: secret } } } });
    await using _ = fw;
    const { username, password } = fw.simulator;
    await cluster.createSecret({ namespace: operatorNamespace, name: secret }, { username, password });
    await assertWorks(name, fw, table);
    const obtained = async () => {
      const text = await (await fetch(`${operator.httpUrl}/metrics`)).text();
      return Number(/^pantag_login_timestamp_seconds\{firewall="expired"\} (\S+)$/m.exec(text)?.[1]);
    };
    const first = await obtained();
    assert.ok(Math.abs(first - Date.now() / 1000) < 120, `${first}`);
    fw.simulator.expireKeys();
    await cluster.deletePod({ namespace: name, name: 'web-1' });
    const { conditions = [] } = await stage.says('PanFirewall', { name }, 'AuthenticationFailed');
    assert.match(conditions[0]?.message ?? '', /or the API key has expired/);
    // Another login is another session of its own: it need not wait for a minute to pass.
    fw.simulator.setAccount({ name: 'k8s-second', password: `${password}-2` });
    stage.hide(basicToken('k8s-second', `${password}-2`));
    await editSecret(secret, { username: 'k8s-second', password: `${password}-2` });
    await fw.holds({}, { timeoutMs: 3_000 });
    await stage.says('PanFirewall', { name }, 'InSync');
    assert.ok((await obtained()) > first);
    assert.equal(fw.simulator.log().filter(({ kind }) => kind === 'keygen').length, 2);
  });

  test('that starts again and refuses what is good for a while is DeviceUnavailable, and then goes on by itself', async () => {
    const name = 'starting';
    const { fw, table } = await setUp(name, {});
    await using _ = fw;
    await assertWorks(name, fw, table);
    fw.simulator.reboot({ downMs: 3_000, deniedMs: 8_000 });
    await cluster.createPod({ namespace: name, name: 'web-2', ips: ['10.99.1.2'] });
    await stage.counts('PanFirewall', { name }, ({ conditions = [] }) => {
      assert.equal(conditions[0]?.reason, 'DeviceUnavailable');
      assert.match(
        conditions[0]?.message ?? '',
        /refuses the credentials, as devices do for minutes while they start/,
      );
    });
    await fw.holds({ ...table, '10.99.1.2': [`ns_${name}.web`] }, { timeoutMs: 60_000 });
    await stage.says('PanFirewall', { name }, 'InSync');
  });
});
