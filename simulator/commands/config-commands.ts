// The little of the configuration (type=config) that clients read to find vsys and device groups.

import { CommandError } from '../xml/command-error.ts';
import type { FleetView } from '../panorama/fleet-view.ts';
import { deviceGroupsConfig } from '../panorama/replies.ts';
import { success } from '../xml/replies.ts';
import { escapeAttribute } from '../xml/xml-writer.ts';

type ConfigContext = {
  readonly vsys: readonly string[];
  /** Of a Panorama. */
  readonly fleet: FleetView | undefined;
};

const device = /^\/config\/devices\/entry(?:\[@name=(['"])localhost\.localdomain\1\])?\/([\w-]+)$/;

/** The answer to `action=get` or `action=show`. Throws CommandError 400, 6 or 7. */
export const configReply = (parameters: ReadonlyMap<string, string>, context: ConfigContext): string => {
  const [action = '', xpath = ''] = [parameters.get('action'), parameters.get('xpath')];
  if (action !== 'get' && action !== 'show')
    throw new CommandError(400, 'Parameter "action" must be get or show');
  const [, , name] = device.exec(xpath) ?? [];
  if (name === undefined) throw new CommandError(6, `${xpath.slice(0, 200)} is not simulated`);
  if (name === 'device-group' && context.fleet) return success(deviceGroupsConfig(context.fleet));
  if (name === 'vsys' && !context.fleet) {
    const entries = context.vsys.map((id) => `<entry name="${escapeAttribute(id)}"/>`).join('');
    return success(`<vsys>${entries}</vsys>`);
  }
  throw new CommandError(7, 'Object not present');
};
