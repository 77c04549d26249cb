// A simulated Panorama in a scenario, with what each of its firewalls holds of ours.
import type { LogEntry } from '../../simulator/simulator.ts';
import { type MemberSpec, type Panorama, startPanorama } from '../../simulator/panorama/panorama.ts';
import { ApiFailure } from '../harness/api-client.ts';
import { waitFor } from '../harness/wait-for.ts';
import { newPassword, newSerial } from './device.ts';
import { checkRequests } from './final-checks.ts';
import { type HeldTables, heldTables } from './held-tables.ts';
import { ownerIdOf, type Stage } from './stage.ts';

export type FleetOptions = {
  /** Of the PanFirewall and of its Secret. */
  readonly name: string;
  readonly firewalls: readonly MemberSpec[];
  readonly foreignOn: readonly string[];
  /** Of the PanFirewall; its field tables above all. */
  readonly spec: object;
  /** Our mark is in every table from the start. */
  readonly marked?: boolean;
};

export type StagedFleet = AsyncDisposable & {
  readonly panorama: Panorama;
  /** What the firewall holds, also after it has left the Panorama. */
  readonly at: (serial: string) => HeldTables;
  /** The Panorama's own table. */
  readonly own: HeldTables;
  /** uid-messages that were for the firewall, oldest first. */
  readonly messagesTo: (serial: string) => readonly LogEntry[];
};

/** Starts a Panorama and creates its PanFirewall, which has its API key and trusts its CA. */
export async function stageFleet(stage: Stage, options: FleetOptions): Promise<StagedFleet> {
  const { name, firewalls, foreignOn, spec, marked = false } = options;
  const password = newPassword();
  await using parts = new AsyncDisposableStack();
  const panorama = await startPanorama({ firewalls, password, identity: { serial: newSerial() } });
  parts.use(panorama);
  const markedBy = marked ? [await ownerIdOf(stage.cluster)] : [];
  const held = { foreignOn, markedBy };
  const own = heldTables(panorama, { foreignOn });
  const members = new Map(
    firewalls.map(({ serial }) => [serial, heldTables(panorama.fleet.firewall(serial), held)] as const),
  );
  parts.defer(() => remove(stage, name));
  await stage.reach(
    { simulator: panorama, secret: { apiKey: panorama.apiKey } },
    { name, tagPrefix: own.tagPrefix, spec },
  );
  const all = parts.move();
  return {
    panorama,
    own,
    at: (serial) => {
      const found = members.get(serial);
      if (found === undefined) throw new RangeError(`no firewall ${serial} was there from the start`);
      return found;
    },
    messagesTo: (serial) =>
      panorama.log().filter(({ kind, target }) => kind === 'message' && target === serial),
    async [Symbol.asyncDispose]() {
      await all.disposeAsync();
      for (const tables of [own, ...members.values()]) tables.checkForeign();
      checkRequests(panorama.log());
    },
  };
}

/** Others may have the same serials, so it must be gone; nothing is purged any more. It may go meanwhile. */
async function remove(stage: Stage, name: string): Promise<void> {
  const { cluster } = stage;
  const isThere = async () =>
    (await cluster.list('PanFirewall')).some(({ metadata }) => metadata.name === name);
  if (!(await isThere())) return;
  const retain = cluster.patch('PanFirewall', { name }, { spec: { deletionPolicy: 'Retain' } });
  await retain.catch((error: unknown) => {
    if (!(error instanceof ApiFailure && error.code === 404)) throw error;
  });
  await stage.removeFirewall(name);
  await waitFor(async () => !(await isThere()), { what: `the end of ${name}`, timeoutMs: 20_000 });
}
