// Parses a Panorama's replies about its firewalls and device groups.
import type { GroupHierarchy } from '../../core/device/group-hierarchy.ts';
import type { DeviceGroups } from '../../core/device/group-members.ts';
import type { ManagedDevice } from '../../core/device/managed-device.ts';
import { attribute, child, children, type Element, readResult, textOf } from './envelope.ts';
import { detached } from '../errors/detached.ts';
import { isName } from '../errors/device-words.ts';
import { invalidResponse } from '../errors/errors.ts';
import { fleetParts, mostMembers } from './reply-limits.ts';

/** Reads the reply to <show><devices><all/></devices></show>. Throws DeviceError for what is none. */
export function readManagedDevices(text: string): readonly ManagedDevice[] {
  const devices = theOnly(readResult(text, fleetParts), 'devices');
  return children(devices, 'entry').map((entry) => ({
    serial: serialOf(entry),
    connected: isConnected(entry),
    vsys: vsysOf(entry),
  }));
}

/** Reads the reply to <show><devicegroups/></show>: the members of each group by its name. Throws DeviceError. */
export function readDeviceGroups(text: string): DeviceGroups {
  const groups = theOnly(readResult(text, fleetParts), 'devicegroups');
  let left = mostMembers;
  return new Map(
    children(groups, 'entry').map((group) => {
      const members = children(group, 'devices').flatMap((devices) => children(devices, 'entry'));
      left -= members.length;
      if (left < 0) throw invalidResponse('it tells of more firewalls than a Panorama manages', 'read');
      return [nameOf(group), members.map((entry) => ({ serial: serialOf(entry), vsys: vsysOf(entry) }))];
    }),
  );
}

/**
 * Reads the reply to <show><dg-hierarchy/></show>: `dg` elements, the groups below one within it. Gives each group with
 * those directly below it; one that stands at two places is below both. Throws DeviceError.
 */
export function readGroupHierarchy(text: string): GroupHierarchy {
  const below = new Map<string, string[]>();
  const left = [...children(theOnly(readResult(text), 'dg-hierarchy'), 'dg')];
  for (const group of left) {
    const names = below.get(nameOf(group)) ?? [];
    below.set(nameOf(group), names);
    for (const inner of children(group, 'dg')) {
      names.push(nameOf(inner));
      left.push(inner);
    }
  }
  return below;
}

function theOnly(result: Element, name: string): Element {
  const found = child(result, name);
  if (found === undefined) throw invalidResponse(`it has no <${name}>`, 'read');
  return found;
}

function nameOf(entry: Element): string {
  const name = attribute(entry, 'name');
  if (name === '') throw invalidResponse('an <entry> has no name', 'read');
  if (!isName(name)) throw invalidResponse('the name of an <entry> is no name', 'read');
  return detached(name);
}

function serialOf(entry: Element): string {
  const serial = textOf(entry['serial']) || nameOf(entry);
  if (!isName(serial)) throw invalidResponse('a serial is no serial number', 'read');
  return detached(serial);
}

function isConnected(entry: Element): boolean {
  const connected = textOf(entry['connected']);
  if (connected !== 'yes' && connected !== 'no')
    throw invalidResponse('<connected> is neither yes nor no', 'read');
  return connected === 'yes';
}

function vsysOf(entry: Element): readonly string[] {
  return children(entry, 'vsys').flatMap((vsys) => children(vsys, 'entry').map(nameOf));
}
