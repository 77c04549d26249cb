// The times that others notice: how long the operator waits for a device, and when it asks, retries and writes again.

/**
 * ms. Built once in the composition root and handed down, so that a test that has to wait shortens what it waits for.
 * Times that no test waits for stand beside their use.
 */
export const productTiming = {
  /** Until a connection to a device stands, its name resolved and its certificate checked; a lossy WAN needs 3 to 7 s. */
  connectMs: 10_000,
  /** A whole call to a device: 500 entries on the slowest VM-Series four times over. */
  callMs: 60_000,
  /**
   * A message without an answer may still be applied for about this long, by a device that is busy with a commit. Only
   * a read that begins later shows what came of it. More than `callMs`.
   */
  lateMessageMs: 65_000,
  /**
   * Between two sign-ins with one user name and password: a device may lock an account that fails too often, and two
   * programs with one account would take the key from each other call by call.
   */
  signInHoldMs: 60_000,
  /** A Panorama of an HA pair that does not answer keeps the other one waiting for this long. */
  pairPatienceMs: 15_000,
  /** How often device groups are looked up; a firewall has left when looks that are so far apart agree. */
  groupLookMs: 30_000,
  /** What a device refused is tried again after so long, doubling to so long. What is urgent is tried sooner. */
  refusedFirstMs: 30_000,
  refusedLongestMs: 600_000,
  /** Where a device's refusals alone tell of a limit, others are tried after so long, doubling to so long. */
  probeFirstMs: 30_000,
  probeLongestMs: 600_000,
  /** How long the removal guard counts what passed it. The status tells it in tenths. */
  guardWindowMs: 600_000,
} as const satisfies Readonly<Record<string, number>>;

export type Timing = { readonly [name in keyof typeof productTiming]: number };

const names = Object.keys(productTiming) as readonly (keyof Timing)[];

/**
 * The product's times but for those that a test names: '{"groupLookMs": 1000}'.
 * @throws Error when it names what is no time of ours, or breaks what must hold between them.
 */
export function readTiming(text: string): Timing {
  const given = parsed(text);
  const stranger = Object.keys(given).find((name) => !names.some((known) => known === name));
  if (stranger !== undefined) throw new Error(`"${stranger}" is none of ${names.join(', ')}`);
  const timing: Timing = { ...productTiming, ...given };
  const unusable = names.find((name) => !(Number.isSafeInteger(timing[name]) && timing[name] > 0));
  if (unusable !== undefined) throw new Error(`${unusable} must be a whole number of ms, 1 or more`);
  for (const [less, more] of order) {
    if (timing[less] > timing[more]) throw new Error(`${more} must not be less than ${less}`);
  }
  return timing;
}

/** The second of each pair rests on the first being over by then. */
const order: readonly (readonly [keyof Timing, keyof Timing])[] = [
  ['connectMs', 'callMs'],
  ['callMs', 'lateMessageMs'],
  ['refusedFirstMs', 'refusedLongestMs'],
  ['probeFirstMs', 'probeLongestMs'],
];

function parsed(text: string): object {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Error('must be a JSON object of names and ms');
}
