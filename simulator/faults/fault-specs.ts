// Schemas of the faults that can be injected.

import * as z from 'zod';

const times = {
  count: z.int().min(1).optional().describe('how often it takes effect; without: until it is cleared'),
  skip: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'how many matching requests (or pairs) pass first; those that an earlier fault met do not count',
    ),
  chance: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe("how likely it takes effect on each match; the simulator's seed decides"),
  vsys: z.string().optional(),
  target: z.string().optional().describe("a firewall behind Panorama; '': Panorama itself"),
};

const matching = {
  ...times,
  ip: z.string().optional().describe('canonical text: only messages that name the address'),
  tag: z.string().optional().describe('only messages that name the tag'),
  on: z.enum(['any', 'message', 'read', 'info', 'hierarchy', 'version', 'keygen', 'other']).default('any'),
  connection: z
    .enum(['any', 'new', 'reused'])
    .default('any')
    .describe('whether it is the first request of its connection'),
};

const before = z.boolean().default(false).describe('whether the request takes effect all the same');
const after = z.boolean().default(true).describe('whether the request takes effect all the same');

export const faultSchema = z.discriminatedUnion('fault', [
  z.strictObject({ ...matching, fault: z.literal('hang'), applies: before }).describe('never answers'),
  z
    .strictObject({ ...matching, fault: z.literal('reset'), applies: before })
    .describe('resets the connection'),
  z
    .strictObject({
      ...matching,
      fault: z.literal('http-status'),
      applies: before,
      status: z.int().min(400).max(599).default(503),
    })
    .describe('a status and an HTML body, as from a proxy'),
  z.strictObject({ ...matching, fault: z.literal('garbage'), applies: after }).describe('bytes, no text'),
  z.strictObject({ ...matching, fault: z.literal('html'), applies: after }).describe('200 and a login page'),
  z.strictObject({ ...matching, fault: z.literal('empty'), applies: after }).describe('200 without a body'),
  z.strictObject({ ...matching, fault: z.literal('wrong-root') }).describe('the answer under another root'),
  z
    .strictObject({
      ...matching,
      fault: z.literal('truncate'),
      bytes: z.int().min(0).optional().describe('what is left of the answer'),
      fraction: z.number().min(0).max(1).default(0.5).describe('the same, where bytes is not given'),
      cutConnection: z
        .boolean()
        .default(false)
        .describe('announce the whole length, then cut the connection'),
    })
    .describe('the answer up to a point'),
  z
    .strictObject({
      ...matching,
      fault: z.literal('error'),
      applies: before,
      code: z.int().min(1).max(999).default(11),
      text: z.string().default('Internal error'),
    })
    .describe('status="error" with a code, for the whole request'),
  z
    .strictObject({ ...matching, fault: z.literal('pretend') })
    .describe('a message succeeds without taking effect'),
  z
    .strictObject({ ...matching, fault: z.literal('miscount'), by: z.int().default(1) })
    .describe('the <count> of a read is wrong by so many'),
  z
    .strictObject({
      ...matching,
      fault: z.literal('drip'),
      bytes: z.int().min(1).default(100),
      ms: z.number().min(0).default(100),
    })
    .describe('the answer comes in pieces of so many bytes, with so many milliseconds between'),
  z
    .strictObject({ ...matching, fault: z.literal('content-type'), value: z.string().default('') })
    .describe("the answer under another Content-Type; '': without any"),
  z
    .strictObject({
      ...matching,
      fault: z.literal('redirect'),
      applies: before,
      status: z.int().min(300).max(399).default(302),
      location: z.string().default('/php/login.php'),
    })
    .describe('a redirect'),
  z
    .strictObject({
      ...matching,
      fault: z.literal('not-ready'),
      applies: before,
      at: z
        .enum(['response', 'payload', 'section'])
        .default('response')
        .describe('where the entry stands: in the uid-response itself, its payload, or a section of that'),
      text: z.string().default('Not ready to process xmlapi data'),
    })
    .describe('an entry without an address, as from a device that starts or commits'),
  z
    .strictObject({
      ...matching,
      fault: z.literal('pad'),
      bytes: z.int().min(1).max(256_000_000),
      with: z.string().min(1).default(' ').describe('XML that is repeated before the end of the answer'),
    })
    .describe('the answer made as large as this'),
  z.strictObject({ ...matching, fault: z.literal('slow'), ms: z.number().min(0) }).describe('answers later'),
  z
    .strictObject({
      ...times,
      fault: z.literal('reject'),
      section: z.enum(['register', 'unregister']).optional(),
      ip: z.string().optional().describe('canonical text'),
      tag: z.string().optional(),
      text: z.string().default('Failed to register').describe('{ip} and {tag} are filled in'),
    })
    .describe('refuses single pairs of a message'),
]);

/** A fault as it is asked for. */
export type FaultSpec = z.input<typeof faultSchema>;
export type Fault = z.output<typeof faultSchema>;
/** A fault that decides over the whole answer. */
export type AnswerFault = Exclude<Fault, { fault: 'slow' | 'reject' }>;
