// An API key that expires, in each form in which devices were seen to say so: whoever has user name and password gets a new
// one, once; whoever has a key alone is told.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { SettingsPatch } from '../../simulator/simulator.ts';
import type { Owned } from './device.ts';
import { operatorNamespace, openStage, type StagedDevice } from './stage.ts';

// A key may be replaced so long after the last sign-in; the product's minute is held by test/panos/session/authentication.test.ts.
const signInHoldMs = 10_000;
const stage = await openStage({ timing: { signInHoldMs } });
after(() => stage.close());
const { cluster } = stage;
const operator = await stage.startOperator();

const forms: Readonly<Record<string, SettingsPatch>> = {
  'status-line': { expiredKey: 'status-line' },
  text: { expiredKey: 'text' },
  'code-400': { expiredKey: 'code-400' },
  'code-400-under-http-200': { expiredKey: 'code-400', errorsAsHttpStatus: false },
};
const logins = ['password', 'key'] as const;
type Case = {
  readonly name: string;
  readonly fw: StagedDevice;
  /** What it holds at the start, and without the first Pod. */
  readonly before: Owned;
  readonly after: Owned;
};

const tableOf = (name: string, ...addresses: readonly string[]): Owned =>
  Object.fromEntries(addresses.map((ip) => [ip, [`ns_${name}.web`]]));

/** A key that does not live for so long is no reason to sign in again. */
const keyAgeMs = signInHoldMs + 1_000;
const workLimitMs = 10_000;

describe('a key that has expired', { concurrency: 8 }, () => {
  const cases = new Map<string, Case>();
  let block = 0;

  before(async () => {
    const all = Object.entries(forms).flatMap(([form, settings]) =>
      logins.map((login) => ({ name: `${login}-${form}`, login, settings })),
    );
    for (const { name, login, settings } of all) {
      const [ip, stays] = [`10.${++block}.0.1`, `10.${block}.0.2`];
      await cluster.createNamespace(name);
      // One of them stays: the policy of none would be NoPods.
      await cluster.createPod({ namespace: name, name: 'web-1', ips: [ip] });
      await cluster.createPod({ namespace: name, name: 'web-2', ips: [stays] });
      await stage.policy({ namespace: name, name }, { firewallNames: [name], tags: [{ template: 'web' }] });
      const secret = `${name}-login`;
      const spec = login === 'password' ? { credentials: { secretRef: { name: secret } } } : {};
      const fw = await stage.firewall({ name, foreignOn: [ip], settings, spec });
      const { username, password } = fw.simulator;
      if (login === 'password')
        await cluster.createSecret({ namespace: operatorNamespace, name: secret }, { username, password });
      cases.set(name, { name, fw, before: tableOf(name, ip, stays), after: tableOf(name, stays) });
    }
    for (const { name, fw, before: table } of cases.values()) {
      await fw.holds(table);
      await stage.says('PanFirewall', { name }, 'InSync');
    }
    await sleep(keyAgeMs);
  });

  const caseOf = (name: string): Case => cases.get(name) ?? assert.fail(name);
  const keygens = ({ fw }: Case) => fw.simulator.log().filter(({ kind }) => kind === 'keygen').length;

  for (const form of Object.keys(forms)) {
    test(`said as ${form}: with user name and password one keygen, and all goes on within 10 s`, async () => {
      const found = caseOf(`password-${form}`);
      const { name, fw, after: table } = found;
      assert.equal(keygens(found), 1);
      fw.simulator.expireKeys();
      await cluster.deletePod({ namespace: name, name: 'web-1' });
      await fw.holds(table, { timeoutMs: workLimitMs });
      await stage.says('PanFirewall', { name }, 'InSync', workLimitMs);
      await stage.says('PanTagPolicy', { namespace: name, name }, 'InSync');
      assert.equal(keygens(found), 2);
    });

    test(`said as ${form}: with a key alone it is AuthenticationFailed, and the table stays until the Secret has another`, async () => {
      const found = caseOf(`key-${form}`);
      const { name, fw, ...tables } = found;
      fw.simulator.expireKeys();
      await cluster.deletePod({ namespace: name, name: 'web-1' });
      const { conditions = [] } = await stage.says('PanFirewall', { name }, 'AuthenticationFailed');
      assert.match(conditions[0]?.message ?? '', /Secret/);
      await stage.says('PanTagPolicy', { namespace: name, name }, 'AuthenticationFailed');
      assert.deepEqual(fw.owned(), tables.before);
      assert.equal(keygens(found), 0);
      const refused = operator
        .logs()
        .filter((line) => line['firewall'] === name && line.msg === 'device failed');
      assert.deepEqual([...new Set(refused.map((line) => line['reason']))], ['AuthenticationFailed']);
      const apiKey = await newKey(fw);
      stage.hide(apiKey);
      await cluster.patch('Secret', { namespace: operatorNamespace, name }, { stringData: { apiKey } });
      await fw.holds(tables.after, { timeoutMs: workLimitMs });
      await stage.says('PanFirewall', { name }, 'InSync', workLimitMs);
    });
  }
});

/** As an administrator makes one. */
async function newKey({ simulator }: StagedDevice): Promise<string> {
  const { endpoint, caPem, username, password } = simulator;
  const dispatcher = new Agent({ connect: { ca: caPem } });
  const body = new URLSearchParams({ type: 'keygen', user: username, password }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await request(`${endpoint}/api/`, { method: 'POST', headers, body, dispatcher });
  const [, key = ''] = /<key>([^<]+)</.exec(await answer.body.text()) ?? [];
  await dispatcher.destroy();
  return key;
}
