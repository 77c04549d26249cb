// Columns of kubectl get, by kubectl itself where there is one, and always as the API server's own table.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import type { ClusterAccess } from '../control-plane/access.ts';

/** Column -> cell, those of -o wide included, all as text. */
export type Row = Readonly<Record<string, string>>;

type Table = {
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly (string | number | boolean | null)[] }[];
};

/** The one row of the object at this path. */
export async function printedRow(access: ClusterAccess, path: string): Promise<Row> {
  const dispatcher = new Agent({ connect: { ca: access.caData, ...access.clientCertificate } });
  const headers = {
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    ...(access.adminToken === '' ? {} : { authorization: `Bearer ${access.adminToken}` }),
  };
  try {
    const { body } = await request(`${access.url}${path}`, { dispatcher, headers });
    const { columnDefinitions, rows } = (await body.json()) as Table;
    return Object.fromEntries(
      columnDefinitions.map(({ name }, i) => [name, String(rows[0]?.cells[i] ?? '')]),
    );
  } finally {
    await dispatcher.close();
  }
}

const run = promisify(execFile);

/** The output of kubectl, trimmed; undefined where this machine has none. Rejects when kubectl fails. */
export async function kubectl(kubeconfig: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await run('kubectl', ['--kubeconfig', kubeconfig, ...args], { timeout: 30_000 });
    return stdout.trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
