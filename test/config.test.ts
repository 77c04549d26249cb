// Flags and variables as values: what is given wins over the environment, and that over the defaults.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCommand } from '../src/config/config.ts';
import { ConfigError } from '../src/config/config-error.ts';
import { productTiming } from '../src/core/model/timing.ts';

const elects = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  readCommand(args, environment).settings['leader-elect'];

test('replicas elect their leader unless told otherwise, by flag or by variable', () => {
  assert.equal(elects([]), true);
  assert.equal(elects(['run', '--leader-elect']), true);
  assert.equal(elects(['--leader-elect=false']), false);
  assert.equal(elects([], { PANTAG_LEADER_ELECT: 'false' }), false);
  assert.equal(elects(['--leader-elect=true'], { PANTAG_LEADER_ELECT: 'false' }), true);
});

test('a flag that is true or false takes no other word, and none that stands apart', () => {
  assert.throws(
    () => elects(['--leader-elect=no']),
    /--leader-elect \(PANTAG_LEADER_ELECT\): must be true or false/,
  );
  assert.throws(() => elects(['run', '--leader-elect', 'false']), ConfigError);
});

const proxy = (environment: Readonly<Record<string, string>>) => readCommand([], environment).settings.proxy;

test('the proxy for devices is that of HTTPS_PROXY, in small letters first, http where no scheme is given', () => {
  assert.deepEqual(proxy({}), { url: undefined, except: '', unreadable: [] });
  assert.deepEqual(proxy({ HTTPS_PROXY: ' ', NO_PROXY: 'a' }), {
    url: undefined,
    except: 'a',
    unreadable: [],
  });
  const both = { HTTPS_PROXY: 'http://a:1', https_proxy: 'https://b:2', NO_PROXY: 'x', no_proxy: 'y' };
  assert.equal(proxy(both).url?.href, 'https://b:2/');
  assert.equal(proxy(both).except, 'y');
  assert.equal(proxy({ HTTPS_PROXY: 'user:pw@proxy:3128' }).url?.href, 'http://user:pw@proxy:3128/');
});

test('entries of NO_PROXY that cannot be read are named where there is a proxy, without a password', () => {
  const NO_PROXY = `10.0.0.0/33,.svc http://me:secret@fw.example.net,*.${'x'.repeat(200)}+`;
  const { unreadable } = proxy({ HTTPS_PROXY: 'http://a:1', NO_PROXY });
  assert.deepEqual(unreadable, ['10.0.0.0/33', 'fw.example.net', `*.${'x'.repeat(98)}`]);
  assert.deepEqual(proxy({ NO_PROXY }).unreadable, []);
});

test('a proxy that is none is refused without repeating it, as it may hold a password', () => {
  for (const bad of [
    'socks5://u:secret@p:1',
    'http://u:secret@',
    'http://u:secret@p:99999',
    'http://u:secret%ff@p:1',
  ]) {
    assert.throws(
      () => proxy({ HTTPS_PROXY: bad }),
      (error) =>
        error instanceof ConfigError && /HTTPS_PROXY/.test(error.message) && !/secret/.test(error.message),
    );
  }
});

test('times other than the product’s are read for tests, and a mistake in them is told', () => {
  assert.equal(readCommand([], {}).settings.timing, productTiming);
  assert.equal(readCommand([], { PANTAG_TEST_TIMING: '' }).settings.timing, productTiming);
  const { settings, warnings } = readCommand([], { PANTAG_TEST_TIMING: '{"groupLookMs": 1000}' });
  assert.deepEqual([settings.timing.groupLookMs, warnings], [1000, []]);
  assert.throws(
    () => readCommand([], { PANTAG_TEST_TIMING: '{"look": 1}' }),
    /^ConfigError: PANTAG_TEST_TIMING: "look" is none of /,
  );
});

test('as many names are looked up at once as libuv has threads for that: half of its pool', () => {
  const threads = (size?: string) =>
    readCommand([], size === undefined ? {} : { UV_THREADPOOL_SIZE: size }).settings.lookupThreads;
  // What Node 24 was seen to ask a silent DNS server for at once.
  assert.deepEqual(
    [undefined, '4', '15', '64', '64 threads', '0', 'many', ''].map(threads),
    [2, 2, 8, 32, 32, 1, 1, 1],
  );
  assert.deepEqual(['2000', '-1'].map(threads), [512, 512]);
});
