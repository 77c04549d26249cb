// The switches of the simulated device: everything that differs between devices, or that no source settles.

import * as z from 'zod';
import { rightSchema } from './access/accounts.ts';
import { defaultFailureTexts, failureTextsSchema } from './failure-texts.ts';

const milliseconds = z.number().min(0).max(3_600_000);
const positive = z.int().min(1);

const latency = z.strictObject({
  message: milliseconds.describe('a register / unregister message'),
  read: milliseconds.describe('a registered-ip read'),
  info: milliseconds.describe('show system info, type=version and other op commands'),
  keygen: milliseconds.describe('type=keygen'),
});

const pairCost = z.strictObject({
  register: milliseconds,
  unregister: milliseconds,
});

const limits = z.strictObject({
  tagsPerAddress: positive.describe('32, on newer platforms 64 (facts 4.13)'),
  tagsPerUser: positive.describe('as tagsPerAddress'),
  registeredAddresses: positive.describe('over all vsys (facts 4.14)'),
  tagLength: positive.describe('in characters (facts 4.11)'),
  pageEntries: positive.describe('entries in one reply, whatever limit was asked for (facts 5.3)'),
  requestBytes: positive.describe('a whole request (facts 1.2)'),
  concurrentCalls: positive.describe('more at once are counted, not refused (facts 1.10)'),
});

const settingsSchema = z.strictObject({
  errorsAsHttpStatus: z
    .boolean()
    .describe('codes 400 and 403 are also the HTTP status; off: the status is 200 (facts 2.6)'),
  invalidCredentialText: z.enum(['Invalid Credential', 'Invalid credentials.']),
  expiredKey: z
    .enum(['invalid', 'status-line', 'text', 'code-400'])
    .describe(
      'how a key that has expired is refused: as any bad key, or with its own words as the reason of HTTP 400, as its body, or under XML code 400 (facts 2.5)',
    ),
  keygenInvalidatesOldKeys: z.boolean().describe('facts 2.10'),
  keyLifetimeSeconds: z
    .int()
    .min(0)
    .describe('counted from the generation of a key; 0: for ever (facts 2.8)'),
  sessionIdleSeconds: positive.describe('how long a session lasts without a call'),
  rights: z.array(rightSchema).describe('what the role of the first account may call (facts 2.7)'),
  roleRefusal: z
    .enum(['forbidden', 'unauth'])
    .describe(
      'how a right that the role lacks is told: code 403, or status="unauth" and code 16 (facts 2.7)',
    ),
  reRegisterRefreshes: z
    .boolean()
    .describe('a pair registered again takes the new timeout and persistent flag (facts 4.8)'),
  unknownAddressText: z
    .enum(['ip', 'tag'])
    .describe('what "does not exist" names when nothing is registered for the address (facts 4.5)'),
  emptyTable: z.enum(['no-count', 'count-zero']).describe('<result/> or <count>0</count> (facts 5.2)'),
  hostsAsCidr: z.boolean().describe('reads return hosts as /32 and /128 (facts 4.10)'),
  usersMustBeKnown: z
    .boolean()
    .describe('users are tagged only after a login or a group has named them (facts 6.1)'),
  whenPassive: z
    .enum(['accept', 'deny', 'silent'])
    .describe(
      'what a passive HA member does with messages: code 15, or success without an effect (facts 7.4, 7.5)',
    ),
  haSyncsRegistrations: z
    .boolean()
    .describe('messages to one member of an HA pair take effect on the other too (facts 7.5)'),
  keepAliveMs: milliseconds.describe('how long idle connections are kept (facts 1.9); 0: for ever'),
  latencyMs: latency,
  pairMs: pairCost.describe('cost of one pair; messages are worked off one after the other'),
  limits,
  failureTexts: failureTextsSchema.describe('no source knows the real ones (facts 4.5, 7.1)'),
});

export type Settings = Readonly<z.output<typeof settingsSchema>>;
export const settingsPatchSchema = settingsSchema
  .extend({
    latencyMs: latency.partial(),
    pairMs: pairCost.partial(),
    limits: limits.partial(),
    failureTexts: failureTextsSchema.partial(),
  })
  .partial();

export type SettingsPatch = z.input<typeof settingsPatchSchema>;

export const defaultSettings: Settings = {
  errorsAsHttpStatus: true,
  invalidCredentialText: 'Invalid Credential',
  expiredKey: 'invalid',
  keygenInvalidatesOldKeys: false,
  keyLifetimeSeconds: 0,
  sessionIdleSeconds: 3600,
  rights: ['op', 'user-id'],
  roleRefusal: 'forbidden',
  reRegisterRefreshes: false,
  unknownAddressText: 'ip',
  emptyTable: 'no-count',
  hostsAsCidr: false,
  usersMustBeKnown: true,
  whenPassive: 'accept',
  haSyncsRegistrations: false,
  keepAliveMs: 90_000,
  latencyMs: { message: 0, read: 0, info: 0, keygen: 0 },
  pairMs: { register: 0, unregister: 0 },
  limits: {
    tagsPerAddress: 32,
    tagsPerUser: 32,
    registeredAddresses: 300_000,
    tagLength: 127,
    pageEntries: 500,
    requestBytes: 5_000_000,
    concurrentCalls: 5,
  },
  failureTexts: defaultFailureTexts,
};

type Patch<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

const overlay = <T extends object>(base: T, patch: Patch<T> | undefined): T => ({
  ...base,
  ...Object.fromEntries(Object.entries(patch ?? {}).filter(([, value]) => value !== undefined)),
});

/** The settings after a patch; groups are patched field by field. Throws ZodError for a patch that is none. */
export const patchSettings = (settings: Settings, patch: SettingsPatch): Settings => {
  const { latencyMs, pairMs, limits, failureTexts, ...flat } = settingsPatchSchema.parse(patch);
  return {
    ...overlay<Omit<Settings, 'latencyMs' | 'pairMs' | 'limits' | 'failureTexts'>>(settings, flat),
    latencyMs: overlay(settings.latencyMs, latencyMs),
    pairMs: overlay(settings.pairMs, pairMs),
    limits: overlay(settings.limits, limits),
    failureTexts: overlay(settings.failureTexts, failureTexts),
  };
};
