// Builds the XML API calls: type, cmd, vsys and target. Nothing of a call is ever in its URL.
import type { TableRef } from '../../core/model/table-ref.ts';

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
  return commandForm('<show><system><info></info></system></show>', { serial });
}

export function haStateForm({ serial }: Receiver): URLSearchParams {
  return commandForm('<show><high-availability><state></state></high-availability></show>', { serial });
}

/** The firewalls that a Panorama manages, connected or not. */
export function managedDevicesForm(): URLSearchParams {
  return commandForm('<show><devices><all></all></devices></show>', {});
}

export function deviceGroupsForm(): URLSearchParams {
  return commandForm('<show><devicegroups></devicegroups></show>', {});
}

/** Which device groups are below which. */
export function groupHierarchyForm(): URLSearchParams {
  return commandForm('<show><dg-hierarchy></dg-hierarchy></show>', {});
}

/** A message that changes a table. */
export function updateForm(command: string, table: Table): URLSearchParams {
  return form('user-id', command, table);
}

/** An operational command. */
export function commandForm(command: string, table: Table): URLSearchParams {
  return form('op', command, table);
}

function form(type: string, cmd: string, { serial, vsys }: Table): URLSearchParams {
  const target = serial === undefined ? {} : { target: serial };
  return new URLSearchParams({ type, cmd, ...(vsys === undefined ? {} : { vsys }), ...target });
}
