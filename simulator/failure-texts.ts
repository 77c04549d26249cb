// Texts of refusals for which no source gives the real words.

import * as z from 'zod';

/** `{ip}`, `{tag}`, `{user}`, `{serial}` and `{limit}` are filled in where they belong. */
export const failureTextsSchema = z.strictObject({
  invalidAddress: z.string(),
  invalidTag: z.string(),
  missingTag: z.string(),
  invalidTimeout: z.string(),
  tagLimit: z.string(),
  addressLimit: z.string(),
  invalidLogin: z.string(),
  unknownUser: z.string(),
  passivePeer: z.string(),
  disconnectedTarget: z.string(),
  unknownTarget: z.string(),
});

type FailureTexts = Readonly<z.output<typeof failureTextsSchema>>;
export type FailureReason = keyof FailureTexts;

export const defaultFailureTexts: FailureTexts = {
  invalidAddress: 'ip {ip} is invalid',
  invalidTag: 'tag {tag} is invalid',
  missingTag: 'no tag to register',
  invalidTimeout: 'timeout of tag {tag} is invalid',
  tagLimit: 'tag {tag}: total number of tags exceeds the limit {limit}',
  addressLimit: 'Failed to register',
  invalidLogin: 'login is invalid',
  unknownUser: 'user {user} does not exist',
  passivePeer: 'operation denied: not allowed on the passive peer',
  disconnectedTarget: '{serial} not connected',
  unknownTarget: '{serial} is not a managed device',
};

export const fillText = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
