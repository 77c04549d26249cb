// Lets a call take effect as far as its fault allows, and says what goes over the connection.

import type { Call, Device, Reply } from './device.ts';
import type { AnswerFault } from './faults.ts';

export type Delivery =
  | {
      readonly kind: 'answer';
      readonly httpStatus: number;
      readonly contentType: string;
      readonly body: Uint8Array;
      /** Where the connection is cut although the whole length was announced. */
      readonly cutAt?: number;
    }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' };

export const xmlType = 'application/xml; charset=UTF-8';
const html = 'text/html; charset=UTF-8';
const encode = (text: string): Uint8Array => Buffer.from(text, 'utf8');

const loginPage =
  '<!DOCTYPE html>\n<html><head><title>Login</title></head>' +
  '<body><form action="/php/login.php" method="post"><br><input name="user"></form></body></html>\n';

/** Every byte value, from a point at which no encoding makes sense of them. */
const garbage = Uint8Array.from({ length: 512 }, (_, index) => (index * 7 + 0x9d) % 256);

const answer = (httpStatus: number, contentType: string, body: Uint8Array): Delivery => ({
  kind: 'answer',
  httpStatus,
  contentType,
  body,
});

const intact = (reply: Reply): Delivery => answer(reply.httpStatus, xmlType, encode(reply.body));

const truncated = (reply: Reply, fault: Extract<AnswerFault, { fault: 'truncate' }>): Delivery => {
  const body = encode(reply.body);
  const end = fault.bytes ?? Math.floor(body.length * fault.fraction);
  return fault.cutConnection
    ? { kind: 'answer', httpStatus: reply.httpStatus, contentType: xmlType, body, cutAt: end }
    : answer(reply.httpStatus, xmlType, body.subarray(0, end));
};

const otherRoot = (reply: Reply): Delivery => {
  const body = reply.body.replace(/^<response/, '<answer').replace(/response>$/, 'answer>');
  return answer(reply.httpStatus, xmlType, encode(body));
};

export type Performance = {
  /** What the call did; undefined where a fault kept it from taking effect. */
  readonly effect: Reply | undefined;
  /** The answer as the client can read it; undefined where the fault left none. */
  readonly answer: Reply | undefined;
  readonly delivery: Delivery;
};

const damaged = (delivery: Delivery, effect?: Reply): Performance => ({
  effect,
  answer: undefined,
  delivery,
});

/** Runs the call, unless its fault comes first. */
export const perform = (device: Device, call: Call, fault: AnswerFault | undefined): Performance => {
  if (!fault || fault.fault === 'truncate' || fault.fault === 'wrong-root') {
    const reply = call.run();
    if (!fault) return { effect: reply, answer: reply, delivery: intact(reply) };
    return damaged(fault.fault === 'truncate' ? truncated(reply, fault) : otherRoot(reply), reply);
  }
  const effect = fault.applies ? call.run() : undefined;
  switch (fault.fault) {
    case 'hang':
    case 'reset':
      return damaged({ kind: fault.fault }, effect);
    case 'http-status':
      return damaged(answer(fault.status, html, encode(`<html><h1>${fault.status}</h1></html>\n`)), effect);
    case 'garbage':
      return damaged(answer(200, xmlType, garbage), effect);
    case 'html':
      return damaged(answer(200, html, encode(loginPage)), effect);
    case 'empty':
      return damaged(answer(200, xmlType, new Uint8Array()), effect);
    case 'error': {
      const reply = device.refuse(fault.code, fault.text);
      return { effect, answer: reply, delivery: intact(reply) };
    }
    default:
      return fault satisfies never;
  }
};
