// Choice of the proxy: the PanFirewall's own, then the environment's with its exceptions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor } from '../../../src/operator/device/device-proxy.ts';

const environment = {
  url: new URL('http://us%40er:p%3Ass@proxy.example:3128'),
  except: '10.0.0.0/8,[fd00::1]:443',
};
const reach = (endpoint: string, proxyUrl?: string) => proxyFor({ endpoint, proxyUrl }, environment);

test("the environment's proxy counts, with its login, but for its exceptions", () => {
  const proxy = { url: 'http://proxy.example:3128', login: { username: 'us@er', password: 'p:ss' } };
  assert.deepEqual(reach('https://fw.example.net'), proxy);
  assert.deepEqual(reach('https://[fd00::1]:8443'), proxy);
  assert.equal(reach('https://10.0.0.5:8443'), undefined);
  assert.equal(reach('https://[fd00::1]'), undefined);
});

test("a PanFirewall's own proxy counts first, exceptions or not, and gets no login", () => {
  assert.deepEqual(reach('https://10.0.0.5', 'https://other:3129'), { url: 'https://other:3129' });
});

test('without any there is none', () => {
  const none = { url: undefined, except: '' };
  assert.equal(proxyFor({ endpoint: 'https://fw.example.net', proxyUrl: undefined }, none), undefined);
  const plain = { url: new URL('http://proxy.example'), except: '' };
  assert.deepEqual(proxyFor({ endpoint: 'https://fw.example.net', proxyUrl: undefined }, plain), {
    url: 'http://proxy.example',
  });
});
