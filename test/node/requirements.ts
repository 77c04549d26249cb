// Finds what this machine lacks for a node: each thing is tried in namespaces that are thrown away.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * One sentence that names everything that is missing here; undefined when a node can run.
 * @param packages of ensurePackages; without them, what needs them is not tried.
 */
export async function findMissing(packages = ''): Promise<string | undefined> {
  const script = join(import.meta.dirname, 'rig/requirements.sh');
  const look = promisify(execFile)('bash', [script, packages]);
  const missing = await look.then(
    ({ stdout }) => stdout.split('\n').filter(Boolean),
    () => ['the program bash'],
  );
  return describeMissing(missing);
}

export function describeMissing(missing: readonly string[]): string | undefined {
  return missing.length === 0 ? undefined : `no Kubernetes node can run here; missing: ${missing.join(', ')}`;
}
