// The operational commands that the device knows (type=op), by their path.

import { groupEntry, type AddressGroups } from '../device/address-groups.ts';
import { CommandError } from '../xml/command-error.ts';
import { onlyChild, readCommand } from '../xml/command-xml.ts';
import type { Features } from '../device/features.ts';
import { haStateReply, type Ha } from '../device/ha.ts';
import { isPanorama, systemInfoReply, type DeviceState, type Identity } from '../device/identity.ts';
import type { FleetView } from '../panorama/fleet-view.ts';
import { deviceGroupsReply, devicesReply, hierarchyReply } from '../panorama/replies.ts';
import { answerQuery, readQuery } from './registered-ip-query.ts';
import { success } from '../xml/replies.ts';
import type { Settings } from '../settings.ts';
import type { RegisteredIpTable } from '../device/table.ts';
import { groupsReply, mappingsReply, userTagsReply } from './user-commands.ts';
import type { Users } from '../device/users.ts';
import type { XmlElement } from '../xml/xml-reader.ts';

/** What a command may look at. */
type OpContext = {
  readonly identity: Identity;
  readonly features: Features;
  readonly state: DeviceState;
  readonly settings: Settings;
  readonly vsys: string;
  /** Of the vsys that the request named; throws CommandError where there is no such vsys. */
  readonly table: () => RegisteredIpTable;
  readonly users: () => Users;
  readonly addressGroups: AddressGroups;
  readonly ha: Ha | undefined;
  /** Of a Panorama. */
  readonly fleet: FleetView | undefined;
};

type OpAnswer = { readonly body: string; readonly entries: number };

export type OpCommand = {
  readonly kind: 'read' | 'info' | 'hierarchy';
  answer(context: OpContext): OpAnswer;
};

type Handler = {
  readonly kind: OpCommand['kind'];
  answer(context: OpContext, element: XmlElement): OpAnswer;
};

const info = (body: (context: OpContext, element: XmlElement) => string): Handler => ({
  kind: 'info',
  answer: (context, element) => ({ body: body(context, element), entries: 0 }),
});

const registeredIps: Handler = {
  kind: 'read',
  answer: (context, element) => answerQuery(context.table(), readQuery(element), context),
};

const registeredUsers: Handler = {
  kind: 'info',
  answer({ features, users, settings }, element) {
    if (!features.userTags) throw new CommandError(17, 'object -> registered-user is unexpected');
    return userTagsReply(element, users(), settings.limits.pageEntries);
  },
};

/** `<all/>` or `<name>`; Panorama shows them by device group (facts 5.10). */
const addressGroupsReply = (context: OpContext, element: XmlElement): string => {
  const { addressGroups, vsys } = context;
  const table = context.table();
  const what = onlyChild(element, ['all', 'name']);
  const groups = addressGroups.of(vsys).filter(({ name }) => what?.name !== 'name' || name === what.text);
  const entries = groups.map((group) => groupEntry(group, vsys, table)).join('');
  const reply = context.fleet
    ? success(
        `<device-groups><entry name="shared"><address-group>${entries}</address-group></entry></device-groups>`,
      )
    : success(`<dyn-addr-grp>${entries}</dyn-addr-grp>`);
  return reply.replace('<response ', '<response cmd="status" ');
};

/** Only Panorama has devices. */
const ofFleet = (reply: (fleet: FleetView, element: XmlElement) => string): Handler =>
  info(({ fleet }, element) => {
    if (!fleet) throw new CommandError(17, `show -> ${element.name} is unexpected`);
    return reply(fleet, element);
  });

const handlers: ReadonlyMap<string, Handler> = new Map([
  ['show object registered-ip', registeredIps],
  ['show object registered-user', registeredUsers],
  ['show object dynamic-address-group', info(addressGroupsReply)],
  [
    'show user ip-user-mapping',
    info((context, element) =>
      mappingsReply(element, context.users(), { vsys: context.vsys, now: context.state.now }),
    ),
  ],
  ['show user group', info(({ users }, element) => groupsReply(element, users()))],
  ['show system info', info(({ identity, state }) => systemInfoReply(identity, state))],
  ['show plugins packages', info(() => success('<plugins/>'))],
  ['show high-availability state', info(({ ha, identity }) => haStateReply(ha, isPanorama(identity)))],
  [
    'show devices connected',
    ofFleet((fleet) => devicesReply(fleet.members().filter(({ connected }) => connected))),
  ],
  ['show devices all', ofFleet((fleet) => devicesReply(fleet.members()))],
  ['show devicegroups', ofFleet(deviceGroupsReply)],
  ['show dg-hierarchy', { ...ofFleet(hierarchyReply), kind: 'hierarchy' }],
]);

/** Reads a command. Throws CommandError: 18 where it is not well-formed, 17 where it is unknown. */
export const readOpCommand = (document: string): OpCommand => {
  let element = readCommand(document);
  let path = element.name;
  for (;;) {
    const handler = handlers.get(path);
    const found = element;
    if (handler) return { kind: handler.kind, answer: (context) => handler.answer(context, found) };
    const [child, second] = element.children;
    if (!child || second) throw new CommandError(17, `${path.replaceAll(' ', ' -> ')} is unexpected`);
    element = child;
    path += ` ${child.name}`;
  }
};
