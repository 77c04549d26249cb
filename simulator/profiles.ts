// Models of devices: what they call themselves, how much they hold, and how fast the smallest one is.

import type { Identity } from './device/identity.ts';
import type { SettingsPatch } from './settings.ts';

type Profile = {
  readonly identity: Pick<Identity, 'model' | 'family'>;
  readonly settings: SettingsPatch;
};

const profile = (
  model: string,
  family: string,
  registeredAddresses: number,
  tagsPerAddress = 32,
): Profile => ({
  identity: { model, family },
  settings: { limits: { registeredAddresses, tagsPerAddress, tagsPerUser: tagsPerAddress } },
});

/** Every VM-Series calls itself PA-VM, whatever its size. */
const virtual = (addresses: number): Profile => profile('PA-VM', 'vm', addresses);

/** A small VM as measured: 1,000 addresses registered in 3.41 s, unregistered in 0.44 s (facts 1.11). */
const slow = { register: 1000 / 290, unregister: 1000 / 2270 };

/** Limits of registered addresses (facts 4.14) and tags per address (facts 4.13). */
export const profiles = {
  'VM-50': { ...virtual(1000), settings: { ...virtual(1000).settings, pairMs: slow } },
  'VM-100': virtual(2500),
  'VM-300': virtual(200_000),
  'VM-500': virtual(300_000),
  'VM-700': virtual(300_000),
  'PA-220': profile('PA-220', '200', 1000),
  'PA-410': profile('PA-410', '400', 1000, 64),
  'PA-440': profile('PA-440', '400', 50_000, 64),
  'PA-460': profile('PA-460', '400', 100_000, 64),
  'PA-820': profile('PA-820', '800', 1000),
  'PA-850': profile('PA-850', '800', 2500),
  'PA-3220': profile('PA-3220', '3200', 200_000),
  'PA-3410': profile('PA-3410', '3400', 150_000, 64),
  'PA-3440': profile('PA-3440', '3400', 200_000, 64),
  'PA-5220': profile('PA-5220', '5200', 500_000),
  'PA-5410': profile('PA-5410', '5400', 500_000, 64),
  'PA-5450': profile('PA-5450', '5400', 100_000, 64),
  Panorama: profile('Panorama', 'pc', 500_000),
  'M-600': profile('M-600', 'm', 500_000),
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof profiles;

export const profileNames = Object.keys(profiles) as readonly ProfileName[];
