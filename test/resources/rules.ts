// All that the schemas of specs demand, field by field, as the API server is told it.

import { customResourceDefinitions } from '../../scripts/custom-resource-definitions.ts';

type Schema = {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
};

/** `PanFirewall spec.tables[].vsys` -> the messages of its rules; bounds, types and enums have the server's own. */
export type Demands = ReadonlyMap<string, readonly string[]>;

export function demands(): Demands {
  const found = new Map<string, readonly string[]>();
  for (const { names, crd } of customResourceDefinitions()) {
    const root = crd.spec.versions[0]?.schema.openAPIV3Schema;
    collect(root?.properties.spec as Schema, `${names.kind} spec`, found);
  }
  return found;
}

function collect(schema: Schema, path: string, found: Map<string, readonly string[]>): void {
  const { properties = {}, additionalProperties, items, required = [] } = schema;
  const rules = schema['x-kubernetes-validations'] ?? [];
  // An object without rules of its own demands nothing that its fields do not.
  if (Object.keys(properties).length === 0 || rules.length > 0)
    found.set(
      path,
      rules.map(({ message }) => message),
    );
  for (const [name, field] of Object.entries(properties)) {
    const below = `${path}.${name}`;
    if (required.includes(name)) found.set(below, []);
    collect(field, below, found);
  }
  if (items !== undefined) collect(items, `${path}[]`, found);
  if (additionalProperties !== undefined) collect(additionalProperties, path, found);
}
