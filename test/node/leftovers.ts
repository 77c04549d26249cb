// Finds what a node has left on the machine: processes, mounts, links, routes, cgroups and files.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';

/** Each thing in words: 'mount /tmp/pantag-node-x/run ...'. @param state the node's directory */
export async function findLeftovers(state: string): Promise<string[]> {
  const [processes, mounts, groups, files] = await Promise.all([
    findProcesses(state),
    readFile('/proc/self/mounts', 'utf8'),
    findGroups(basename(state)),
    readdir(dirname(state)),
  ]);
  return [
    ...processes,
    ...mounts.split('\n').flatMap((line) => (line.includes(state) ? `mount ${line}` : [])),
    ...groups.map((path) => `cgroup ${path}`),
    ...files.flatMap((name) => (name === basename(state) ? state : [])),
  ];
}

/** Links and routes of the machine, whoever's. */
export async function readNetwork(): Promise<string> {
  const ip = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)('ip', args)).stdout;
  return (await ip('-brief', 'link')) + (await ip('route', 'show', 'table', 'all'));
}

async function findProcesses(state: string): Promise<readonly string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = ids.map(async (id) => {
    const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    return command.includes(state) ? `process ${id} ${command.replaceAll('\0', ' ')}` : '';
  });
  return (await Promise.all(found)).filter(Boolean);
}

async function findGroups(name: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('find', ['/sys/fs/cgroup', '-type', 'd', '-name', name]);
  return stdout.split('\n').filter(Boolean);
}
