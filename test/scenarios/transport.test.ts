// The way to the device: through proxies, over IPv4 and IPv6, past what cuts handshakes, with as many calls at once as
// allowed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startConnectProxy } from '../harness/connect-proxy.ts';
import { issue } from '../harness/pki.ts';
import { startMiddlebox } from '../panos/middlebox.ts';
import { startDeviceOver } from '../panos/scripted-device.ts';
import { basicToken, openStage, type FirewallOptions, type StagedDevice } from './stage.ts';

const stage = await openStage();
const { cluster } = stage;

const login = 'operator:password-of-the-proxy';
stage.hide('password-of-the-proxy', basicToken('operator', 'password-of-the-proxy'));
const common = await startConnectProxy({ login });
const own = await startConnectProxy();
/** Of the device behind the middlebox, once it runs. */
let devicePort = 0;
const box = await startMiddlebox(
  () => devicePort,
  (helloBytes) => helloBytes <= 1400,
);
after(async () => {
  await stage.close();
  await Promise.all([common[Symbol.asyncDispose](), own[Symbol.asyncDispose](), box[Symbol.asyncDispose]()]);
});

let blocks = 0;

/** A firewall, a policy of the same name for it, and one Pod. */
async function setUp(
  name: string,
  options: Partial<FirewallOptions> = {},
): Promise<{ readonly fw: StagedDevice; readonly table: Record<string, string[]> }> {
  const ip = `10.${++blocks}.0.1`;
  await cluster.createNamespace(name);
  await cluster.createPod({ namespace: name, name: 'web-1', ips: [ip] });
  await stage.policy({ namespace: name, name }, { firewallNames: [name], tags: [{ template: 'web' }] });
  const fw = await stage.firewall({ name, foreignOn: [ip], ...options });
  return { fw, table: { [ip]: [`ns_${name}.web`] } };
}

const authorityOf = ({ simulator }: StagedDevice) => simulator.endpoint.slice('https://'.length);

describe('a firewall', { concurrency: 4 }, () => {
  let operator: Awaited<ReturnType<typeof stage.startOperator>>;
  let exempt: Awaited<ReturnType<typeof setUp>>;

  before(async () => {
    // The list of exceptions is read at the start.
    exempt = await setUp('exempt');
    operator = await stage.startOperator({
      env: {
        HTTPS_PROXY: common.url.replace('://', `://${login}@`),
        NO_PROXY: `.svc,192.0.2.0/24,127.0.0.1:${box.port},${authorityOf(exempt.fw)}`,
      },
    });
  });

  test("is reached through the environment's proxy, which learns no secret of it", async () => {
    const { fw, table } = await setUp('common');
    await using _ = fw;
    await fw.holds(table);
    await stage.says('PanFirewall', { name: 'common' }, 'InSync');
    assert.ok(common.asked.includes(authorityOf(fw)));
    for (const secret of [fw.simulator.apiKey, fw.simulator.password])
      assert.ok(!common.seen().includes(secret));
  });

  test('that NO_PROXY names is reached without it', async () => {
    await exempt.fw.holds(exempt.table);
    await stage.says('PanFirewall', { name: 'exempt' }, 'InSync');
    assert.ok(!common.asked.includes(authorityOf(exempt.fw)));
  });

  test('with a proxy of its own is reached through that alone; what the proxy refuses is told, and an edit mends it', async () => {
    const name = 'own';
    own.refuse(403);
    const { fw, table } = await setUp(name, { spec: { proxyUrl: own.url } });
    await using _ = fw;
    const { conditions = [] } = await stage.says('PanFirewall', { name }, 'DeviceUnavailable');
    assert.match(conditions[0]?.message ?? '', /the proxy refused to connect to the device.*\(HTTP 403\)/);
    assert.ok(!common.asked.includes(authorityOf(fw)));
    await cluster.patch('PanFirewall', { name }, { spec: { proxyUrl: null } });
    await fw.holds(table, { timeoutMs: 5_000 });
    assert.ok(common.asked.includes(authorityOf(fw)));
    own.refuse(undefined);
    await cluster.patch('PanFirewall', { name }, { spec: { proxyUrl: own.url } });
    await cluster.deletePod({ namespace: name, name: 'web-1' });
    await fw.holds({}, { timeoutMs: 5_000 });
    await stage.says('PanFirewall', { name }, 'InSync');
    assert.ok(own.tunnels() > 0);
  });

  test('with several tables gets as many calls at once as its limit allows, and no more', async () => {
    const name = 'busy';
    const vsys = ['vsys1', 'vsys2', 'vsys3', 'vsys4', 'vsys5', 'vsys6'];
    const settings = { latencyMs: { read: 300, message: 300 } };
    const spec = { limits: { maxConcurrentCalls: 4 } };
    const { fw, table } = await setUp(name, { vsys, settings, spec });
    await using _ = fw;
    for (const one of vsys) await fw.holds(table, { vsys: one, timeoutMs: 30_000 });
    const most = Math.max(...fw.simulator.log().map(({ concurrency }) => concurrency));
    assert.equal(most, 4);
  });

  test('behind something that resets a ClientHello of more than one packet is written without X25519MLKEM768, and the log says so once', async () => {
    const name = 'cut';
    const endpoint = `https://127.0.0.1:${box.port}`;
    const prepare = ({ simulator }: { simulator: { endpoint: string } }) => {
      devicePort = Number(new URL(simulator.endpoint).port);
    };
    const spec = { endpoint, limits: { maxConcurrentCalls: 1 } };
    const { fw, table } = await setUp(name, { spec, prepare });
    await using _ = fw;
    const fitsOnePacket = () => box.hellos.map((bytes) => bytes <= 1400);
    const logged = () => operator.logs().filter(({ msg }) => msg === 'key exchange without X25519MLKEM768');
    await fw.holds(table, { timeoutMs: 30_000 });
    await stage.says('PanFirewall', { name }, 'InSync');
    assert.deepEqual([fitsOnePacket(), logged()], [[false, false, false, true], []]);
    // The connection is lost: the next handshake tells whether the first three were cut for their length.
    fw.simulator.reboot();
    await cluster.deletePod({ namespace: name, name: 'web-1' });
    await fw.holds({}, { timeoutMs: 30_000 });
    await stage.says('PanFirewall', { name }, 'InSync');
    const [confirming, ...others] = fitsOnePacket().slice(4);
    assert.equal(confirming, false);
    assert.ok(others.length > 0 && others.every(Boolean), String(box.hellos));
    assert.deepEqual(
      logged().map((line) => line['endpoint']),
      [endpoint],
    );
  });

  test('whose certificate OpenSSL takes for too weak is UntrustedCertificate, and the status quotes why', async () => {
    const name = 'weak';
    const root = issue({ name: 'root of the scenario', isAuthority: true });
    const { cert, key } = issue({ name, issuer: root, alternatives: ['127.0.0.1'], rsaBits: 1024 });
    const tls = { ca: root.cert, cert, key, ciphers: 'DEFAULT:@SECLEVEL=0' };
    await using device = await startDeviceOver(tls, () => undefined);
    const { endpoint } = device;
    const apiKey = 'key-of-the-weak-device';
    const simulator = {
      endpoint,
      caPem: root.cert,
      apiKey,
      username: 'weak',
      password: 'password-of-the-weak',
    };
    await stage.reach({ simulator, secret: { apiKey } }, { name, tagPrefix: 'weak.' });
    const { conditions = [] } = await stage.says('PanFirewall', { name }, 'UntrustedCertificate');
    assert.match(
      conditions[0]?.message ?? '',
      /key that is too short.*OpenSSL says: EE certificate key too weak/,
    );
    assert.equal(device.received.length, 0);
  });
});
