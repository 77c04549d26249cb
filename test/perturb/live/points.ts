// Points at which a scenario is disturbed, each a request and its treatment.
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../harness/wait-for.ts';
import { type Disturb, type Side, type Site, timing } from './site.ts';
import type { Tapped, Treatment } from './tap.ts';

/** What is counted: every request that may change something, messages to a device, and what reads its table. */
export type Counted = 'request' | 'message' | 'read';

export type Kind = {
  readonly counted: Counted;
  readonly treatment: (site: Site, hasPassed: (more: number) => boolean) => Treatment;
  /**
   * A message may bring back a former Pod's tag: twice, where it was confirmed and nobody can expect it before a full read;
   * late, where it had no answer and the operator reads the table for it.
   */
  readonly surprise?: 'twice' | 'late';
};

const doubledMs = 2_000;
/** More than a call may take, and less than a message without an answer may come late. */
const beyondLimitMs = timing.callMs + 1_500;
const latestMs = timing.lateMessageMs - 1_500;
const answeredMs = 200;

/** The first whole entry of a reply goes, the count stays; a reply without one is as it was. */
const withoutEntry = (answer: string): string => answer.replace(/<entry[^>]*>.*?<\/entry>/s, '');
/** Another writer was between two pages: the count is one more than it was. */
const withCountOff = (answer: string): string =>
  answer.replace(/<count>(\d+)<\/count>/, (_, count: string) => `<count>${Number(count) + 1}</count>`);

export const kinds: Readonly<Record<string, Kind>> = {
  kill: {
    counted: 'request',
    treatment: (site) => ({ kind: 'lost after', afterwards: site.killOperator }),
  },
  'message-lost-before': { counted: 'message', treatment: () => ({ kind: 'lost before' }) },
  'message-lost-after': { counted: 'message', treatment: () => ({ kind: 'lost after' }) },
  'message-doubled-late': {
    counted: 'message',
    treatment: () => ({ kind: 'doubled late', ms: doubledMs }),
    surprise: 'twice',
  },
  /** Once it was sent again, and the message after that was answered. */
  'message-arrives-late': {
    counted: 'message',
    treatment: (_, hasPassed) => ({
      kind: 'arrives late',
      when: async () => {
        await waitFor(() => hasPassed(2), { what: 'two messages more', timeoutMs: latestMs }).catch(() => {});
        await sleep(answeredMs);
      },
    }),
    surprise: 'late',
  },
  'message-answered-by-half': { counted: 'message', treatment: () => ({ kind: 'answered by half' }) },
  'message-answered-late': {
    counted: 'message',
    treatment: () => ({ kind: 'answered late', ms: beyondLimitMs }),
  },
  'read-lost': { counted: 'read', treatment: () => ({ kind: 'lost before' }) },
  'read-cut': { counted: 'read', treatment: () => ({ kind: 'answered by half' }) },
  'read-short': { counted: 'read', treatment: () => ({ kind: 'answered otherwise', edit: withoutEntry }) },
  'read-shifted': { counted: 'read', treatment: () => ({ kind: 'answered otherwise', edit: withCountOff }) },
};

export type Counts = Record<Counted, number>;

/** Counts what passes, and treats the one that is meant. `met`: it was there. */
export type Disturbance = { readonly disturb: Disturb; readonly counts: Counts; met: boolean };

/** @param at which of them, from 1; absent: none. */
export function disturbance(site: Site, kind?: Kind, at?: number): Disturbance {
  const counts: Counts = { request: 0, message: 0, read: 0 };
  const state: Disturbance = {
    counts,
    met: false,
    disturb(side, request) {
      let isMeant = false;
      for (const counted of countedAs(side, request)) {
        counts[counted] += 1;
        isMeant ||= counted === kind?.counted && counts[counted] === at;
      }
      if (kind === undefined || !isMeant) return { kind: 'pass' };
      state.met = true;
      const { counted } = kind;
      const before = counts[counted];
      return kind.treatment(site, (more) => counts[counted] >= before + more);
    },
  };
  return state;
}

function countedAs(side: Side, { method, body }: Tapped): readonly Counted[] {
  if (side === 'api') return method === 'GET' ? [] : ['request'];
  const type = new URLSearchParams(body).get('type');
  if (type === 'user-id') return ['request', 'message'];
  return type === 'op' && body.includes('registered-ip') ? ['request', 'read'] : ['request'];
}
