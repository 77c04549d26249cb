// A firewall behind a Panorama: how it is described, and the device that it is.

import * as z from 'zod';
import { Device } from '../device/device.ts';
import { haSchema } from '../device/ha.ts';
import { defaultIdentity } from '../device/identity.ts';
import type { Refusal } from '../device/registered-ips.ts';
import { defaultSettings, patchSettings, settingsPatchSchema } from '../settings.ts';

export const memberSchema = z.strictObject({
  serial: z.string().min(1),
  hostname: z.string().min(1).optional(),
  ipAddress: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  swVersion: z.string().min(1).optional(),
  vsys: z.array(z.string().min(1)).min(1).default(['vsys1']),
  deviceGroup: z
    .union([z.string().min(1), z.record(z.string(), z.string().min(1))])
    .optional()
    .describe('of the whole firewall, or vsys -> group'),
  connected: z.boolean().default(true),
  ha: haSchema.optional(),
  settings: settingsPatchSchema.optional(),
});

export type MemberSpec = z.input<typeof memberSchema>;
export type MemberOptions = z.output<typeof memberSchema>;

export const changeSchema = z.strictObject({
  connected: z.boolean().optional(),
  deviceGroup: memberSchema.shape.deviceGroup.nullable().describe('null: none'),
});

export const nestingSchema = z.strictObject({
  name: z.string().min(1),
  below: z.string().min(1).nullable().describe('null: at the top'),
});

export type MemberChange = z.input<typeof changeSchema>;

/** Group to the vsys of a firewall that are in it. */
export const groupsOf = (
  vsys: readonly string[],
  deviceGroup: MemberOptions['deviceGroup'] | null,
): Map<string, string[]> => {
  if (deviceGroup === undefined || deviceGroup === null) return new Map();
  if (typeof deviceGroup === 'string') return new Map([[deviceGroup, [...vsys]]]);
  const groups = new Map<string, string[]>();
  for (const [id, group] of Object.entries(deviceGroup))
    groups.set(group, [...(groups.get(group) ?? []), id]);
  return groups;
};

type DeviceSurroundings = { readonly clock: () => number; readonly refusal: Refusal };

/** The device that a description asks for; what it leaves out is as of a firewall that was started alone. */
export const makeMemberDevice = (
  { serial, vsys, ha, settings, ...named }: MemberOptions,
  surroundings: DeviceSurroundings,
): Device => {
  const identity = {
    ...defaultIdentity,
    serial,
    hostname: named.hostname ?? `fw-${serial}`,
    ipAddress: named.ipAddress ?? defaultIdentity.ipAddress,
    model: named.model ?? defaultIdentity.model,
    swVersion: named.swVersion ?? defaultIdentity.swVersion,
  };
  const device = new Device({
    ...surroundings,
    identity,
    vsys,
    settings: patchSettings(defaultSettings, settings ?? {}),
  });
  device.ha = ha;
  return device;
};
