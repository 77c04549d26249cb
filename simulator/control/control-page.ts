// A page to look at the device and to click faults: HTML, style and script in one, without anything from elsewhere.

import { createHash } from 'node:crypto';

const style = `
:root{color-scheme:light dark;font:14px/1.5 system-ui,sans-serif}
body{margin:1rem auto;max-width:75rem;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1rem;margin:1.5rem 0 .3rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.1rem .8rem .1rem 0;border-bottom:1px solid #8884}
td{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.9em;overflow-wrap:anywhere}
button,select{font:inherit;margin:0 .3rem .3rem 0}
.faint{opacity:.65}
`;

/** Everything that comes from a device or a tenant is set as text, never as markup. */
const script = `
'use strict';
const byId = (id) => document.getElementById(id);
const mostRows = 500, mostCalls = 100;
let since = 0, calls = [];

const cell = (name, value) => { const made = document.createElement(name); made.textContent = String(value); return made; };
const row = (name, values) => { const made = document.createElement('tr'); made.append(...values.map((value) => typeof value === 'object' ? value : cell(name, value))); return made; };
const fill = (id, heads, rows, none) => {
  const shown = rows.slice(0, mostRows);
  const more = rows.length > shown.length ? [row('td', ['and ' + (rows.length - shown.length) + ' more'])] : [];
  byId(id).replaceChildren(...(rows.length === 0 ? [row('td', [none])] : [row('th', heads), ...shown, ...more]));
};
const button = (text, action) => { const made = cell('button', text); made.addEventListener('click', () => void attempt(action)); return made; };

const target = () => { const serial = byId('firewall').value; return serial ? '?serial=' + encodeURIComponent(serial) : ''; };
const call = async (path, method = 'GET', body) => {
  const answer = await fetch(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.problem);
  return said;
};
const attempt = async (action) => {
  try { await action(); byId('problem').textContent = ''; await refresh(); }
  catch (error) { byId('problem').textContent = String(error.message); }
};

const entries = (tables) => Object.entries(tables).flatMap(([vsys, table]) => Object.entries(table).map(([ip, entry]) => [vsys, ip, entry]));
const refresh = async () => {
  const [tables, groups, faults, log] = await Promise.all([
    call('/tables' + target()), call('/address-groups' + target()), call('/faults'), call('/log?since=' + since),
  ]);
  const rows = entries(tables);
  byId('count').textContent = rows.length + (rows.length === 1 ? ' address' : ' addresses');
  fill('table', ['vsys', 'address', 'tags', ''], rows.map(([vsys, ip, { tags, fromAgent, persistent, expiresIn }]) =>
    row('td', [vsys, ip, tags.join(' '), [fromAgent ? 'from agent' : '', persistent ? '' : 'not persistent', expiresIn ? 'expires' : ''].filter(Boolean).join(', ')])), 'empty');
  fill('groups', ['vsys', 'group', 'filter', 'members'], groups.map(({ vsys, name, filter, members }) => row('td', [vsys, name, filter, members.join(' ')])), 'none is configured: POST /address-groups');
  fill('faults', ['fault', 'times met', ''], faults.map(({ id, fault, effects }) => row('td', [JSON.stringify(fault), effects, button('clear', () => call('/faults/' + id, 'DELETE'))])), 'none');
  for (const entry of log) since = Math.max(since, entry.seq);
  calls = [...log.slice(-mostCalls).reverse(), ...calls].slice(0, mostCalls);
  fill('log', ['time', 'call', 'registered', 'unregistered', 'answer', 'ms'], calls.map((one) => row('td', [
    new Date(one.t).toISOString().slice(11, 23), [one.kind, one.target, one.vsys].filter(Boolean).join(' '),
    one.register.length || '', one.unregister.length || '',
    one.fault ? 'fault: ' + one.fault : [one.status, one.code].filter((part) => part !== null).join(' '), Math.round(one.durationMs),
  ])), 'nobody has called yet');
};

const kinds = ['hang', 'reset', 'http-status', 'error', 'garbage', 'html', 'empty', 'truncate', 'not-ready', 'pretend', 'reject', 'slow'];
byId('inject').append(...kinds.map((fault) => button(fault, () => {
  const count = Number(byId('times').value);
  return call('/faults', 'POST', {
    fault, ...(count ? { count } : {}), ...(fault === 'reject' ? {} : { on: byId('on').value }), ...(fault === 'slow' ? { ms: 3000 } : {}),
  });
})));
byId('act').append(
  button('clear all faults', () => call('/faults', 'DELETE')),
  button('empty the table', () => call('/wipe' + target(), 'POST')),
  button('reboot, down for 3 s', () => call('/reboot' + target(), 'POST', { downMs: 3000 })),
  button('expire the API keys', () => call('/expire-keys', 'POST')),
);
// Only a Panorama has firewalls behind it.
const findFirewalls = async () => {
  const answer = await fetch('/firewalls');
  if (!answer.ok) return;
  const option = (value, text) => { const made = cell('option', text); made.value = value; return made; };
  byId('firewall').append(option('', 'the Panorama itself'), ...(await answer.json()).map(({ serial }) => option(serial, serial)));
  byId('firewall').hidden = false;
};
const loop = async () => { await attempt(() => {}); setTimeout(loop, 1000); };
void findFirewalls().catch(() => {}).then(loop);
`;

const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>PAN-OS simulator</title>
<style>${style}</style>
<h1>PAN-OS simulator <select id="firewall" hidden></select></h1>
<p id="problem" role="status"></p>
<h2>registered-ip table <span id="count" class="faint"></span></h2>
<table id="table"></table>
<h2>Dynamic address groups</h2>
<table id="groups"></table>
<h2>Faults</h2>
<p><select id="times"><option value="1">once</option><option value="5">5 times</option><option value="">until cleared</option></select>
<select id="on"><option>message</option><option>read</option><option>keygen</option><option>info</option><option>any</option></select></p>
<p id="inject"></p>
<table id="faults"></table>
<p id="act"></p>
<h2>Calls <span class="faint">the latest first</span></h2>
<table id="log"></table>
<script>${script}</script>
</html>
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** What answers GET /. */
export const controlPage = {
  body: html,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': [
      "default-src 'none'",
      `script-src ${hashOf(script)}`,
      `style-src ${hashOf(style)}`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  },
} as const;
