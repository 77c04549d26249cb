// The list of NO_PROXY: names, subdomains, addresses, networks and ports.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isExempt, unreadableEntries } from '../../../src/core/syntax/no-proxy.ts';

const rows: readonly (readonly [list: string, exempt: readonly string[], proxied: readonly string[]])[] = [
  ['', [], ['fw.example.net:443']],
  ['*', ['fw.example.net:443', '10.0.0.5:8443', '2001:db8::1:443'], []],
  ['*:8443', ['fw.example.net:8443'], ['fw.example.net:443']],
  ['example.net', ['example.net:443', 'FW.Example.NET:443', 'fw.example.net.:443'], ['badexample.net:443']],
  ['Example.NET.', ['fw.example.net:443'], []],
  ['.example.net', ['fw.example.net:443'], ['example.net:443']],
  ['*.example.net', ['a.fw.example.net:443'], ['example.net:443', 'xexample.net:443']],
  ['fw.example.net:8443', ['fw.example.net:8443'], ['fw.example.net:443']],
  ['10.0.0.5', ['10.0.0.5:443'], ['10.0.0.55:443', '110.0.0.5:443']],
  ['10.0.0.0/8', ['10.1.2.3:443'], ['11.0.0.1:443', '10.example.net:443']],
  ['0.0.0.0/0', ['10.1.2.3:443'], ['fw.example.net:443', '2001:db8::1:443']],
  ['2001:DB8:0::1', ['2001:db8::1:443'], ['2001:db8::2:443']],
  ['[2001:db8::1]:8443', ['2001:db8::1:8443'], ['2001:db8::1:443']],
  ['[2001:db8::1]', ['2001:db8::1:443'], []],
  ['fd00::/8', ['fd00:10::1:443'], ['2001:db8::1:443']],
  ['10.1.2.3/8', ['10.20.0.5:443'], ['172.20.1.1:443']],
  ['10.1.2.3/08,fd00:10::1/64', ['10.20.0.5:443', 'fd00:10::2:443'], ['fd00:10:0:1::1:443']],
  ['::ffff:10.1.2.3/104', ['10.20.0.5:443', '::ffff:10.0.0.9:443'], ['11.0.0.1:443']],
  ['::ffff:10.0.0.5', ['10.0.0.5:443', '::ffff:a00:5:443'], ['10.0.0.6:443']],
  ['fw.example.net:', ['fw.example.net:8443'], ['example.net:443']],
  ['Bücher.example', ['fw.xn--bcher-kva.example:443'], ['bucher.example:443']],
  ['fw_a.example.net', ['fw_a.example.net:443'], []],
  ['a.example, .svc\tb.example ,,', ['a.example:443', 'x.svc:443', 'b.example:443'], ['c.example:443']],
];

for (const [list, exempt, proxied] of rows) {
  test(`NO_PROXY "${list}"`, () => {
    const ask = (target: string) => {
      const at = target.lastIndexOf(':');
      return isExempt(list, target.slice(0, at), Number(target.slice(at + 1)));
    };
    assert.deepEqual(
      exempt.filter((target) => !ask(target)),
      [],
    );
    assert.deepEqual(proxied.filter(ask), []);
  });
}

for (const [list, unreadable] of [
  ['fw.example.net,.svc,*.local,*,*:8443,10.0.0.5,[::1]:443,10.1.2.3/8,fd00::/8,a:,localhost', []],
  ['10.0.0.0/33', ['10.0.0.0/33']],
  ['fd00::/129, 10.0.0.0/8/8', ['fd00::/129', '10.0.0.0/8/8']],
  ['10.0.0.0-10.0.0.9', ['10.0.0.0-10.0.0.9']],
  ['192.168. 10.* fw-*.example.net', ['192.168.', '10.*', 'fw-*.example.net']],
  ['https://fw.example.net/', ['https://fw.example.net/']],
  ['fw.example.net:https,fw.example.net:99999', ['fw.example.net:https', 'fw.example.net:99999']],
  ['[::1,fe80::1%eth0', ['[::1', 'fe80::1%eth0']],
  ['., a..b, *.', ['.', 'a..b', '*.']],
  ['::ffff:10.0.0.0/90', ['::ffff:10.0.0.0/90']],
] as const) {
  test(`NO_PROXY "${list}": what cannot be read exempts nobody, and is named`, () => {
    assert.deepEqual(unreadableEntries(list), unreadable);
    for (const entry of unreadable) assert.equal(isExempt(entry, '10.0.0.5', 443), false);
  });
}
