// The forms of the XML API calls: type, cmd, vsys and target. Nothing of a call is ever in its URL.
import type { TableRef } from '../../core/model/table-ref.ts';
import { encodeUidMessage, type UidUpdate } from './uid-message.ts';
import { escapeXml } from '../xml/xml-text.ts';

/**
 * The registered-ip table of one virtual system: vsys1, vsys2 ...; without one, the device's own. With a serial, that
 * of a firewall to which the endpoint, a Panorama, forwards the call (`target=`).
 */
export type Table = Partial<TableRef>;

export function keygenForm(login: { readonly username: string; readonly password: string }): URLSearchParams {
  return new URLSearchParams({ type: 'keygen', user: login.username, password: login.password });
}

/** Any administrator may ask this, whatever the role allows. */
export function versionForm(): URLSearchParams {
  return new URLSearchParams({ type: 'version' });
}

/** A firewall behind the endpoint, a Panorama; the endpoint itself where it has no serial. */
export type Receiver = { readonly serial?: string | undefined };

export function systemInfoForm({ serial }: Receiver): URLSearchParams {
  return op('<show><system><info></info></system></show>', { serial });
}

export function haStateForm({ serial }: Receiver): URLSearchParams {
  return op('<show><high-availability><state></state></high-availability></show>', { serial });
}

/** The firewalls that a Panorama manages, connected or not. */
export function managedDevicesForm(): URLSearchParams {
  return op('<show><devices><all></all></devices></show>', {});
}

export function deviceGroupsForm(): URLSearchParams {
  return op('<show><devicegroups></devicegroups></show>', {});
}

/** Which device groups are below which. */
export function groupHierarchyForm(): URLSearchParams {
  return op('<show><dg-hierarchy></dg-hierarchy></show>', {});
}

/** Throws on an update that encodeUidMessage refuses. */
export function updateForm(update: UidUpdate, table: Table): URLSearchParams {
  return form('user-id', encodeUidMessage(update), table);
}

/** `start` counts from 1. A device gives 500 entries at most, whatever the limit. */
export function pageForm(
  page: { readonly start: number; readonly limit: number },
  table: Table,
): URLSearchParams {
  return op(registeredIp(`<limit>${page.limit}</limit><start-point>${page.start}</start-point>`), table);
}

export function addressForm(ip: string, table: Table): URLSearchParams {
  return op(registeredIp(`<ip>${escapeXml(ip)}</ip>`), table);
}

export function countForm(table: Table): URLSearchParams {
  return op(registeredIp('<all><option>count</option></all>'), table);
}

function registeredIp(filter: string): string {
  return `<show><object><registered-ip>${filter}</registered-ip></object></show>`;
}

function op(command: string, table: Table): URLSearchParams {
  return form('op', command, table);
}

function form(type: string, cmd: string, { serial, vsys }: Table): URLSearchParams {
  const target = serial === undefined ? {} : { target: serial };
  return new URLSearchParams({ type, cmd, ...(vsys === undefined ? {} : { vsys }), ...target });
}
