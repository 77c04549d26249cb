// The list of NO_PROXY: names, subdomains, addresses, networks and ports.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isExempt } from '../../src/core/no-proxy.ts';

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
