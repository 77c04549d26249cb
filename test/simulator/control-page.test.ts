// The page of the control port: what it may load, that text stays text, and that its clicks reach the device.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import vm from 'node:vm';
import { startSimulator } from '../../simulator/simulator.ts';
import { waitFor } from '../harness/wait-for.ts';

const simulator = await startSimulator({ password: 'a-hidden-word' });
after(() => simulator.close());
const { controlUrl } = simulator;
const answer = await fetch(`${controlUrl}/`);
const html = await answer.text();
const part = (name: string) => new RegExp(`<${name}>([^]*)</${name}>`).exec(html)?.[1] ?? '';

test('it may run its own script and style and ask its own port, and nothing else', () => {
  assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
  const policy = answer.headers.get('content-security-policy') ?? '';
  const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  assert.deepEqual(policy.split('; '), [
    "default-src 'none'",
    `script-src ${hashOf(part('script'))}`,
    `style-src ${hashOf(part('style'))}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]);
  assert.doesNotMatch(html, /https?:|\ssrc=|\shref=|url\(|@import|\son\w+=|\sstyle=/);
  assert.doesNotMatch(html, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/);
});

test('it holds no secret', () => {
  for (const secret of [simulator.password, simulator.apiKey]) assert.ok(!html.includes(secret));
});

test('a page of another site may not use the control port', async () => {
  const headers = { origin: 'https://example.net' };
  const refused = await fetch(`${controlUrl}/wipe`, { method: 'POST', headers });
  assert.equal(refused.status, 403);
  assert.match(await refused.text(), /another site/);
  const own = await fetch(`${controlUrl}/tables`, { headers: { origin: controlUrl } });
  assert.equal(own.status, 200);
  await own.body?.cancel();
});

/** As much of a document as the script uses: elements keep the text that is set, and know no markup. */
class FakeElement {
  textContent = '';
  value = '';
  hidden = false;
  children: FakeElement[] = [];
  readonly listeners: (() => void)[] = [];
  append(...children: FakeElement[]): void {
    this.children.push(...children);
  }
  replaceChildren(...children: FakeElement[]): void {
    this.children = children;
  }
  addEventListener(_type: string, listener: () => void): void {
    this.listeners.push(listener);
  }
  /** Of itself and all below, in order. */
  texts(): string[] {
    return [this.textContent, ...this.children.flatMap((child) => child.texts())].filter(
      (text) => text !== '',
    );
  }
  click(text: string): void {
    for (const child of this.children)
      if (child.textContent === text) for (const listener of child.listeners) listener();
  }
}

/** The page as it runs, with one look: the next one of its loop never comes. */
function open() {
  const elements = new Map<string, FakeElement>();
  const byId = (id: string): FakeElement => {
    const known = elements.get(id) ?? new FakeElement();
    elements.set(id, known);
    return known;
  };
  const page = {
    document: { getElementById: byId, createElement: () => new FakeElement() },
    fetch: (path: string, options: RequestInit) => fetch(`${controlUrl}${path}`, options),
    setTimeout: () => {},
  };
  vm.runInNewContext(part('script'), page);
  return { byId };
}

test('it shows table, groups, faults and calls; what a tenant wrote is text', async () => {
  const nasty = '<img src=x onerror=alert(1)>';
  simulator.plant({ add: [{ ip: '10.1.0.9', tags: ['web', nasty] }] });
  simulator.setAddressGroup({ name: 'web', filter: "'web'" });
  simulator.inject({ fault: 'hang', ip: '10.1.0.1' });
  const { byId } = open();
  await waitFor(() => byId('table').texts().length > 4, { what: 'the table on the page' });
  assert.deepEqual(byId('table').texts().slice(-3), ['vsys1', '10.1.0.9', `web ${nasty}`]);
  assert.equal(byId('count').textContent, '1 address');
  assert.deepEqual(byId('groups').texts().slice(-4), ['vsys1', 'web', "'web'", '10.1.0.9']);
  assert.match(byId('faults').texts().join(' '), /"fault":"hang".*clear$/);
  assert.deepEqual(byId('log').texts(), ['nobody has called yet']);
  simulator.reset();
});

test('a click injects a fault, another one clears all; what is refused is told', async () => {
  const { byId } = open();
  byId('times').value = '5';
  byId('on').value = 'message';
  byId('inject').click('slow');
  await waitFor(() => simulator.faults().length > 0, { what: 'the fault' });
  const [fault] = simulator.faults();
  assert.deepEqual([fault?.fault.fault, fault?.fault.count], ['slow', 5]);
  byId('act').click('clear all faults');
  await waitFor(() => simulator.faults().length === 0, { what: 'no fault' });
  byId('on').value = 'nothing';
  byId('inject').click('hang');
  await waitFor(() => byId('problem').textContent, { what: 'the refusal on the page' });
  assert.match(byId('problem').textContent, /on/);
});
