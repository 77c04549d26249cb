// helm, kubectl and promtool as the tests use them: of pinned versions, built once and kept outside the repository.
import { join } from 'node:path';
import { serverVersion } from '../control-plane/build.ts';
import { type BuildOptions, ensureGoBinary } from '../control-plane/go-binary.ts';
import type { GoProgram } from '../control-plane/go-build.ts';

const helm: GoProgram = {
  name: 'helm',
  source: join(import.meta.dirname, 'helm'),
  tool: 'helm.sh/helm/v4/cmd/helm',
  purpose: 'the tests of the chart build helm',
  content: (versionOf) => `helm ${versionOf('helm.sh/helm/v4')} for the tests of the chart`,
  cost: 'about 2 minutes from nothing on 2 cores; 65 MB kept',
  coldPackages: 1_100,
};

const kubectl: GoProgram = {
  name: 'kubectl',
  source: join(import.meta.dirname, '../control-plane'),
  folder: 'kubectl',
  files: ['kubectl/main.go'],
  purpose: 'the tests of the docs build kubectl',
  content: (versionOf) => `kubectl ${versionOf('k8s.io/kubernetes')} for the tests of the docs`,
  cost: 'about 20 seconds after the control plane; 50 MB kept',
  coldPackages: 400,
  variables: (versionOf) => serverVersion(versionOf('k8s.io/kubernetes')),
};

const promtool: GoProgram = {
  name: 'promtool',
  source: join(import.meta.dirname, 'promtool'),
  tool: 'github.com/prometheus/prometheus/cmd/promtool',
  purpose: 'the tests of the alerts build promtool',
  content: (versionOf) =>
    `promtool ${versionOf('github.com/prometheus/prometheus')} for the tests of the alerts`,
  cost: 'about 4 minutes from nothing on 2 cores; 110 MB kept',
  coldPackages: 1_700,
};

/** The path of helm's binary; see ensureGoBinary. */
export function ensureHelm(options: BuildOptions = {}): Promise<string> {
  return ensureGoBinary(helm, options);
}

/** The path of kubectl's binary; see ensureGoBinary. */
export function ensureKubectl(options: BuildOptions = {}): Promise<string> {
  return ensureGoBinary(kubectl, options);
}

/** The path of promtool's binary; see ensureGoBinary. */
export function ensurePromtool(options: BuildOptions = {}): Promise<string> {
  return ensureGoBinary(promtool, options);
}

if (import.meta.main) {
  await ensureHelm();
  await ensureKubectl();
  await ensurePromtool();
}
