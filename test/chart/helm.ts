// Runs helm on the chart, and reads what it renders.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { ensureHelm } from '../tools/tools.ts';

export const root = join(import.meta.dirname, '../..');
export const chartDirectory = join(root, 'helm/pan-tag-operator');

export type Rendered = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
} & Readonly<Record<string, unknown>>;

export type Values = Readonly<Record<string, unknown>>;

export type Helm = {
  /** What helm prints; rejects with what it says on standard error. */
  readonly run: (...args: readonly string[]) => Promise<string>;
  /** The chart's objects, for release and namespace pan-tag-operator. */
  readonly render: (values?: Values) => Promise<readonly Rendered[]>;
  /** A file with these values. */
  readonly valuesFile: (values: Values) => Promise<string>;
} & AsyncDisposable;

/** Everything that the chart has is switched on. */
export const everything: Values = {
  networkPolicy: { enabled: true },
  serviceMonitor: { enabled: true },
  prometheusRule: { enabled: true },
  dashboard: { enabled: true },
  simulator: { enabled: true },
  uninstall: { purge: true },
};

/** @param kubeconfig of the cluster that install and its like shall reach. */
export async function openHelm(kubeconfig = '/nonexistent'): Promise<Helm> {
  const binary = await ensureHelm();
  const home = await mkdtemp(join(tmpdir(), 'pantag-helm-'));
  let files = 0;
  const run = async (...args: readonly string[]): Promise<string> => {
    const env = { PATH: '', HOME: home, KUBECONFIG: kubeconfig };
    const { stdout } = await promisify(execFile)(binary, args, { env, maxBuffer: 64 * 2 ** 20 });
    return stdout;
  };
  const valuesFile = async (values: Values): Promise<string> => {
    const file = join(home, `values-${(files += 1)}.json`);
    await writeFile(file, JSON.stringify(values));
    return file;
  };
  return {
    run,
    valuesFile,
    async render(values = {}) {
      const place = ['pan-tag-operator', chartDirectory, '--namespace', 'pan-tag-operator'];
      return objectsIn(await run('template', ...place, '--values', await valuesFile(values)));
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

export function objectsIn(text: string): readonly Rendered[] {
  return parseAllDocuments(text).flatMap((document) => {
    assert.deepEqual(document.errors, []);
    const object = document.toJS() as Rendered | null;
    return object === null ? [] : [object];
  });
}

export function only(objects: readonly Rendered[], kind: string, name = 'pan-tag-operator'): Rendered {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  return found ?? assert.fail(`no ${kind} ${name} was rendered`);
}
