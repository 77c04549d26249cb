// The README of the chart: how to install it, and a row for each of its values.

import type { z } from 'zod';
import { chartValues } from './chart-values.ts';

type Row = { readonly key: string; readonly description: string; readonly value: unknown };

/**
 * @param values the content of values.yaml, with a default for every field of the schema
 * @param documents where the documents of this version are, for those who read this page elsewhere
 */
export function chartReadme(values: unknown, documents: string): string {
  const table = rows(chartValues, values, '').map(
    ({ key, description, value }) =>
      `| \`${key}\` | \`${cell(JSON.stringify(value))}\` | ${cell(description)} |`,
  );
  return `${introduction(documents)}\n| value | default | |\n|---|---|---|\n${table.join('\n')}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function rows(schema: z.ZodObject, values: unknown, path: string): Row[] {
  const defaults = new Map(Object.entries(values as Record<string, unknown>));
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const key = `${path}${name}`;
    if (!defaults.has(name)) throw new Error(`values.yaml has no ${key}`);
    const value = defaults.get(name);
    if ('shape' in field) return rows(field as z.ZodObject, value, `${key}.`);
    if (field.description === undefined) throw new Error(`${key} has no description in chart-values.ts`);
    return [{ key, description: field.description, value }];
  });
}

const introduction = (
  documents: string,
): string => `<!-- Generated from scripts/chart-values.ts and values.yaml by "npm run generate". Do not edit. -->
# pan-tag-operator

Keeps the IP-to-tag registrations of Palo Alto Networks firewalls equal to the cluster's Pods.

\`\`\`
helm install pan-tag-operator helm/pan-tag-operator --namespace pan-tag-operator --create-namespace \\
  --set image.repository=registry.example.net/pan-tag-operator
\`\`\`

The image is built by npm run image, or with the Dockerfile: docs/images.md. The namespace may enforce the Pod Security level
"restricted". Two replicas: one leads and writes, the other keeps its caches warm. One release a cluster: two would
write the same firewalls.

- **CRDs** are part of the release and upgraded with it; uninstalling keeps them, and with them every PanFirewall and
  policy. Where they were applied by hand, or by a release of another name or namespace, add \`--take-ownership\` once, or set \`crds.enabled=false\`.
- **Rights** are the least that work: Secrets and the Lease in the release's own namespace only. Nobody is granted to
  write PanFirewalls. \`rbac.aggregate\` lets the roles view, edit and admin see policies and PanFirewalls, and edit and admin write
  PanTagPolicies. PanFirewalls are of no namespace: a team that has its role in its own namespace alone may read their names, prefixes
  and statuses (no credentials are in them, but addresses and tags of other teams) by
  \`kubectl create clusterrolebinding shop-firewall-view --clusterrole=pan-tag-operator-firewall-view --group=shop\`.
- **Names** are those of the release, or \`<release>-pan-tag-operator\` where the release is called otherwise; \`nameOverride\` and
  \`fullnameOverride\` do what they do in other charts. The Deployment's selector is \`app.kubernetes.io/name\` and
  \`app.kubernetes.io/instance\`, as in deploy/; the parts of a release differ in \`app.kubernetes.io/component\`.
- **OpenShift** chooses the user: set \`podSecurityContext.runAsUser\` and \`podSecurityContext.runAsGroup\` to null.
- **Uninstall** leaves the firewalls as they are, unless \`uninstall.purge=true\` was set by an upgrade before: then the
  operator is scaled to 0 and what is its own is unregistered first. When that fails, see
  [Uninstall fails](${documents}/troubleshooting/removals.md#uninstall-fails): \`kubectl logs job/<release>-uninstall\` names the firewall.
- **Try it out** with \`simulator.enabled=true\`, and do as the notes of the installation say. The simulated firewall has an image of its
  own: \`docker build --target simulator -t registry.example.net/pan-os-simulator:0.1.0 .\`, then
  \`--set simulator.image.repository=registry.example.net/pan-os-simulator\`. Its CA comes into its Secret when it starts.

[How to upgrade](${documents}/upgrade.md) · [what each alert means](${documents}/troubleshooting.md)

## Values
`;
