// Resource usage of a process, from Linux's /proc.
import { readFileSync } from 'node:fs';

export type Usage = { readonly cpuSeconds: number; readonly peakMiB: number };

/** Of utime and stime in /proc: 100 a second on every Linux that Node runs on. */
const ticksASecond = 100;

/** undefined where there is no /proc, or no such process. */
export function readUsage(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, in brackets, may hold spaces; fields are counted after it (proc_pid_stat(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { cpuSeconds: ticks / ticksASecond, peakMiB: readPeakMiB(pid) };
  } catch {
    return undefined;
  }
}

/**
 * The resident set at its largest. Not from getrusage: its maximum begins with the parent's at the time of the fork,
 * so that a small program would be told its parent's figure.
 */
export function readPeakMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
