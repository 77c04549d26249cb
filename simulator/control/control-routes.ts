// The routes of the control port, by method and path. The casts are safe: the controls check what they are given.

import * as z from 'zod';
import type { AccountSpec } from '../access/accounts.ts';
import type { AddressGroupSpec } from '../device/address-groups.ts';
import type { Controls } from './controls.ts';
import type { DeviceControls, Reboot } from './device-controls.ts';
import type { FaultSpec } from '../faults/fault-specs.ts';
import type { HaSpec } from '../device/ha.ts';
import type { MemberChange, MemberSpec } from '../panorama/member.ts';
import type { FleetControls } from '../panorama/fleet-controls.ts';
import type { Planting } from './planting.ts';
import type { SettingsPatch } from '../settings.ts';

type Input = {
  readonly query: URLSearchParams;
  /** What stands behind the second slash. */
  readonly id: string | undefined;
  readonly body: unknown;
};

export type Route = (input: Input) => unknown;

export type ControlTargets = {
  readonly controls: Controls;
  /** Of a Panorama. */
  readonly fleet: FleetControls | undefined;
  /** PEM of the device's certificate authority. */
  readonly caPem: string;
};

const sinceSchema = z.coerce.number().pipe(z.int().min(0));
const idSchema = z.coerce.number().pipe(z.int().min(1));
const passwordSchema = z.strictObject({ password: z.string().min(1) });
const done = { done: true };

const act = (action: (body: unknown) => void): Route => {
  return ({ body }) => {
    action(body);
    return done;
  };
};

const cleared = (clear: (input: Input) => boolean): Route => {
  return (input) => ({ cleared: clear(input) });
};

/** What can be done to one device; `?serial=` names a firewall behind Panorama. */
const deviceRoutes = ({ controls, fleet }: ControlTargets): [string, Route][] => {
  const device = ({ query }: Input): DeviceControls => {
    const serial = query.get('serial');
    if (serial === null) return controls;
    if (!fleet) throw new RangeError('only Panorama has firewalls');
    return fleet.firewall(serial);
  };
  const onDevice = (action: (device: DeviceControls, body: unknown) => void): Route => {
    return (input) => {
      action(device(input), input.body);
      return done;
    };
  };
  return [
    ['GET /tables', (input) => device(input).tables()],
    ['POST /tables', onDevice((on, body) => on.plant(body as Planting))],
    ['POST /wipe', onDevice((on) => on.wipe())],
    ['GET /users', (input) => device(input).users()],
    ['GET /address-groups', (input) => device(input).addressGroups()],
    ['POST /address-groups', onDevice((on, body) => on.setAddressGroup(body as AddressGroupSpec))],
    [
      'DELETE /address-groups/ID',
      cleared((input) =>
        device(input).deleteAddressGroup(input.id ?? '', input.query.get('vsys') ?? undefined),
      ),
    ],
    ['GET /ha', (input) => device(input).ha() ?? null],
    ['POST /ha', onDevice((on, body) => on.setHa(body as HaSpec | null))],
    ['POST /fail-over', onDevice((on) => on.failOver())],
    ['GET /settings', (input) => device(input).settings()],
    ['POST /settings', (input) => device(input).settings(input.body as SettingsPatch)],
    ['POST /reboot', onDevice((on, body) => on.reboot(body as Reboot))],
  ];
};

const accessRoutes = (controls: Controls): [string, Route][] => [
  ['POST /expire-keys', act(() => controls.expireKeys())],
  ['POST /time-out-sessions', act(() => controls.timeOutSessions())],
  ['POST /password', act((body) => controls.changePassword(passwordSchema.parse(body).password))],
  ['POST /accounts', act((body) => controls.setAccount(body as AccountSpec))],
  ['DELETE /accounts/ID', cleared(({ id = '' }) => controls.deleteAccount(id))],
];

const fleetRoutes = (fleet: FleetControls): [string, Route][] => [
  ['GET /firewalls', () => fleet.members()],
  ['POST /firewalls', act((body) => fleet.join(body as MemberSpec))],
  [
    'POST /firewalls/ID',
    ({ id = '', body }) => {
      fleet.change(id, body as MemberChange);
      return done;
    },
  ],
  ['DELETE /firewalls/ID', cleared(({ id = '' }) => fleet.leave(id))],
  ['GET /device-groups', () => fleet.deviceGroups()],
  [
    'POST /device-groups/ID',
    ({ id = '', body }) => {
      fleet.nest(id, (body as { below: string | null }).below);
      return done;
    },
  ],
  ['DELETE /device-groups/ID', cleared(({ id = '' }) => fleet.deleteDeviceGroup(id))],
];

export const makeRoutes = (targets: ControlTargets): ReadonlyMap<string, Route> => {
  const { controls, fleet, caPem } = targets;
  return new Map<string, Route>([
    ...deviceRoutes(targets),
    ['GET /log', ({ query }) => controls.log(sinceSchema.parse(query.get('since') ?? '0'))],
    ['GET /concurrency', () => controls.concurrency()],
    ['GET /faults', () => controls.faults()],
    ['POST /faults', ({ body }) => ({ id: controls.inject(body as FaultSpec) })],
    ['DELETE /faults', act(() => controls.clearFaults())],
    ['DELETE /faults/ID', cleared(({ id }) => controls.clearFaults(idSchema.parse(id)))],
    ['POST /reset', act(() => controls.reset())],
    ...accessRoutes(controls),
    ...(fleet ? fleetRoutes(fleet) : []),
    ['GET /ca', () => ({ pem: caPem })],
  ]);
};
