// Prints how long the messages of each phase took beside the firewall's own speed.
import type { LogEntry } from '../../simulator/simulator.ts';
import { profiles } from '../../simulator/profiles.ts';
import { type Say, verdict } from './bench.ts';
import { table } from './statistics.ts';

export type WritePhase = {
  readonly name: 'register' | 'replace' | 'unregister';
  readonly changes: number;
  /** When the write to the API server was begun: ms since the epoch. */
  readonly begunAt: number;
  readonly messages: readonly LogEntry[];
};

const { pairMs } = profiles['VM-50'].settings;

/** What the firewall takes for one address. */
const costMs: Readonly<Record<WritePhase['name'], number>> = {
  register: pairMs.register,
  replace: pairMs.register + pairMs.unregister,
  unregister: pairMs.unregister,
};

/** The goal. */
const goal = 1.05;

/** False where a message was refused or lost. */
export function reportWrite(phases: readonly WritePhase[], print: Say): boolean {
  const rate = (ms: number): string => (1000 / ms).toFixed(0);
  print(
    `write: a firewall that registers ${rate(pairMs.register)} and unregisters ${rate(pairMs.unregister)} pairs a second`,
  );
  const rows = phases.map(rowOf);
  const header = [
    '',
    'addresses',
    'messages',
    's by speed',
    's',
    'ratio',
    's before the first',
    'longest gap ms',
  ];
  for (const line of table([header, ...rows])) print(`write: ${line}`);
  for (const phase of phases) {
    print(`write: goal, ${phase.name} at most ${goal} times the speed's: ${verdict(ratioOf(phase), goal)}`);
  }
  const [byAll, bySpeed] = [sum(phases.map(secondsOf)), sum(phases.map(speedOf))];
  const whole = byAll / bySpeed;
  print(
    `write: all phases together: ratio ${whole.toFixed(3)}; goal at most ${goal}: ${verdict(whole, goal)}`,
  );
  const refused = phases.flatMap(({ messages }) => messages.filter(({ status }) => status !== 'success'));
  if (refused.length > 0) print(`write: NOT VALID: ${refused.length} messages were refused`);
  return refused.length === 0;
}

function rowOf(phase: WritePhase): readonly string[] {
  const { name, changes, messages, begunAt } = phase;
  const gaps = messages.slice(1).map(({ t }, index) => t - endOf(messages[index]));
  return [
    name,
    String(changes),
    String(messages.length),
    speedOf(phase).toFixed(2),
    secondsOf(phase).toFixed(2),
    ratioOf(phase).toFixed(3),
    (((messages[0]?.t ?? Number.NaN) - begunAt) / 1000).toFixed(2),
    Math.max(0, ...gaps).toFixed(1),
  ];
}

/** From the head of the first message to the answer of the last. */
function secondsOf({ messages }: WritePhase): number {
  return (endOf(messages.at(-1)) - (messages[0]?.t ?? Number.NaN)) / 1000;
}

function speedOf({ name, changes }: WritePhase): number {
  return (changes * costMs[name]) / 1000;
}

function ratioOf(phase: WritePhase): number {
  return secondsOf(phase) / speedOf(phase);
}

function endOf(message: LogEntry | undefined): number {
  return message === undefined ? Number.NaN : message.t + message.durationMs;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
