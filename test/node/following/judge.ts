// Judges what a firewall was sent by what the API server said of the Pods: how late each change was; whose tags stood where.
import type { LogEntry } from '../../../simulator/simulator.ts';
import type { Grant } from './address-watch.ts';
import type { PodEvent } from './pod-watch.ts';

export type JudgedMessage = Pick<LogEntry, 't' | 'durationMs' | 'register' | 'unregister'>;

export type Judgement = {
  /** From the event that named a Pod's address to the message that registered it at the device, ms. */
  readonly registered: readonly number[];
  /** The same from the kubelet's own time, which is the beginning of a second. */
  readonly registeredAfterNetwork: readonly number[];
  /** From the event that ended a Pod, or took its address, to the message that unregistered it, ms. */
  readonly unregistered: readonly number[];
  /** How long addresses carried the tag of a former Pod after the API server had named a new one, ms. */
  readonly outlived: readonly number[];
  /** The same from when the network plugin had given the address away, which no API tells. */
  readonly outlivedGrant: readonly number[];
  /** Addresses that went from one Pod to another. */
  readonly reused: number;
  readonly pods: number;
  readonly messages: number;
  readonly pairs: number;
  /** What must not be, a sentence each. */
  readonly faults: readonly string[];
};

export type Heard = {
  readonly events: readonly PodEvent[];
  readonly messages: readonly JudgedMessage[];
  readonly grants?: readonly Grant[];
};

export type Judge = {
  /** All that has come up to now, ms since the epoch; of the messages those that have been answered. */
  readonly take: (heard: Heard, now: number) => void;
  readonly judgement: () => Judgement;
};

export type JudgeOptions = {
  readonly tagPrefix: string;
  /** What the device, or the watch that the events are from, may be behind; default 5,000. */
  readonly limitMs?: number;
};

type TimeName = 'registered' | 'registeredAfterNetwork' | 'unregistered' | 'outlived' | 'outlivedGrant';
type Step = { readonly at: number; readonly run: () => void };

/** Judges the tags of one policy with the template 'pod.{{ pod }}', by which each Pod has its own. */
export function makeJudge({ tagPrefix, limitMs = 5_000 }: JudgeOptions): Judge {
  const live = new Map<string, PodEvent>();
  /** Address -> uid -> name, of the Pods that have it by the API server's word. */
  const holders = new Map<string, Map<string, string>>();
  /** Address -> names of the Pods whose tags it carries. */
  const table = new Map<string, Set<string>>();
  const lastHolder = new Map<string, string>();
  // "address name" -> since when the device owes it ...
  const registrations = new Map<
    string,
    { readonly at: number; readonly networkReadyAt: number | undefined }
  >();
  const removals = new Map<string, number>();
  const outliving = new Map<string, number>();
  const outlivingGrant = new Map<string, number>();
  /** ... or when the device had what no event has explained yet. */
  const unexplained = new Map<string, number>();
  /** When a Pod lost an address. */
  const lost = new Map<string, number>();
  const times: Record<TimeName, number[]> = {
    registered: [],
    registeredAfterNetwork: [],
    unregistered: [],
    outlived: [],
    outlivedGrant: [],
  };
  const faults: string[] = [];
  const counts = { reused: 0, pods: 0, messages: 0, pairs: 0 };
  const fault = (at: number, text: string): void => {
    faults.push(`${new Date(at).toISOString()} ${text}`);
  };
  const carries = (ip: string, name: string): boolean => table.get(ip)?.has(name) === true;
  const holds = (ip: string, name: string): boolean => [...(holders.get(ip)?.values() ?? [])].includes(name);

  const gain = ({ at, uid, name, networkReadyAt }: PodEvent, ip: string): void => {
    const key = `${ip} ${name}`;
    const former = holders.get(ip) ?? new Map<string, string>();
    for (const other of former.values()) registrations.delete(`${ip} ${other}`);
    holders.set(ip, former.set(uid, name));
    if ((lastHolder.get(ip) ?? uid) !== uid) counts.reused += 1;
    lastHolder.set(ip, uid);
    removals.delete(key);
    if (!carries(ip, name)) registrations.set(key, { at, networkReadyAt });
    else if (unexplained.delete(key)) times.registered.push(0);
    for (const other of table.get(ip) ?? [])
      if (other !== name && !outliving.has(`${ip} ${other}`)) outliving.set(`${ip} ${other}`, at);
  };
  const lose = ({ at, uid, name }: PodEvent, ip: string): void => {
    const key = `${ip} ${name}`;
    const left = holders.get(ip);
    left?.delete(uid);
    if (left?.size === 0) holders.delete(ip);
    if (holds(ip, name)) return;
    lost.set(key, at);
    registrations.delete(key);
    if (carries(ip, name)) removals.set(key, at);
    else if (unexplained.delete(key)) times.unregistered.push(0);
    for (const other of left?.values() ?? [])
      if (!carries(ip, other)) registrations.set(`${ip} ${other}`, { at, networkReadyAt: undefined });
  };
  const onPod = (event: PodEvent): void => {
    const before = live.get(event.uid);
    const ips = event.isOver ? [] : event.ips;
    if (before === undefined && ips.length > 0) counts.pods += 1;
    for (const ip of before?.ips ?? []) if (!ips.includes(ip)) lose(event, ip);
    for (const ip of ips) if (before?.ips.includes(ip) !== true) gain(event, ip);
    if (ips.length === 0) live.delete(event.uid);
    else live.set(event.uid, event);
  };

  const onGrant = ({ at, ip }: Grant): void => {
    for (const name of table.get(ip) ?? []) outlivingGrant.set(`${ip} ${name}`, at);
  };
  const onUnregister = (ip: string, name: string, { t, durationMs }: JudgedMessage): void => {
    const key = `${ip} ${name}`;
    table.get(ip)?.delete(name);
    const since = removals.get(key);
    if (since !== undefined) times.unregistered.push(Math.max(0, t - since));
    else if (holds(ip, name) && (holders.get(ip)?.size ?? 0) < 2) unexplained.set(key, t);
    const outlived = outliving.get(key);
    if (outlived !== undefined) times.outlived.push(t + durationMs - outlived);
    const grantedAt = outlivingGrant.get(key);
    if (grantedAt !== undefined) times.outlivedGrant.push(t + durationMs - grantedAt);
    removals.delete(key);
    outliving.delete(key);
    outlivingGrant.delete(key);
  };
  const onRegister = (ip: string, name: string, { t }: JudgedMessage): void => {
    const key = `${ip} ${name}`;
    table.set(ip, (table.get(ip) ?? new Set()).add(name));
    const owed = registrations.get(key);
    registrations.delete(key);
    if (owed !== undefined) {
      times.registered.push(Math.max(0, t - owed.at));
      if (owed.networkReadyAt !== undefined) times.registeredAfterNetwork.push(t - owed.networkReadyAt);
    } else if (!holds(ip, name)) {
      const lostAt = lost.get(key);
      if (lostAt !== undefined && t - lostAt < limitMs) removals.set(key, lostAt);
      else unexplained.set(key, t);
    } else if (unexplained.delete(key)) fault(t, `${ip} had lost the tag of ${name}, which still has it`);
  };
  const onMessage = (message: JudgedMessage): void => {
    const { t, register, unregister } = message;
    counts.messages += 1;
    for (const pair of [...unregister, ...register]) {
      if (!pair.tag.startsWith(tagPrefix))
        fault(t, `${pair.section} of a foreign tag: ${pair.ip} ${pair.tag}`);
      if (pair.outcome === 'refused') fault(t, `refused: ${pair.section} ${pair.ip} ${pair.tag}`);
      const [, name] = /\.pod\.(.+)$/.exec(pair.tag) ?? [];
      if (name === undefined || pair.outcome === 'refused') continue;
      counts.pairs += 1;
      (pair.section === 'register' ? onRegister : onUnregister)(pair.ip, name, message);
    }
    for (const ip of new Set(register.map((pair) => pair.ip))) {
      const names = [...(table.get(ip) ?? [])];
      if (names.length > 1) fault(t, `${ip} carries the tags of ${names.join(' and ')}`);
    }
  };
  const findLate = (now: number): void => {
    const late = <Key>(owed: Map<Key, number>, what: string): void => {
      for (const [key, since] of owed) {
        if (now - since <= limitMs) continue;
        owed.delete(key);
        fault(since, `${String(key)}: ${what} for ${limitMs} ms`);
      }
    };
    late(removals, 'not unregistered');
    late(outliving, 'the tag of a former Pod stood');
    late(unexplained, 'changed without an event of its Pod');
    for (const [key, { at }] of registrations) {
      if (now - at <= limitMs) continue;
      registrations.delete(key);
      fault(at, `${key}: not registered for ${limitMs} ms`);
    }
    for (const [key, at] of lost) if (now - at > limitMs) lost.delete(key);
  };

  return {
    take({ events, messages, grants = [] }, now) {
      const steps: readonly Step[] = [
        ...events.map((event) => ({ at: event.at, run: () => onPod(event) })),
        ...grants.map((grant) => ({ at: grant.at, run: () => onGrant(grant) })),
        ...messages.map((message) => ({
          at: message.t + message.durationMs,
          run: () => onMessage(message),
        })),
      ];
      for (const { run } of steps.toSorted((a, b) => a.at - b.at)) run();
      findLate(now);
    },
    judgement: () => ({ ...times, ...counts, faults }),
  };
}
