// The zod side of the schemas, and what the operator gets from a stored object.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseTemplate } from '../../src/core/syntax/template.ts';
import {
  readDefinition,
  schemaRevision,
  schemaRevisionAnnotation,
} from '../../src/kubernetes/resources/api.ts';
import { parseFirewall, parsePolicy } from '../../src/kubernetes/resources/parse.ts';
import { celText } from '../../src/kubernetes/resources/schema.ts';
import { templatePatterns } from '../../src/kubernetes/resources/tag-source.ts';
import { badCases, goodCases } from './cases.ts';
import { clusterPolicy, firewall, type Manifest, policy } from './manifests.ts';
import { firewallStatus } from './samples.ts';
import { demands } from './rules.ts';

/** '' where the object is accepted. */
function problemsOf(manifest: Manifest): string {
  // What the API server would store: JSON, so without the fields that are undefined.
  const raw: unknown = JSON.parse(JSON.stringify(manifest));
  const parsed = manifest.kind === 'PanFirewall' ? parseFirewall(raw) : parsePolicy(raw);
  return parsed.ok ? '' : parsed.problems;
}

test('zod accepts every good manifest', () => {
  const refused = goodCases
    .map(({ name, manifest }) => [name, problemsOf(manifest)])
    .filter(([, why]) => why !== '');
  assert.deepEqual(refused, []);
});

test('zod refuses every bad manifest, and names the field and the fix', () => {
  const wrong = badCases
    .map(({ name, manifest, field, says = '' }) => ({ name, field, says, problems: problemsOf(manifest) }))
    .filter(({ field, says, problems }) => !(problems.startsWith(field) && problems.includes(says)));
  assert.deepEqual(wrong, []);
});

test('every field that demands something has a bad manifest that is refused for it', () => {
  // All selectors are of one schema, and so is what both kinds of policies have.
  const plain = (path: string) =>
    path
      .replaceAll(/\[\d+\]/g, '[]')
      .replace(/^.*Selector(?=\.)/, 'selector')
      .replace(/^Cluster/, '');
  const tried = new Set(badCases.map(({ manifest, field }) => plain(`${manifest.kind} ${field}`)));
  const demanded = new Set([...demands().keys()].map(plain));
  assert.ok(demanded.size > 30, `${demanded.size} fields`);
  assert.deepEqual(
    [...demanded].filter((path) => !tried.has(path)),
    [],
  );
});

test('a PanFirewall becomes what decides tags and how to reach it, with defaults', () => {
  const raw = {
    ...firewall(),
    metadata: { name: 'edge-a', uid: 'u1', generation: 3, labels: { site: 'north' } },
  };
  const parsed = parseFirewall(raw);
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.firewall, {
    name: 'edge-a',
    labels: new Map([['site', 'north']]),
    tagPrefix: 'k8s-prod.',
    namespaceSelector: [],
    addressCIDRs: undefined,
  });
  assert.deepEqual(parsed.settings, {
    endpoint: 'https://fw-a.example.net',
    credentials: { secretRef: { name: 'edge-a' }, method: 'ApiKey' },
    limits: { maxConcurrentCalls: 2 },
    tls: { insecureSkipVerify: false },
    tables: undefined,
    mode: 'Enforce',
    deletionPolicy: 'Purge',
    purgeTimeoutSeconds: 300,
    resync: { fullIntervalSeconds: 900, markerIntervalSeconds: 30 },
    removalGuard: { percent: 30, minimum: 50 },
    registrationTimeoutSeconds: 0,
  });
  assert.equal(parsed.meta.generation, 3);
  assert.equal(parsed.meta.uid, 'u1');
});

test('a PanFirewall keeps what is set', () => {
  const parsed = parseFirewall(
    firewall({
      tls: { caSecretRef: { name: 'ca' }, serverName: 'fw', insecureSkipVerify: true },
      tables: [{ vsys: 'vsys2' }],
      addressCIDRs: ['10.20.0.0/16', 'fd00::/128'],
      namespaceSelector: { matchLabels: { env: 'prod' } },
      resync: { fullIntervalSeconds: 60 },
      removalGuard: { percent: 0 },
    }),
  );
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.settings.tls, {
    caSecretRef: { name: 'ca' },
    serverName: 'fw',
    insecureSkipVerify: true,
  });
  assert.deepEqual(parsed.settings.tables, [{ serial: undefined, deviceGroup: undefined, vsys: 'vsys2' }]);
  assert.equal(parsed.settings.resync.fullIntervalSeconds, 60);
  assert.deepEqual(parsed.settings.removalGuard, { percent: 0, minimum: 50 });
  assert.deepEqual(parsed.firewall.addressCIDRs, [
    { groups: [0, 0, 0, 0, 0, 0xffff, 0x0a14, 0], length: 112 },
    { groups: [0xfd00, 0, 0, 0, 0, 0, 0, 0], length: 128 },
  ]);
  assert.deepEqual(parsed.firewall.namespaceSelector, [
    { key: 'env', operator: 'In', values: new Set(['prod']) },
  ]);
});

test('a PanTagPolicy belongs to its namespace, a ClusterPanTagPolicy to none', () => {
  const own = parsePolicy(policy());
  const wide = parsePolicy(clusterPolicy({ firewallNames: undefined, firewallSelector: {} }));
  assert.ok(own.ok && wide.ok);
  assert.deepEqual(own.policy, {
    id: 'default/web',
    name: 'web',
    namespace: 'default',
    firewalls: { names: ['edge-a'] },
    namespaceSelector: undefined,
    podSelector: [],
    priority: undefined,
    tags: [{ kind: 'template', template: [{ kind: 'text', text: 'web' }] }],
  });
  assert.equal(wide.policy.id, '/web');
  assert.equal(wide.policy.priority, 0);
  assert.equal(wide.policy.namespace, undefined);
  assert.deepEqual(wide.policy.namespaceSelector, []);
  assert.deepEqual(wide.policy.firewalls, { selector: [] });
});

test('an invalid object still tells who it is, and what its status was', () => {
  const status = { observedGeneration: 2, pods: 1 };
  const metadata = { name: 'web', namespace: 'shop', generation: 4 };
  const parsed = parsePolicy({ ...policy({ tags: [] }), metadata, status });
  assert.ok(!parsed.ok);
  assert.equal(parsed.problems, 'spec.tags: must not be empty');
  assert.equal(parsed.meta.namespace, 'shop');
  assert.equal(parsed.meta.generation, 4);
  assert.deepEqual(parsed.status, status);
});

test('what decides about the end of a PanFirewall is read of an invalid spec, too', () => {
  const ending = { deletionPolicy: 'Purge', mode: 'Observe', purgeTimeoutSeconds: 7 };
  const parsed = parseFirewall(firewall({ ...ending, endpoint: 'nowhere' }));
  assert.ok(!parsed.ok);
  assert.deepEqual(parsed.ending, ending);
  const unreadable = parseFirewall({ ...firewall(), spec: { deletionPolicy: 'x', purgeTimeoutSeconds: -1 } });
  assert.equal(unreadable.ending.deletionPolicy, undefined);
  assert.equal(unreadable.ending.purgeTimeoutSeconds, 300);
  assert.equal(parseFirewall({ ...firewall(), spec: 'none' }).ending.mode, 'Enforce');
});

test('finalizers and the time of deletion are read of metadata', () => {
  const metadata = { name: 'a', deletionTimestamp: '2026-11-22T10:00:00Z', finalizers: ['pantag.io/purge'] };
  const { meta } = parseFirewall({ ...firewall(), metadata });
  assert.deepEqual([meta.deletingSince, meta.finalizers], [Date.UTC(2026, 10, 22, 10), ['pantag.io/purge']]);
  assert.equal(parseFirewall(firewall()).meta.deletingSince, undefined);
});

test('unknown fields and an unreadable status are no reason to refuse', () => {
  const later = {
    ...firewall({ mode: 'Observe', resync: { markerIntervalSeconds: 30 } }),
    status: { conditions: 7 },
  };
  const parsed = parseFirewall(later);
  assert.ok(parsed.ok);
  assert.equal(parsed.status, undefined);
});

test('many problems become one sentence of bounded length', () => {
  const tags = Array.from({ length: 32 }, () => ({ template: '{{ nod }}' }));
  const problems = problemsOf(policy({ tags }));
  assert.equal(problems.split('; ').length, 6);
  assert.match(problems, /^spec\.tags\[0\]\.template: .*did you mean node.*; and 27 more$/);
});

test('law: an accepted endpoint is a URL with that host and port, and nothing else', () => {
  const piece = fc.constantFrom(
    'fw-a',
    'FW',
    '.',
    ':',
    '::',
    '[',
    ']',
    '/',
    '@',
    '?',
    '#',
    '-',
    '0x',
    '10',
    '255',
    '256',
  );
  const more = fc.constantFrom('1', '0', 'f', 'xn--', '2001:db8', ':443', ':65535', ' ', '%', 'net', '_');
  const host = fc
    .array(fc.oneof(piece, more), { minLength: 1, maxLength: 9 })
    .map((pieces) => pieces.join(''));
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(host, (text) => {
      const accepted = problemsOf(firewall({ endpoint: `https://${text}` })) === '';
      seen[accepted ? 'accepted' : 'refused'] += 1;
      if (!accepted) return;
      const url = new URL(`https://${text}`);
      assert.equal(url.href, `${url.origin}/`);
      // An IPv6 address and port 443 have other spellings; the rest is told back in lower case.
      if (!text.includes('[')) assert.equal(url.host, text.toLowerCase().replace(/:0*443$/, ''));
    }),
    { numRuns: 20_000 },
  );
  assert.ok(seen.accepted > 500 && seen.refused > 500, JSON.stringify(seen));
});

test('anything at all is either parsed or refused with a sentence', () => {
  fc.assert(
    fc.property(fc.anything(), (raw) => {
      for (const parsed of [parseFirewall(raw), parsePolicy(raw)])
        assert.ok(parsed.ok || parsed.problems !== '');
    }),
  );
});

test('law: the CRD’s patterns and parseTemplate agree on every text', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '{{',
      '}}',
      '{',
      '}',
      ' ',
      '  ',
      '.',
      '_',
      "'",
      '"',
      '\t',
      '\u00A0',
      '\uFEFF',
      '\uFFFE',
      '😀',
    ),
    fc.constantFrom(
      '{{ node }}',
      '{{pod}}',
      "{{ labels['a/b'] }}",
      '{{ labels.a }}',
      "{{namespaceLabels [ 'x' ]}}",
    ),
    fc.constantFrom('labels', "['", "']", 'node', 'nod', '-', '/', 'a'),
  );
  const text = fc.array(piece, { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(''));
  const accepted = { yes: 0, no: 0 };
  fc.assert(
    fc.property(text, (value) => {
      const { ok } = parseTemplate(value);
      accepted[ok ? 'yes' : 'no'] += 1;
      assert.equal(
        Object.values(templatePatterns).every((one) => one.matches(value)),
        ok,
      );
    }),
    { numRuns: 20_000 },
  );
  assert.ok(accepted.yes > 500 && accepted.no > 500, JSON.stringify(accepted));
});

test('a CEL text holds ASCII only and reads back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const literal = celText(value);
      assert.match(literal, /^[\x20-\x7E]*$/);
      assert.equal(JSON.parse(literal), value);
    }),
  );
});

test('the revision of an installed CRD is read from its annotation', () => {
  const crd = (revision: string): unknown => ({
    metadata: { annotations: { [schemaRevisionAnnotation]: revision } },
  });
  assert.equal(readDefinition(crd(String(schemaRevision))).revision, schemaRevision);
  for (const none of [{}, { metadata: {} }, crd(''), crd('x'), crd('-1'), crd('1.5'), undefined]) {
    assert.equal(readDefinition(none).revision, 0);
  }
});

test('what an earlier release wrote otherwise costs that field of the status, and nothing else of it', () => {
  const [table, ...others] = firewallStatus.tables ?? [];
  const causes = [{ kind: 'PanTagPolicy', name: 'shop/web', change: 'deleted', addresses: 210 }];
  const plan = { plan: '7f3a', addresses: 210, of: 640, causes, examples: [], since: '2026-11-29T00:00:00Z' };
  const statusWith = (changes: object) => {
    const status = { ...firewallStatus, tables: [{ ...table, ...changes }, ...others] };
    return parseFirewall(JSON.parse(JSON.stringify({ ...firewall(), status }))).status;
  };
  const { held: _, ...rest } = { held: undefined, ...table };
  const without = { ...firewallStatus, tables: [rest, ...others] };
  assert.deepEqual(statusWith({ held: [plan] })?.tables?.[0]?.held, [plan]);
  assert.deepEqual(statusWith({ held: plan }), without, 'one plan, which was no list');
  assert.deepEqual(statusWith({ held: [{ plan: 7 }, 'x'] }), without);
  assert.deepEqual(statusWith({ held: null }), without);
  assert.equal(statusWith({ owned: 'many' }), undefined, 'what every table has');
});
