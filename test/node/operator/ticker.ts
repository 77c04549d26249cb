// A Pod that is relabelled many times a second: the longest silence at the firewall is what a takeover or upgrade costs.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../harness/cluster.ts';
import { waitFor } from '../../harness/wait-for.ts';
import type { PairOutcome } from '../../../simulator/device/registered-ips.ts';
import type { LogEntry } from '../../../simulator/simulator.ts';
import type { Device } from '../../scenarios/device.ts';

export type TickerOptions = {
  readonly cluster: Cluster;
  readonly device: Device;
  /** The Pod; a policy for this device must have { labelKeys: ['tick'] }. */
  readonly namespace: string;
  readonly name: string;
  /** Of the Pod. */
  readonly address: string;
  /** Default 20. */
  readonly perSecond?: number;
};

export type Ticked = {
  /** That the API server took. */
  readonly changes: number;
  /** That it did not. */
  readonly refused: number;
  /** uid-messages to the device. */
  readonly messages: number;
  /** Between two messages. */
  readonly longestSilenceMs: number;
  /** From the API server's answer to a change until the device was sent this or a newer one; a slow API server has no part in it. */
  readonly longestWaitMs: number;
};

const settleMs = 30_000;

/**
 * Relabels the Pod from a second before until a second after body. Rejects when the device was sent anything else than the
 * Pod's ticks, when it was sent an older tick after a newer one, and when it does not hold the last one in the end.
 */
export async function underTicker(options: TickerOptions, body: () => Promise<void>): Promise<Ticked> {
  const { cluster, device, namespace, name, address, perSecond = 20 } = options;
  const first = device.messages().length;
  const ended = new AbortController();
  const accepted = new Map<number, number>();
  let [tick, refused] = [0, 0];
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const pause = sleep(1000 / perSecond);
      tick += 1;
      try {
        await cluster.patch('Pod', { namespace, name }, { metadata: { labels: { tick: `t${tick}` } } });
        accepted.set(tick, Date.now());
      } catch {
        refused += 1;
      }
      await pause;
    }
  };
  const running = run();
  const begun = Date.now();
  try {
    await sleep(1000);
    await body();
    await sleep(1000);
  } finally {
    ended.abort();
    await running;
  }
  const prefix = `ns_${namespace}.tick.`;
  const last = `${prefix}t${Math.max(...accepted.keys())}`;
  const ticks = (): string => (device.owned()[address] ?? []).filter((tag) => tag.startsWith(prefix)).join();
  await waitFor(() => ticks() === last, {
    what: `the last tick, ${last}, at the device`,
    timeoutMs: settleMs,
  });
  const messages = device.messages().slice(first);
  const arrivals = readTicks(messages, address, device.tagPrefix + prefix);
  const times = [begun, ...messages.map(({ t }) => t)];
  const silences = times.slice(1).map((t, index) => t - (times[index] ?? t));
  const waits = [...accepted].map(([tick, at]) => (arrivals.find((it) => it.tick >= tick)?.t ?? at) - at);
  return {
    changes: accepted.size,
    refused,
    messages: messages.length,
    longestSilenceMs: Math.round(Math.max(...silences)),
    longestWaitMs: Math.round(Math.max(...waits)),
  };
}

type Arrival = { readonly t: number; readonly tick: number };

function readTicks(messages: readonly LogEntry[], address: string, prefix: string): readonly Arrival[] {
  const arrivals: Arrival[] = [];
  for (const { t, register, unregister } of messages) {
    const isTick = ({ ip, tag }: PairOutcome): boolean => ip === address && tag.startsWith(prefix);
    const others = [...register, ...unregister].filter((pair) => !isTick(pair));
    assert.deepEqual(others, [], 'something else than the ticks was sent');
    for (const { tag } of register) {
      const tick = Number(tag.slice(prefix.length + 1));
      const newest = arrivals.at(-1)?.tick ?? 0;
      assert.ok(tick >= newest, `the device was sent tick ${tick} after ${newest}`);
      arrivals.push({ t, tick });
    }
  }
  return arrivals;
}

export function describe({ changes, refused, messages, longestSilenceMs, longestWaitMs }: Ticked): string {
  const refusals = refused === 0 ? '' : ` (${refused} refused)`;
  const longest = `longest silence ${longestSilenceMs} ms, longest wait of a change ${longestWaitMs} ms`;
  return `${changes} changes${refusals}, ${messages} messages, ${longest}`;
}
