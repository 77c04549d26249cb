// The alerts: Prometheus understands them, they fire when they should, and ask for what there is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { ensurePromtool } from '../tools/tools.ts';
import { only, openHelm, root } from './helm.ts';
import { knownMetrics, unknownMetrics } from './known-metrics.ts';

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

const known = await knownMetrics();

type Expected = {
  readonly alertname: string;
  readonly eval_time: string;
  readonly exp_alerts: readonly object[];
};
type Cases = { readonly tests: readonly { readonly alert_rule_test: readonly Expected[] }[] };

/** What a case does not name is silent in it. */
function withSilence(
  { alert_rule_test }: Cases['tests'][number],
  alerts: readonly string[],
): readonly Expected[] {
  const named = new Set(alert_rule_test.map(({ alertname }) => alertname));
  const silent = alerts.filter((alertname) => !named.has(alertname));
  return [
    ...alert_rule_test,
    ...silent.map((alertname) => ({ alertname, eval_time: '20m', exp_alerts: [] })),
  ];
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
  const plays = parse(cases) as Cases;
  const alerts = rules.map(({ alert }) => alert).sort();
  const firing = plays.tests.flatMap(({ alert_rule_test }) =>
    alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
  );
  assert.deepEqual([...new Set(firing)].sort(), alerts);
  const tests = plays.tests.map((play) => ({ ...play, alert_rule_test: withSilence(play, alerts) }));
  const file = join(directory, 'cases.yaml');
  await writeFile(file, stringify({ ...plays, tests }));
  await promisify(execFile)(await ensurePromtool(), ['test', 'rules', file]);
});

test('alerts ask for metrics that exist', () => {
  for (const { alert, expr } of rules) assert.deepEqual(unknownMetrics(expr, known), [], alert);
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
