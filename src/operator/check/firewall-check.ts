// Checks one PanFirewall the way the operator uses it, by reads alone: spec, Secret, each endpoint, each table.

import type { X509Certificate } from 'node:crypto';
import { GroupMembership, groupsOf, type TableEntry } from '../../core/device/device-groups.ts';
import { DeviceError } from '../../core/model/device-error.ts';
import { ownTable, type TableRef, tableName } from '../../core/model/table-ref.ts';
import type { Timing } from '../../core/model/timing.ts';
import { conflictOf, markerAddress, sight, unknownOwnership } from '../../core/rights/ownership.ts';
import type { ParsedFirewall } from '../../kubernetes/resources/parse.ts';
import type { Logger } from '../../runtime/logger.ts';
import { type ConnectionSettings, connectionSettings, type Secrets } from '../device/credentials.ts';
import type { Connection, RegisteredIp } from '../device/device-port.ts';
import { FirewallDevices } from '../device/firewall-devices.ts';
import { CheckList, type Section } from './checks.ts';
import { checkEndpoint, type CheckedEndpoint, endpointCheckNames } from './endpoint-check.ts';

export type FirewallCheckOptions = {
  readonly secrets: Secrets;
  readonly open: (
    settings: ConnectionSettings,
    presented: (certificate: X509Certificate) => void,
  ) => Connection;
  /** Of this installation; undefined: the cluster did not tell it. */
  readonly ownerId: string | undefined;
  readonly log: Logger;
  readonly timing: Timing;
};

type ValidFirewall = Extract<ParsedFirewall, { readonly ok: true }>;

/** Nothing is written. Rejects with the signal's reason. */
export async function checkFirewall(
  parsed: ParsedFirewall,
  options: FirewallCheckOptions,
  signal: AbortSignal,
): Promise<Section> {
  const pair = parsed.ok && parsed.settings.peerEndpoint !== undefined;
  const suffixes = pair ? ['', ' (peer)'] : [''];
  const list = new CheckList(['spec', 'Secret', ...suffixes.flatMap(endpointCheckNames), 'role', 'tables']);
  if (!parsed.ok) list.fail('spec', parsed.problems);
  else {
    list.ok('spec', `${parsed.settings.mode}, tag prefix ${parsed.firewall.tagPrefix}`);
    await checkDevices(list, parsed, options, signal);
  }
  return list.section(`PanFirewall ${parsed.meta.name}`);
}

async function checkDevices(
  list: CheckList,
  parsed: ValidFirewall,
  options: FirewallCheckOptions,
  signal: AbortSignal,
): Promise<void> {
  const endpoints = openEndpoints(list, parsed, options);
  if (endpoints === undefined) return;
  try {
    let usable = false;
    for (const endpoint of endpoints) usable = (await checkEndpoint(list, endpoint, signal)) || usable;
    if (!usable) return;
    checkRole(list, parsed);
    await checkTables(list, parsed, endpoints, options, signal);
  } finally {
    await Promise.all(endpoints.map(({ connection }) => connection.close()));
  }
}

/** Undefined: the Secret, or the CA in it, is of no use. */
function openEndpoints(
  list: CheckList,
  { settings }: ValidFirewall,
  { secrets, open }: FirewallCheckOptions,
): readonly CheckedEndpoint[] | undefined {
  try {
    const endpoints = connectionSettings(settings, secrets).map((one, index): CheckedEndpoint => {
      let certificate: X509Certificate | undefined;
      const connection = open(one, (presented) => {
        certificate = presented;
      });
      return {
        settings: one,
        connection,
        certificate: () => certificate,
        suffix: index === 0 ? '' : ' (peer)',
      };
    });
    const used = [settings.credentials.secretRef, settings.tls.caSecretRef ?? []]
      .flat()
      .map(({ name }) => name);
    list.ok('Secret', [...new Set(used)].join(', '));
    return endpoints;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    list.fail('Secret', error.message);
    return undefined;
  }
}

/** The right to write is not tried, as that would be a write: what the operator has met stands in the status. */
function checkRole(list: CheckList, { settings, status }: ValidFirewall): void {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.reason === 'RoleNotAuthorized') list.fail('role', ready.message);
  else if (settings.mode === 'Observe') list.ok('role', 'Operational Requests; Observe needs no other right');
  else list.ok('role', "Operational Requests; User-ID Agent shows in the status, by the operator's messages");
}

async function checkTables(
  list: CheckList,
  parsed: ValidFirewall,
  endpoints: readonly CheckedEndpoint[],
  { secrets, log, timing, ownerId }: FirewallCheckOptions,
  signal: AbortSignal,
): Promise<void> {
  const { settings, firewall, meta } = parsed;
  const connectionOf = new Map(endpoints.map((one) => [one.settings.endpoint, one.connection]));
  const devices = new FirewallDevices(
    {
      settings,
      secrets,
      log,
      timing,
      now: () => performance.now(),
      open: ({ endpoint }) => {
        const connection = connectionOf.get(endpoint);
        if (connection === undefined) throw new TypeError(`no connection to ${endpoint}`);
        return connection;
      },
    },
    { met: () => {}, unmet: () => {}, noted: () => {} },
  );
  try {
    const tables = await tablesOf(settings.tables, devices, signal);
    let read = 0;
    for (const table of tables) {
      const name = `table ${tableName(table)}`;
      try {
        const connection = await devices.connect(table, signal);
        const { entries } = await connection.call({ ask: 'readAll', table }, signal);
        read += 1;
        const owner = ownerId === undefined ? undefined : { prefix: firewall.tagPrefix, id: ownerId };
        const ownership = owner && sight(unknownOwnership, marksIn(entries), owner);
        const conflict = ownership && conflictOf(ownership, meta.name);
        if (conflict !== undefined) list.fail(name, conflict);
        else list.ok(name, tableWords(entries, firewall.tagPrefix, ownership?.kind === 'owner'));
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        list.fail(name, error.message);
      }
    }
    const said = `${read} of ${tables.length} read`;
    if (read === tables.length) list.ok('tables', said);
    else list.fail('tables', said);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    list.fail('tables', error.message);
  }
}

/** Those of the spec, with the members of its device groups. @throws DeviceError */
async function tablesOf(
  entries: readonly TableEntry[] | undefined,
  devices: FirewallDevices,
  signal: AbortSignal,
): Promise<readonly TableRef[]> {
  if (entries === undefined) return [ownTable];
  const groups = groupsOf(entries);
  if (groups.length === 0) return entries;
  const membership = new GroupMembership();
  membership.begin([]);
  membership.tell(await devices.deviceGroups(signal), groups, performance.now());
  for (const group of groups) {
    const finding = membership.findingOf(group);
    if (finding !== undefined)
      throw new DeviceError(finding.reason, finding.message, { retry: 'slow', applied: 'no' });
  }
  return membership.tables(entries);
}

function marksIn(entries: readonly RegisteredIp[]): readonly string[] {
  return entries.find(({ ip, fromAgent }) => ip === markerAddress && !fromAgent)?.tags ?? [];
}

function tableWords(entries: readonly RegisteredIp[], prefix: string, isMarked: boolean): string {
  const ours = entries.filter(
    ({ ip, fromAgent, tags }) =>
      ip !== markerAddress && !fromAgent && tags.some((tag) => tag.startsWith(prefix)),
  );
  const mark = isMarked ? 'marked by this installation' : 'not marked yet';
  return `${entries.length} entries, ${ours.length} with tags of ${prefix}, ${mark}`;
}
