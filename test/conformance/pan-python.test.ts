// pan-python (PyPI), the client under pan-os-python: how it reads answers. What it does is in python/pan_python.py.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts';
import { noPython, startPython } from './python.ts';
import type { Stranger } from './stranger.ts';

describe('pan-python', { skip: noPython }, () => {
  let client: Stranger;
  before(async () => {
    client = await startPython('pan-python');
  });
  after(() => client[Symbol.asyncDispose]());

  const fw = { name: 'fw' };

  const openFirewall = async (
    options: SimulatorOptions = {},
    login: (device: Simulator) => Record<string, string> = ({ apiKey }) => ({ api_key: apiKey }),
  ): Promise<Simulator> => {
    const device = await startSimulator(options);
    const { hostname, port } = new URL(device.endpoint);
    await client.call('connect', { ...fw, hostname, port: Number(port), ...login(device) });
    return device;
  };

  const withPassword = ({ username, password }: Simulator) => ({
    api_username: username,
    api_password: password,
  });

  const message = (payload: string): string =>
    `<uid-message><version>1.0</version><type>update</type><payload>${payload}</payload></uid-message>`;

  const register = (ip: string, ...tags: string[]): string =>
    `<register><entry ip="${ip}"><tag>${tags.map((tag) => `<member>${tag}</member>`).join('')}</tag></entry></register>`;

  test('it makes a key whose characters it can send as they are', async () => {
    await using device = await openFirewall({}, withPassword);
    assert.match((await client.call('keygen', fw)) as string, /^[A-Za-z0-9=]{164}$/);
    assert.match((await client.call('ad_hoc', { ...fw, query: 'type=version' })) as string, /10\.2\.11-h12/);
    assert.deepEqual(
      device.log().map(({ kind, code }) => [kind, code]),
      [
        ['keygen', null],
        ['version', null],
      ],
    );
  });

  test('it registers in a vsys, reads, and joins what was refused into one text with the message last', async () => {
    await using device = await openFirewall({ vsys: ['vsys1', 'vsys2'] });
    const send = { ...fw, vsys: 'vsys2' };
    assert.equal(
      await client.call('user_id', { ...send, cmd: message(register('10.1.0.1', 'a', 'b')) }),
      'success',
    );
    assert.deepEqual(device.tables()['vsys2']?.['10.1.0.1']?.tags, ['a', 'b']);
    const { text } = await client.raises('user_id', {
      ...send,
      cmd: message(register('10.1.0.1', 'a', 'c', 'b')),
    });
    assert.match(
      text,
      /ip: 10\.1\.0\.1 message: tag a already exists, ignore\s+ip: 10\.1\.0\.1 message: tag b already exists, ignore$/,
    );
    const cmd = '<show><object><registered-ip><all/></registered-ip></object></show>';
    assert.match((await client.call('op', { ...send, cmd })) as string, /<count>1<\/count>/);
  });

  test('it finds the words of a refused command, and loses them under HTTP 403', async () => {
    await using device = await openFirewall({ settings: { errorsAsHttpStatus: false } });
    const bad = { ...fw, cmd: '<show><clock/></show>' };
    assert.match((await client.raises('op', bad)).text, /show -> clock is unexpected/);
    device.expireKeys();
    assert.match((await client.raises('op', bad)).text, /Invalid Credential/);
    device.settings({ errorsAsHttpStatus: true });
    assert.match((await client.raises('op', bad)).text, /URLError: code: 403 reason: Forbidden/);
  });

  test('it needs a Content-Type, and tells one that it does not know', async () => {
    await using device = await openFirewall();
    const query = 'type=version';
    device.inject({ fault: 'content-type', count: 1 });
    assert.match((await client.raises('ad_hoc', { ...fw, query })).text, /no content-type response header/);
    device.inject({ fault: 'html', count: 1 });
    assert.match((await client.raises('ad_hoc', { ...fw, query })).text, /content-type/);
  });
});
