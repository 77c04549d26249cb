// The CustomResourceDefinitions as files: for kubectl, and as templates of the chart.

import { stringify } from 'yaml';
import { customResourceDefinitions } from './custom-resource-definitions.ts';

const header = '# Generated from src/kubernetes/resources by "npm run generate". Do not edit.\n';
/** With them every firewall and policy would go. */
const keep = { 'helm.sh/resource-policy': 'keep' };

type Definition = ReturnType<typeof customResourceDefinitions>[number]['crd'];

/** Path from the repository's root -> content. */
export function customResourceDefinitionFiles(): [string, string][] {
  return customResourceDefinitions().flatMap(({ names, crd }): [string, string][] => [
    [`crds/${names.plural}.yaml`, header + yaml(crd)],
    [`helm/pan-tag-operator/templates/crds/${names.plural}.yaml`, template(crd)],
  ]);
}

/** Upgraded with the chart, which Helm does not do with what lies in a chart's crds/ folder; kept on uninstall. */
function template(crd: Definition): string {
  const { metadata } = crd;
  const kept = { ...crd, metadata: { ...metadata, annotations: { ...metadata.annotations, ...keep } } };
  return `${header}{{- if .Values.crds.enabled }}\n${literal(yaml(kept))}{{- end }}\n`;
}

/** The descriptions speak of placeholders in braces like Helm's own. */
function literal(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}

function yaml(crd: unknown): string {
  return stringify(crd, { lineWidth: 0, aliasDuplicateObjects: false });
}
