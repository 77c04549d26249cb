// The order in which files of tests start: those that take long first, so that none of them runs alone at the end.
import { globSync } from 'node:fs';
import { join } from 'node:path';

/** By what they took on 2 cores, the longest first; then whatever starts processes; the rest is over in a moment. */
const longest = [
  'scenarios/restored-large',
  'scenarios/status-pace',
  'scenarios/leadership',
  'scenarios/purge',
  'scenarios/device-groups',
  'scenarios/refused-messages',
  'chart/uninstall',
  'scenarios/not-ready',
  'scenarios/events',
  'scenarios/vanished-definitions',
  'scenarios/ownership',
  'scenarios/leases',
  'memory/',
  'scenarios/',
  'chart/',
  'control-plane/',
  'kubernetes/reflector/',
  'resources/',
];

/** Paths of all files of tests under root/test, but for the scenarios that need a node. */
export function inOrder(root: string): string[] {
  const files = globSync('test/**/*.test.ts', { cwd: root, exclude: ['test/node/scenarios/**'] });
  const rank = (file: string): number => {
    const at = longest.findIndex((begin) => file.startsWith(`test/${begin}`));
    return at < 0 ? longest.length : at;
  };
  return files.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b)).map((file) => join(root, file));
}
