// What the chart shares with deploy/: the rules of RBAC, whose one source is deploy/rbac.yaml.

import { parseAllDocuments } from 'yaml';

const header = '# Generated from deploy/rbac.yaml by "npm run generate". Do not edit.\n';

const rulesOf = {
  ClusterRole: 'helm/pan-tag-operator/generated/cluster-role-rules.yaml',
  Role: 'helm/pan-tag-operator/generated/role-rules.yaml',
} as const;

/** @param read the content of a file, by its path from the repository's root */
export function chartFiles(read: (path: string) => string): [string, string][] {
  const text = read('deploy/rbac.yaml');
  return Object.entries(rulesOf).map(([kind, path]) => [path, header + rules(text, kind)]);
}

/** The text of the role's list of rules, comments and all. */
function rules(text: string, kind: string): string {
  const documents = parseAllDocuments(text);
  const parts = text.split(/^---\n/m);
  const index = documents.findIndex((document) => document.get('kind') === kind);
  const list = parts[index]?.split(/^rules:\n/m)[1];
  if (list === undefined) throw new Error(`deploy/rbac.yaml has no rules for a ${kind}`);
  return list;
}
