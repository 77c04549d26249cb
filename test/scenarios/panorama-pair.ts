// A simulated HA pair of Panoramas in a scenario, with the one PanFirewall that names both, and what is held of ours.
import { type MemberSpec, type PanoramaPair, startPanoramaPair } from '../../simulator/panorama/panorama.ts';
import type { SimulatorOptions } from '../../simulator/simulator.ts';
import { newPassword, newSerial } from './device.ts';
import { checkRequests } from './final-checks.ts';
import { type HeldTables, heldTables } from './held-tables.ts';
import { basicToken, type Stage } from './stage.ts';

export type PairOptions = {
  /** Of the PanFirewall and of its Secret. */
  readonly name: string;
  readonly foreignOn: readonly string[];
  readonly firewalls?: readonly MemberSpec[];
  readonly settings?: SimulatorOptions['settings'];
  /** Further fields of spec; they win. */
  readonly spec?: object;
  /** Keys: each member's own, which is the default; login: the user name and password that both have. */
  readonly credentials?: 'keys' | 'login';
  /** Further keys of the Secret, or other values; null: without this key. */
  readonly secret?: Readonly<Record<string, string | null>>;
  /** Called before the operator can know of the pair. */
  readonly prepare?: (pair: PanoramaPair) => void;
};

export type StagedPair = Pick<PanoramaPair, 'members' | 'failOver'> &
  AsyncDisposable & {
    /** Of a firewall behind them. */
    readonly at: (serial: string) => HeldTables;
    /** The members' own tables. */
    readonly own: readonly [HeldTables, HeldTables];
  };

/** Starts two Panoramas, the first active, with keys and a CA of its own each, and creates their PanFirewall. */
export async function stagePair(stage: Stage, options: PairOptions): Promise<StagedPair> {
  const { name, foreignOn, firewalls = [], settings, spec, prepare } = options;
  const shared = newPassword();
  const own = (): SimulatorOptions => ({
    identity: { serial: newSerial() },
    password: options.credentials === 'login' ? shared : newPassword(),
  });
  const pair = await startPanoramaPair({ ...own(), firewalls, ...(settings && { settings }) }, own());
  const [a, b] = pair.members;
  const held = new Map(
    firewalls.map(({ serial }) => [serial, heldTables(a.fleet.firewall(serial), { foreignOn })] as const),
  );
  const ownTables = [heldTables(a, { foreignOn }), heldTables(b, { foreignOn })] as const;
  prepare?.(pair);
  stage.hide(b.apiKey, b.password, basicToken(b.username, b.password));
  const { endpoint, apiKey, username, password } = a;
  await stage.reach(
    {
      simulator: { endpoint, apiKey, username, password, caPem: `${a.caPem}\n${b.caPem}` },
      secret: secretOf(pair, options),
    },
    {
      name,
      tagPrefix: 'k8s-prod.',
      spec: { peerEndpoint: b.endpoint, resync: { markerIntervalSeconds: 5 }, ...spec },
    },
  );
  return {
    members: pair.members,
    failOver: pair.failOver,
    at: (serial) => {
      const found = held.get(serial);
      if (found === undefined) throw new RangeError(`no firewall ${serial} was there from the start`);
      return found;
    },
    own: ownTables,
    async [Symbol.asyncDispose]() {
      await stage.removeFirewall(name);
      await pair[Symbol.asyncDispose]();
      for (const tables of [...ownTables, ...held.values()]) tables.checkForeign();
      for (const member of pair.members) checkRequests(member.log());
    },
  };
}

function secretOf(
  { members: [a, b] }: PanoramaPair,
  { credentials = 'keys', secret }: PairOptions,
): Record<string, string> {
  const pass =
    credentials === 'keys'
      ? { apiKey: a.apiKey, peerApiKey: b.apiKey }
      : { username: a.username, password: a.password };
  const all = { ...pass, endpoint: a.endpoint, peerEndpoint: b.endpoint, ...secret };
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])),
  );
}
