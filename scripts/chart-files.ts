// Generates files of the chart: the rules that it shares with deploy/, the schema of its values, its README.

import { parseAllDocuments, parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { chartMetadata, documentsUrl, type ProgramMetadata } from './chart-metadata.ts';
import { chartReadme } from './chart-readme.ts';
import { chartValues } from './chart-values.ts';

export const chart = 'helm/pan-tag-operator';

const header = (source: string) => `# Generated from ${source} by "npm run generate". Do not edit.\n`;

/** @param read the content of a file, by its path from the repository's root */
export function chartFiles(read: (path: string) => string): [string, string][] {
  const roles = read('deploy/rbac.yaml');
  const values: unknown = parseDocument(read(`${chart}/values.yaml`)).toJS();
  const program = JSON.parse(read('package.json')) as ProgramMetadata;
  return [
    // What is packaged is passed on with them.
    [`${chart}/LICENSE`, read('LICENSE')],
    [`${chart}/NOTICE`, read('NOTICE')],
    [`${chart}/Chart.yaml`, header('package.json') + chartMetadata(program)],
    [`${chart}/generated/cluster-role-rules.yaml`, header('deploy/rbac.yaml') + rules(roles, 'ClusterRole')],
    [`${chart}/generated/role-rules.yaml`, header('deploy/rbac.yaml') + rules(roles, 'Role')],
    [`${chart}/generated/aggregated-roles.yaml`, aggregatedRoles(read('deploy/aggregated-roles.yaml'))],
    [`${chart}/values.schema.json`, valuesSchema()],
    [`${chart}/README.md`, chartReadme(values, documentsUrl(program))],
    [
      'deploy/components/monitoring/prometheus-rule.yaml',
      prometheusRule(read(`${chart}/files/alerts.yaml`), documentsUrl(program)),
    ],
  ];
}

/** The text of the role's list of rules, comments and all. */
function rules(text: string, kind: string): string {
  const index = parseAllDocuments(text).findIndex((document) => document.get('kind') === kind);
  const list = text.split(/^---\n/m)[index]?.split(/^rules:\n/m)[1];
  if (list === undefined) throw new Error(`deploy/rbac.yaml has no rules for a ${kind}`);
  return list;
}

type Role = {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly rules: readonly object[];
};

function aggregatedRoles(text: string): string {
  const roles = parseAllDocuments(text).map((document) => document.toJS() as Role);
  const list = roles.map(({ metadata: { name, labels }, rules }) => ({
    suffix: name.slice('pan-tag-operator-'.length),
    labels: Object.fromEntries(
      Object.entries(labels).filter(([label]) => !label.startsWith('app.kubernetes.io/')),
    ),
    rules,
  }));
  return (
    header('deploy/aggregated-roles.yaml') + stringify(list, { lineWidth: 0, aliasDuplicateObjects: false })
  );
}

/** What the chart makes of the alerts, for those who use kustomize. */
function prometheusRule(alerts: string, documents: string): string {
  const text = alerts.replaceAll('runbook_url: docs/', `runbook_url: ${documents}/`);
  const { groups } = parseDocument(text).toJS() as { readonly groups: unknown };
  const labels = {
    'app.kubernetes.io/name': 'pan-tag-operator',
    'app.kubernetes.io/instance': 'pan-tag-operator',
    'app.kubernetes.io/component': 'operator',
    'app.kubernetes.io/part-of': 'pan-tag-operator',
  };
  const metadata = { name: 'pan-tag-operator', namespace: 'pan-tag-operator', labels };
  const rule = { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata, spec: { groups } };
  return header(`${chart}/files/alerts.yaml`) + stringify(rule, { lineWidth: 0 });
}

/** Helm reads JSON Schema, and refuses what is not in it. */
function valuesSchema(): string {
  const schema = z.toJSONSchema(chartValues, {
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      // Every value may be left out: values.yaml has it.
      delete jsonSchema.required;
    },
  });
  return `${JSON.stringify(schema, null, 2)}\n`;
}
