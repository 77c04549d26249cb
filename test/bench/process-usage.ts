// What another process has used so far, as Linux tells it.
import { readFile } from 'node:fs/promises';

export type Usage = { readonly cpuSeconds: number; readonly peakMiB: number };

/** Of utime and stime in /proc: 100 a second on every Linux that Node runs on. */
const ticksASecond = 100;

/** undefined where there is no /proc. */
export async function readUsage(pid: number): Promise<Usage | undefined> {
  try {
    const [stat, status] = await Promise.all(
      ['stat', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
    );
    // The command's name, in brackets, may hold spaces; fields are counted after it (proc_pid_stat(5)).
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    const peakKiB = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status ?? '')?.[1]);
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksASecond,
      peakMiB: peakKiB / 1024,
    };
  } catch {
    return undefined;
  }
}
