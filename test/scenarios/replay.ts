// Plays a device's log again, pair by pair in the order in which the device worked them off.
import type { LogEntry } from '../../simulator/simulator.ts';

/** What a device held of ours at one moment; `seq` is the message that brought it there. */
export type Moment = {
  readonly seq: number;
  readonly address: string;
  /** Of the address, with their prefix. */
  readonly tags: ReadonlySet<string>;
};

/**
 * Every moment at which a pair of a message moved something, oldest first. Pairs that the device refused or that a
 * fault kept from taking effect move nothing.
 */
export function replay(log: readonly LogEntry[]): readonly Moment[] {
  const table = new Map<string, Set<string>>();
  const moments: Moment[] = [];
  for (const { seq, unregister, register } of log) {
    for (const { ip, tag, outcome, section } of [...unregister, ...register]) {
      const tags = new Set(table.get(ip));
      if (outcome === 'unregistered') tags.delete(tag);
      else if (section === 'register' && outcome !== 'refused') tags.add(tag);
      else continue;
      table.set(ip, tags);
      moments.push({ seq, address: ip, tags });
    }
  }
  return moments;
}

/** Whether this tag was ever taken off the address, according to the log. */
export function wasUnregistered(log: readonly LogEntry[], address: string, tag: string): boolean {
  return log.some(({ unregister }) =>
    unregister.some((pair) => pair.ip === address && pair.tag === tag && pair.outcome === 'unregistered'),
  );
}
