// Lets a call take effect as far as its fault allows, and says what goes over the connection.

import { done, type Call, type Reply } from './call.ts';
import type { AnswerFault } from '../faults/fault-specs.ts';
import { notReadyReply } from '../xml/replies.ts';

export type Delivery =
  | {
      readonly kind: 'answer';
      readonly httpStatus: number;
      /** Of the status line; without: what HTTP says for the status. */
      readonly statusText?: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array;
      /** Where the connection is cut although the whole length was announced. */
      readonly cutAt?: number;
      /** In pieces of so many bytes, with a pause between. */
      readonly drip?: { readonly bytes: number; readonly ms: number };
    }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' };

type Answer = Extract<Delivery, { kind: 'answer' }>;

export const xmlType = 'application/xml; charset=UTF-8';
const html = 'text/html; charset=UTF-8';
const encode = (text: string): Uint8Array => Buffer.from(text, 'utf8');

const loginPage =
  '<!DOCTYPE html>\n<html><head><title>Login</title></head>' +
  '<body><form action="/php/login.php" method="post"><br><input name="user"></form></body></html>\n';

/** Every byte value, from a point at which no encoding makes sense of them. */
const garbage = Uint8Array.from({ length: 512 }, (_, index) => (index * 7 + 0x9d) % 256);

const answer = (httpStatus: number, contentType: string, body: Uint8Array): Answer => ({
  kind: 'answer',
  httpStatus,
  headers: contentType === '' ? {} : { 'content-type': contentType },
  body,
});

const intact = ({ httpStatus, statusText, body, cookie, ...reply }: Reply): Answer => {
  const bare = answer(httpStatus, reply.contentType ?? xmlType, encode(body));
  const plain = statusText === undefined ? bare : { ...bare, statusText };
  return cookie === undefined ? plain : { ...plain, headers: { ...plain.headers, 'set-cookie': cookie } };
};

/** The faults that leave the call its effect and damage its answer. */
type Damage = Extract<
  AnswerFault,
  { fault: 'truncate' | 'wrong-root' | 'miscount' | 'drip' | 'content-type' | 'pad' }
>;

const truncated = (whole: Answer, fault: Extract<Damage, { fault: 'truncate' }>): Answer => {
  const end = fault.bytes ?? Math.floor(whole.body.length * fault.fraction);
  return fault.cutConnection ? { ...whole, cutAt: end } : { ...whole, body: whole.body.subarray(0, end) };
};

const padded = (whole: Answer, { bytes, with: padding }: Extract<Damage, { fault: 'pad' }>): Answer => {
  const body = Buffer.from(whole.body);
  const end = Math.max(0, body.lastIndexOf('</'));
  const times = Math.ceil(Math.max(0, bytes - body.length) / Buffer.byteLength(padding));
  const middle = Buffer.alloc(times * Buffer.byteLength(padding), padding);
  return { ...whole, body: Buffer.concat([body.subarray(0, end), middle, body.subarray(end)]) };
};

const damage = (reply: Reply, fault: Damage): Answer => {
  const whole = intact(reply);
  switch (fault.fault) {
    case 'truncate':
      return truncated(whole, fault);
    case 'wrong-root':
      return {
        ...whole,
        body: encode(reply.body.replace(/^<response/, '<answer').replace(/response>$/, 'answer>')),
      };
    case 'miscount': {
      const recount = (_: string, count: string): string => `<count>${Number(count) + fault.by}</count>`;
      return { ...whole, body: encode(reply.body.replace(/<count>(\d+)<\/count>/, recount)) };
    }
    case 'pad':
      return padded(whole, fault);
    case 'drip':
      return { ...whole, drip: fault };
    case 'content-type':
      return answer(reply.httpStatus, fault.value, whole.body);
    default:
      return fault satisfies never;
  }
};

export type Performance = {
  /** What the call did; undefined where a fault kept it from taking effect. */
  readonly effect: Reply | undefined;
  /** The answer as the client can read it; undefined where the fault left none. */
  readonly answer: Reply | undefined;
  readonly delivery: Delivery;
};

const lost = (delivery: Delivery, effect: Reply | undefined): Performance => ({
  effect,
  answer: undefined,
  delivery,
});

const answered = (reply: Reply, effect: Reply | undefined): Performance => ({
  effect,
  answer: reply,
  delivery: intact(reply),
});

/** What comes instead of the answer of the device. */
const replaced = (
  call: Call,
  fault: Exclude<AnswerFault, Damage | { fault: 'pretend' }>,
  effect: Reply | undefined,
): Performance => {
  switch (fault.fault) {
    case 'hang':
    case 'reset':
      return lost({ kind: fault.fault }, effect);
    case 'http-status':
      return lost(answer(fault.status, html, encode(`<html><h1>${fault.status}</h1></html>\n`)), effect);
    case 'redirect': {
      const page = answer(fault.status, html, encode('<html><h1>Moved</h1></html>\n'));
      return lost({ ...page, headers: { ...page.headers, location: fault.location } }, effect);
    }
    case 'garbage':
      return lost(answer(200, xmlType, garbage), effect);
    case 'html':
      return lost(answer(200, html, encode(loginPage)), effect);
    case 'empty':
      return lost(answer(200, xmlType, new Uint8Array()), effect);
    case 'error':
      return answered(call.refuse(fault.code, fault.text), effect);
    case 'not-ready':
      return answered({ ...done, status: 'error', body: notReadyReply(fault.at, fault.text) }, effect);
    default:
      return fault satisfies never;
  }
};

/** Runs the call, unless its fault comes first. */
export const perform = (call: Call, fault: AnswerFault | undefined): Performance => {
  if (!fault) {
    const reply = call.run();
    return answered(reply, reply);
  }
  if (fault.fault === 'pretend') return answered(call.pretend(), undefined);
  if ('applies' in fault) return replaced(call, fault, fault.applies ? call.run() : undefined);
  const reply = call.run();
  return lost(damage(reply, fault), reply);
};
