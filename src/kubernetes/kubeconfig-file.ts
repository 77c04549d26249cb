// The shape of a kubeconfig file (client-go's clientcmd/api/v1), as far as this program honours it.

import { parse as parseYaml } from 'yaml';
import { z } from 'zod';

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);

const cluster = z.object({
  server: z.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': flag,
  'tls-server-name': text,
  'proxy-url': text,
});

const exec = z.object({
  command: z.string().min(1),
  args: list(z.string()),
  env: list(z.object({ name: z.string(), value: z.string() })),
  apiVersion: z.string(),
  provideClusterInfo: flag,
  interactiveMode: text,
});

const user = z.object({
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  exec: exec.nullish().transform((value) => value ?? undefined),
  'auth-provider': z
    .object({ name: z.string() })
    .nullish()
    .transform((value) => value ?? undefined),
  as: text,
  'as-uid': text,
  'as-groups': list(z.string()),
  'as-user-extra': z
    .record(z.string(), z.array(z.string()))
    .nullish()
    .transform((value) => value ?? {}),
});

const named = z.object({ name: z.string() });
const namedCluster = named.extend({ cluster });
const namedContext = named.extend({
  context: z.object({ cluster: z.string(), user: z.string().default('') }),
});
const namedUser = named.extend({ user: z.preprocess((value) => value ?? {}, user) });

const kubeconfig = z.object({
  'current-context': z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  clusters: list(namedCluster),
  contexts: list(namedContext),
  users: list(namedUser),
});

export type NamedCluster = z.infer<typeof namedCluster>;
export type NamedContext = z.infer<typeof namedContext>;
export type NamedUser = z.infer<typeof namedUser>;

/** @throws Error whose message names the offending fields, never their values. */
export function parseKubeconfig(text: string): z.infer<typeof kubeconfig> {
  const result = kubeconfig.safeParse(parseDocument(text));
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new Error(problems.join('; '));
}

function parseDocument(text: string): unknown {
  try {
    return parseYaml(text, { prettyErrors: false });
  } catch {
    // The parser's message quotes the line, and a line of a kubeconfig may be a token.
    throw new Error('it is not YAML');
  }
}
