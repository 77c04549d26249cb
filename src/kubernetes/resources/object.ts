// Schema of the metadata that every object has, and schema problems as one sentence.

import { z } from 'zod';
import type { Labels } from '../../core/model/model.ts';

export type ObjectMeta = {
  readonly name: string;
  /** undefined for an object of cluster scope. */
  readonly namespace: string | undefined;
  readonly uid: string;
  readonly generation: number;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
  readonly resourceVersion: string;
  readonly finalizers: readonly string[];
  /** metadata.deletionTimestamp, ms since the epoch; undefined while nobody deletes it. */
  readonly deletingSince: number | undefined;
  readonly labels: Labels;
  /** Only ours: those below `pantag.io/`. */
  readonly annotations: ReadonlyMap<string, string>;
};

const metadata = z.object({
  name: z.string().catch(''),
  namespace: z.string().min(1).optional().catch(undefined),
  uid: z.string().catch(''),
  generation: z.int().catch(0),
  creationTimestamp: z.string().catch(''),
  resourceVersion: z.string().catch(''),
  finalizers: z.array(z.string()).catch([]),
  deletionTimestamp: z.iso.datetime().transform(Date.parse).optional().catch(undefined),
  labels: z.record(z.string(), z.string()).catch({}),
  annotations: z.record(z.string(), z.string()).catch({}),
});
const object = z.object({
  kind: z.string().catch(''),
  metadata: metadata.catch(() => metadata.parse({})),
  spec: z.unknown().optional(),
  status: z.unknown().optional(),
});

type RawObject = {
  readonly kind: string;
  readonly meta: ObjectMeta;
  readonly spec: unknown;
  readonly status: unknown;
};

/** Never fails: what the API server guarantees about metadata is taken where it is there. */
export function readObject(raw: unknown): RawObject {
  const { kind, metadata: meta, spec, status } = object.safeParse(raw).data ?? object.parse({});
  const { annotations, creationTimestamp, deletionTimestamp, ...plain } = meta;
  const ours = Object.entries(annotations).filter(([key]) => key.startsWith('pantag.io/'));
  return {
    kind,
    meta: {
      ...plain,
      namespace: meta.namespace,
      createdAt: creationTimestamp,
      deletingSince: deletionTimestamp,
      labels: new Map(Object.entries(meta.labels)),
      annotations: new Map(ours),
    },
    spec,
    status,
  };
}

const shown = 5;

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: string };

/** The spec under its schema, or every problem with its field: `spec.endpoint: is required; spec.tags[0]: …`. */
export function readSpec<S extends z.ZodType>(schema: S, spec: unknown): Read<z.output<S>> {
  const read = schema.safeParse(spec, { error: wording });
  if (read.success) return { ok: true, value: read.data };
  const sentences = read.error.issues.map(({ path, message }) => `${fieldOf(['spec', ...path])}: ${message}`);
  const more = sentences.length > shown ? `; and ${sentences.length - shown} more` : '';
  return { ok: false, problems: `${sentences.slice(0, shown).join('; ')}${more}` };
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((field, step) => {
    if (typeof step === 'number') return `${field}[${step}]`;
    return field === '' ? String(step) : `${field}.${String(step)}`;
  }, '');
}

/** zod's own findings in the words of our rules; undefined leaves zod's words. */
function wording(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be of type ${issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty';
      return `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'array' ? ' entries' : ''}`;
    default:
      return undefined;
  }
}
