// The dashboard: of a shape that Grafana reads, its expressions are PromQL and ask for what there is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { z } from 'zod';
import { ensurePromtool } from '../tools/tools.ts';
import { chartDirectory, only, openHelm } from './helm.ts';
import { knownMetrics, unknownMetrics } from './known-metrics.ts';

const written: unknown = JSON.parse(await readFile(join(chartDirectory, 'files/dashboard.json'), 'utf8'));

const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const gridPos = z.strictObject({
  h: z.int().positive(),
  w: z.int().min(1).max(24),
  x: z.int().min(0).max(23),
  y: z.int().min(0),
});
const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  expr: z.string().min(1),
  legendFormat: z.string(),
  instant: z.boolean().optional(),
  range: z.boolean().optional(),
  format: z.literal('table').optional(),
});
const step = z.strictObject({ color: z.string(), value: z.number().nullable() });
const thresholds = z.strictObject({
  mode: z.literal('absolute'),
  // The first one is the base; the others rise.
  steps: z
    .array(step)
    .min(1)
    .refine(([base, ...rest]) => base?.value === null && isRising(rest.map(({ value }) => value))),
});
const mapping = z.strictObject({
  type: z.literal('value'),
  options: z.record(
    z.string(),
    z.strictObject({ text: z.string(), color: z.string(), index: z.int().min(0) }),
  ),
});
const defaults = z.strictObject({
  unit: z.enum(['short', 's', 'bytes', 'percentunit', 'cps', 'reqps']).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  decimals: z.int().optional(),
  color: z.strictObject({ mode: z.literal('thresholds') }).optional(),
  thresholds: thresholds.optional(),
  mappings: z.array(mapping).optional(),
  custom: z.record(z.string(), z.unknown()).optional(),
});
const title = z.string().min(1);
const id = z.int().positive();
const panel = z.strictObject({
  id,
  type: z.enum(['stat', 'state-timeline', 'bargauge', 'table', 'timeseries']),
  title,
  description: z.string(),
  datasource,
  gridPos,
  fieldConfig: z.strictObject({ defaults, overrides: z.array(z.never()) }),
  options: z.record(z.string(), z.unknown()),
  targets: z.array(target).min(1),
  transformations: z
    .array(z.strictObject({ id: z.literal('organize'), options: z.looseObject({}) }))
    .optional(),
});
const row = z.strictObject({
  id,
  type: z.literal('row'),
  title,
  collapsed: z.literal(false),
  gridPos,
  panels: z.array(z.never()),
});
const variable = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('datasource'), name: z.string(), label: z.string(), query: z.string() }),
  z.strictObject({
    type: z.literal('query'),
    name: z.string(),
    label: z.string(),
    datasource,
    query: z.strictObject({ query: z.string(), refId: z.string() }),
    refresh: z.literal(2),
    sort: z.literal(1),
    multi: z.boolean().optional(),
    includeAll: z.boolean().optional(),
    allValue: z.string().optional(),
    current: z.looseObject({}).optional(),
  }),
]);
const dashboard = z.strictObject({
  title: z.literal('pan-tag-operator'),
  uid: z.literal('pan-tag-operator'),
  tags: z.array(z.string()),
  timezone: z.literal('browser'),
  schemaVersion: z.literal(39),
  version: z.int(),
  editable: z.boolean(),
  graphTooltip: z.int(),
  refresh: z.string(),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  templating: z.strictObject({ list: z.array(variable) }),
  annotations: z.strictObject({ list: z.array(z.never()) }),
  links: z.array(z.never()),
  panels: z.array(z.discriminatedUnion('type', [panel, row])),
});

const { panels, templating } = dashboard.parse(written);
const drawn = panels.flatMap((one) => (one.type === 'row' ? [] : [one]));
const asked = drawn.flatMap(({ title: of, targets }) => targets.map(({ expr }) => ({ of, expr })));

function isRising(values: readonly (number | null)[]): boolean {
  return values.every((value, i) => value !== null && (i === 0 || value > (values[i - 1] ?? Number.NaN)));
}

/** As Grafana fills it in. */
function filledIn(expr: string): string {
  return expr
    .replaceAll('$namespace', 'pan-tag-operator')
    .replaceAll('$firewall', 'edge-a|edge-b')
    .replaceAll('$__rate_interval', '2m');
}

test('no two panels are one, or lie on each other', () => {
  assert.equal(new Set(panels.map((one) => one.id)).size, panels.length);
  const fields = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
  );
  assert.equal(new Set(fields).size, fields.length);
  for (const { title: of, gridPos: at } of panels) assert.ok(at.x + at.w <= 24, of);
});

test('what one wants to see first is there', () => {
  const titlesOf = (type: string) => drawn.filter((one) => one.type === type).map((one) => one.title);
  assert.ok(titlesOf('state-timeline').includes('Firewalls'));
  assert.ok(titlesOf('bargauge').includes('Used of capacity'));
  for (const stat of ['Firewalls not ready', 'Policies not ready', 'Held', 'Rejected'])
    assert.ok(titlesOf('stat').includes(stat), stat);
  assert.ok(templating.list.some(({ name }) => name === 'firewall'));
});

test('every expression asks for metrics that exist, of the namespace that is chosen', async () => {
  const known = await knownMetrics();
  for (const { of, expr } of asked) {
    assert.deepEqual(unknownMetrics(expr, known), [], of);
    const selectors = expr.match(/\b(?:pantag|process|nodejs)_[a-z_]+(?:\{[^}]*\})?/g) ?? [];
    for (const selector of selectors) assert.match(selector, /namespace="\$namespace"/, of);
  }
});

test('every expression is PromQL', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pantag-dashboard-'));
  after(() => rm(directory, { recursive: true, force: true }));
  const rules = asked.map(({ expr }, i) => ({ record: `panel:${i}`, expr: filledIn(expr) }));
  const file = join(directory, 'rules.yaml');
  await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
  const { stdout } = await promisify(execFile)(await ensurePromtool(), ['check', 'rules', file]);
  assert.match(stdout, new RegExp(`SUCCESS: ${rules.length} rules found`));
});

test('the dashboard arrives as it is written', async () => {
  await using helm = await openHelm();
  const objects = await helm.render({ dashboard: { enabled: true, labels: { grafana: 'yes' } } });
  const map = only(objects, 'ConfigMap', 'pan-tag-operator-dashboard');
  assert.equal(map.metadata.labels?.['grafana'], 'yes');
  const data = map['data'] as Record<string, string>;
  assert.deepEqual(JSON.parse(data['pan-tag-operator.json'] ?? ''), written);
});
