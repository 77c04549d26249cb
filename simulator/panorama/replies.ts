// Panorama's replies about its firewalls and device groups (facts 7.3).

import { success } from '../xml/replies.ts';
import { escapeAttribute, escapeText } from '../xml/xml-writer.ts';
import type { FleetView, MemberView } from './fleet-view.ts';

const field = (name: string, value: string): string => `<${name}>${escapeText(value)}</${name}>`;

const entry = (name: string, content: string): string =>
  `<entry name="${escapeAttribute(name)}">${content}</entry>`;

const haOf = ({ ha }: MemberView['device']): string => {
  if (!ha) return '';
  const peer = ha.peerSerial === '' ? '' : `<peer>${field('serial', ha.peerSerial)}</peer>`;
  return `<ha>${field('state', ha.state)}${peer}</ha>`;
};

const vsysOf = ({ vsys }: MemberView['device']): string =>
  `<vsys>${vsys.map((id) => entry(id, field('display-name', id))).join('')}</vsys>`;

const deviceEntry = ({ device, serial, connected }: MemberView): string => {
  const { hostname, ipAddress, model, family, swVersion } = device.identity;
  const fields = [
    field('serial', serial),
    field('connected', connected ? 'yes' : 'no'),
    field('hostname', hostname),
    field('ip-address', ipAddress),
    field('family', family),
    field('model', model),
    field('sw-version', swVersion),
    field('multi-vsys', device.vsys.length > 1 ? 'yes' : 'no'),
  ];
  return entry(serial, `${fields.join('')}${haOf(device)}${vsysOf(device)}`);
};

/** `show devices connected` and `show devices all`. */
export const devicesReply = (members: readonly MemberView[]): string =>
  success(`<devices>${members.map(deviceEntry).join('')}</devices>`);

/** Each group with its firewalls, as `devices` under the group. */
const groups = (
  fleet: FleetView,
  device: (member: MemberView, vsys: readonly string[]) => string,
): string => {
  const devicesIn = (group: string): string =>
    fleet
      .members()
      .map((member) => {
        const vsys = member.groups.get(group);
        return vsys ? device(member, vsys) : '';
      })
      .join('');
  return fleet
    .groupNames()
    .map((name) => entry(name, `<devices>${devicesIn(name)}</devices>`))
    .join('');
};

const vsysEntries = (vsys: readonly string[], content: string): string =>
  `<vsys>${vsys.map((id) => entry(id, content)).join('')}</vsys>`;

/** `show devicegroups`. */
export const deviceGroupsReply = (fleet: FleetView): string => {
  const inSync = field('shared-policy-status', 'In Sync');
  const body = groups(fleet, ({ serial, connected, device }, vsys) => {
    const fields = field('serial', serial) + field('connected', connected ? 'yes' : 'no');
    return entry(serial, device.vsys.length > 1 ? fields + vsysEntries(vsys, inSync) : fields + inSync);
  });
  return success(`<devicegroups>${body}</devicegroups>`);
};

/** `show dg-hierarchy`: groups within the group that they are below of; Shared, above all, is not named. */
export const hierarchyReply = (fleet: FleetView): string => {
  const names = fleet.groupNames();
  const nodesBelow = (parent: string | undefined): string =>
    names
      .filter((name) => fleet.parentOf(name) === parent)
      .map((name) => {
        const tag = `dg name="${escapeAttribute(name)}" dg_id="${names.indexOf(name) + 11}"`;
        const inner = nodesBelow(name);
        return inner === '' ? `<${tag}/>` : `<${tag}>${inner}</dg>`;
      })
      .join('');
  return success(`<dg-hierarchy>${nodesBelow(undefined)}</dg-hierarchy>`);
};

/** The configuration of the groups; a firewall with several vsys names those that are in the group. */
export const deviceGroupsConfig = (fleet: FleetView): string => {
  const body = groups(fleet, ({ serial, device }, vsys) =>
    entry(serial, device.vsys.length > 1 ? vsysEntries(vsys, '') : ''),
  );
  return `<device-group>${body}</device-group>`;
};
