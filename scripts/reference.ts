// docs/reference: every field of the resources and every flag, from the schemas that the program itself reads.

import { usage } from '../src/config/usage.ts';
import { createMetrics } from '../src/runtime/metrics.ts';
import { customResourceDefinitions } from './custom-resource-definitions.ts';

export const referenceFolder = 'docs/reference';

const header = '<!-- Generated from the schemas in src/ by "npm run generate". Do not edit. -->\n';

const testTiming =
  '`PANTAG_TEST_TIMING` is for the tests of this repository: it shortens the times for which the operator waits. The ' +
  'operator refuses to start with it unless its API server is on the same machine, and then logs the warning ' +
  '`test timing in use`.';

type Schema = {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly 'x-kubernetes-validations'?: readonly { readonly message: string }[];
};

/** Path from the repository's root -> content. */
export function referenceFiles(): [string, string][] {
  const pages = customResourceDefinitions().map(({ names, crd }): [string, string] => {
    const schema = crd.spec.versions[0]?.schema.openAPIV3Schema as Schema;
    return [`${referenceFolder}/${names.singular}.md`, page(names, schema)];
  });
  const commands = `${header}# Commands and flags\n\n\`\`\`\n${usage()}\`\`\`\n\n${testTiming}\n`;
  return [
    ...pages,
    [`${referenceFolder}/command-line.md`, commands],
    [`${referenceFolder}/metrics.md`, metricsPage()],
  ];
}

const aboutMetrics = `Served on \`/metrics\`. Alerts: [troubleshooting](../troubleshooting.md#alerts-by-name); what to look at:
[operations](../operations.md#metrics). Beside these stand metrics of the process and of Node, with the prefixes \`process_\` and
\`nodejs_\`.

- Values of labels are lower case with underscores, but for names of objects, kinds of Kubernetes, and the
  [condition reasons](../reasons.md), which are written as in a status.
- Prometheus gives each metric the \`namespace\` of the operator's Pod, and shows that of a policy as \`exported_namespace\`.
- "Leader only": other replicas do not have it, so it need not be added up. What is told of an object ends with the object.`;

/** The library keeps what a metric was made with, and its types do not tell. */
type Metric = {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
};

function metricsPage(): string {
  const { registry } = createMetrics({ version: '', revision: '' });
  const metrics = registry.getMetricsAsArray() as unknown as readonly Metric[];
  const rows = metrics
    .filter(({ name }) => name.startsWith('pantag_'))
    .map(
      ({ name, type, labelNames, help }) => `| \`${name}\` | ${type} | ${labelNames.join(', ')} | ${help}. |`,
    );
  const table = ['| name | type | labels | |', '|---|---|---|---|', ...rows].join('\n');
  return `${header}# Metrics\n\n${aboutMetrics}\n\n${table}\n`;
}

type Names = ReturnType<typeof customResourceDefinitions>[number]['names'];

function page({ kind, shortName, namespaced }: Names, schema: Schema): string {
  const scope = namespaced ? 'of a namespace' : 'of the cluster';
  const { spec = {}, status = {} } = schema.properties ?? {};
  return [
    `${header}# ${kind}`,
    `\`pantag.io/v1alpha1\`, ${scope}, short name \`${shortName}\`. ${schema.description ?? ''}`,
    'The same is told by `kubectl explain`.',
    `## spec\n\n${table(spec)}`,
    `## status\n\n${table(status)}`,
    ...rules(spec),
  ]
    .join('\n\n')
    .concat('\n');
}

function table(schema: Schema): string {
  const rows = fields(schema, '').map(
    ([path, field, required]) =>
      `| \`${path}\` | ${typeOf(field)}${required ? ', required' : ''} | ${cell(description(field))} |`,
  );
  return ['| field | type | |', '|---|---|---|', ...rows].join('\n');
}

function fields(schema: Schema, path: string): [string, Schema, boolean][] {
  const inner = schema.items ?? schema;
  const below = schema.items === undefined ? path : `${path}[]`;
  const prefix = below === '' ? '' : `${below}.`;
  return Object.entries(inner.properties ?? {}).flatMap(([name, field]) => [
    [`${prefix}${name}`, field, inner.required?.includes(name) === true] as [string, Schema, boolean],
    ...fields(field, `${prefix}${name}`),
  ]);
}

function typeOf({ type = 'any', items, additionalProperties }: Schema): string {
  if (items !== undefined) return `list of ${typeOf(items)}`;
  if (typeof additionalProperties === 'object') return `map of ${typeOf(additionalProperties)}`;
  return type;
}

/** Most descriptions tell bounds and defaults in their own words. */
function description({ description: text = '', default: value }: Schema): string {
  return value === undefined || text.includes('Default:')
    ? text
    : `${text} Default: \`${JSON.stringify(value)}\`.`;
}

/** What the API server refuses beyond types and bounds, by the messages that it gives. */
function rules(spec: Schema): string[] {
  const found = messages(spec, 'spec');
  return found.length === 0
    ? []
    : [`## Refused at admission\n\n${found.map((line) => `- ${line}`).join('\n')}`];
}

function messages(schema: Schema, path: string): string[] {
  const own = schema['x-kubernetes-validations'] ?? [];
  return [
    ...own.map(({ message }) => `\`${path}\` ${message}`),
    ...(schema.items === undefined ? [] : messages(schema.items, `${path}[]`)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => messages(field, `${path}.${name}`)),
  ];
}

function cell(text: string): string {
  // GitHub takes <...> for HTML.
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
