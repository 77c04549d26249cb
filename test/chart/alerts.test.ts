// The alerts and the dashboard: Prometheus understands them, they fire when they should, and ask for what there is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { metricNames } from '../scenarios/probes.ts';
import { ensurePromtool } from '../tools/tools.ts';
import { chartDirectory, only, openHelm, root } from './helm.ts';

type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
};
type Rules = { readonly groups: readonly { readonly rules: readonly Rule[] }[] };

const directory = await mkdtemp(join(tmpdir(), 'pantag-alerts-'));
const helm = await openHelm();
after(async () => {
  await helm[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});
const rendered = only(await helm.render({ prometheusRule: { enabled: true } }), 'PrometheusRule');
const rulesFile = join(directory, 'rules.yaml');
await writeFile(rulesFile, stringify(rendered['spec']));
const rules = (rendered['spec'] as Rules).groups.flatMap((group) => group.rules);

/** Metrics of the operator, and those that Node's own collector adds. */
const known = new Set(metricNames(await createMetrics({ version: '0', revision: '0' }).text()));

function unknownMetrics(expression: string): readonly string[] {
  const names = expression.match(/\b(?:pantag|process|nodejs)_[a-z_]+/g) ?? [];
  assert.notEqual(names.length, 0, expression);
  return names.filter((name) => !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, '')));
}

test('promtool takes the rules', async (t) => {
  const { stdout } = await promisify(execFile)(await ensurePromtool(), ['check', 'rules', rulesFile]);
  t.diagnostic(stdout.trim());
  assert.match(stdout, new RegExp(`SUCCESS: ${rules.length} rules found`));
});

test('each alert fires in its case and in no other', async () => {
  const documents = /^.*(?=docs\/)/.exec(rules[0]?.annotations['runbook_url'] ?? '')?.[0] ?? assert.fail();
  const cases = (await readFile(join(import.meta.dirname, 'alerts.cases.yaml'), 'utf8'))
    .replace('RULES', rulesFile)
    .replaceAll("runbook_url: 'docs/", `runbook_url: '${documents}docs/`);
  const tested = new Set(cases.match(/(?<=alertname: )\w+/g));
  assert.deepEqual([...tested].sort(), rules.map(({ alert }) => alert).sort());
  const file = join(directory, 'cases.yaml');
  await writeFile(file, cases);
  await promisify(execFile)(await ensurePromtool(), ['test', 'rules', file]);
});

test('alerts and dashboard ask for metrics that exist', async () => {
  for (const { alert, expr } of rules) assert.deepEqual(unknownMetrics(expr), [], alert);
  const dashboard = JSON.parse(await readFile(join(chartDirectory, 'files/dashboard.json'), 'utf8')) as {
    panels: readonly { title: string; targets: readonly { expr: string }[] }[];
  };
  const panels = dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ title, expr })),
  );
  assert.ok(panels.length > 10);
  for (const { title, expr } of panels) assert.deepEqual(unknownMetrics(expr), [], title);
});

test('the runbook of each alert is a heading of docs/troubleshooting.md', async () => {
  const page = await readFile(join(root, 'docs/troubleshooting.md'), 'utf8');
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const { alert, annotations } of rules) {
    const [url = '', anchor = ''] = (annotations['runbook_url'] ?? '').split('#');
    assert.match(url, /\/docs\/troubleshooting\.md$/, alert);
    assert.ok(anchors.includes(anchor), `${alert}: no heading for #${anchor}`);
  }
});

async function runbooks(values: object): Promise<readonly (string | undefined)[]> {
  const objects = await helm.render({ prometheusRule: { enabled: true, ...values } });
  const { groups } = only(objects, 'PrometheusRule')['spec'] as Rules;
  return groups.flatMap((group) => group.rules.map(({ annotations }) => annotations['runbook_url']));
}

test("runbook links begin where the repository keeps this version's docs", async () => {
  const { homepage, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    homepage: string;
    version: string;
  };
  assert.match(homepage, /^https:\/\//);
  for (const url of await runbooks({}))
    assert.ok(url?.startsWith(`${homepage}/blob/v${version}/docs/troubleshooting.md#`), url);
});

test('runbook links begin where the docs are kept instead', async () => {
  for (const url of await runbooks({ documentationUrl: 'https://git.example.net/docs' }))
    assert.match(url ?? '', /^https:\/\/git\.example\.net\/docs\/troubleshooting\.md#\w+$/);
});

test('the dashboard arrives as it is written', async () => {
  const objects = await helm.render({ dashboard: { enabled: true, labels: { grafana: 'yes' } } });
  const map = only(objects, 'ConfigMap', 'pan-tag-operator-dashboard');
  assert.equal(map.metadata.labels?.['grafana'], 'yes');
  const data = map['data'] as Record<string, string>;
  const written: unknown = parse(await readFile(join(chartDirectory, 'files/dashboard.json'), 'utf8'));
  assert.deepEqual(JSON.parse(data['pan-tag-operator.json'] ?? ''), written);
});
