// The judge of a node's scenarios finds what must not be, each from the smallest story that has it, and nothing in a good one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Grant } from './address-watch.ts';
import { makeJudge, type JudgedMessage, type Judgement } from './judge.ts';
import type { PodEvent } from './pod-watch.ts';

const tagPrefix = 'k8s-prod.';
const end = 60_000;

type Pairs = readonly (readonly [ip: string, pod: string])[];

const pod = (at: number, name: string, ips: readonly string[], more: Partial<PodEvent> = {}): PodEvent => ({
  at,
  uid: `uid-${name}`,
  name,
  isOver: false,
  ips,
  networkReadyAt: undefined,
  ...more,
});
const over = (at: number, name: string): PodEvent => pod(at, name, ['10.0.0.1'], { isOver: true });

function message(t: number, { register = [], unregister = [] }: { register?: Pairs; unregister?: Pairs }) {
  const tag = (name: string): string => `${tagPrefix}ns_shop.pod.${name}`;
  return {
    t,
    durationMs: 1,
    register: register.map(([ip, name]) => ({
      section: 'register' as const,
      ip,
      tag: tag(name),
      outcome: 'registered' as const,
    })),
    unregister: unregister.map(([ip, name]) => ({
      section: 'unregister' as const,
      ip,
      tag: tag(name),
      outcome: 'unregistered' as const,
    })),
  };
}

function judge(
  events: readonly PodEvent[],
  messages: readonly JudgedMessage[],
  grants: readonly Grant[] = [],
): Judgement {
  const { take, judgement } = makeJudge({ tagPrefix });
  take({ events, messages, grants }, end);
  return judgement();
}

const texts = ({ faults }: Judgement): readonly string[] => faults.map((fault) => fault.replace(/^\S+ /, ''));
const ip = '10.0.0.1';
const came = pod(1_000, 'a', [ip], { networkReadyAt: 900 });
const registered = message(1_010, { register: [[ip, 'a']] });

test('a Pod that comes and goes: how late each was, and no fault', () => {
  const judgement = judge(
    [came, over(2_000, 'a')],
    [registered, message(2_007, { unregister: [[ip, 'a']] })],
  );
  assert.deepEqual(judgement, {
    registered: [10],
    registeredAfterNetwork: [110],
    unregistered: [7],
    outlived: [],
    outlivedGrant: [],
    reused: 0,
    pods: 1,
    messages: 2,
    pairs: 2,
    faults: [],
  });
});

test('the device may know it before the watch does', () => {
  const { registered, unregistered, faults } = judge(
    [came, over(2_000, 'a')],
    [message(990, { register: [[ip, 'a']] }), message(1_990, { unregister: [[ip, 'a']] })],
  );
  assert.deepEqual({ registered, unregistered, faults }, { registered: [0], unregistered: [0], faults: [] });
});

test('an address that goes to another Pod in one message: how long the former tag stood', () => {
  const { outlived, outlivedGrant, reused, faults } = judge(
    [came, pod(2_000, 'b', [ip]), over(2_500, 'a')],
    [registered, message(2_030, { unregister: [[ip, 'a']], register: [[ip, 'b']] })],
    [
      { at: 800, ip },
      { at: 1_900, ip },
    ],
  );
  assert.deepEqual(
    { outlived, outlivedGrant, reused, faults },
    { outlived: [31], outlivedGrant: [131], reused: 1, faults: [] },
  );
});

test('two Pods’ tags on one address', () => {
  const judgement = judge(
    [came, over(1_990, 'a'), pod(2_000, 'b', [ip])],
    [registered, message(2_030, { register: [[ip, 'b']] }), message(2_040, { unregister: [[ip, 'a']] })],
  );
  assert.deepEqual(texts(judgement), [`${ip} carries the tags of a and b`]);
});

test('a former Pod’s tag that stays, with and without a new Pod', () => {
  assert.deepEqual(texts(judge([came, over(2_000, 'a')], [registered])), [
    `${ip} a: not unregistered for 5000 ms`,
  ]);
  const judgement = judge([came, over(2_000, 'a'), pod(2_100, 'b', [ip])], [registered]);
  assert.deepEqual(texts(judgement), [
    `${ip} a: not unregistered for 5000 ms`,
    `${ip} a: the tag of a former Pod stood for 5000 ms`,
    `${ip} b: not registered for 5000 ms`,
  ]);
});

test('a tag that nobody’s Pod explains, and one taken from a Pod that still has the address', () => {
  const unexplained = `${ip} a: changed without an event of its Pod for 5000 ms`;
  assert.deepEqual(texts(judge([], [registered])), [unexplained]);
  const taken = message(2_000, { unregister: [[ip, 'a']] });
  assert.deepEqual(texts(judge([came], [registered, taken])), [unexplained]);
  const given = message(2_100, { register: [[ip, 'a']] });
  assert.deepEqual(texts(judge([came], [registered, taken, given])), [
    `${ip} had lost the tag of a, which still has it`,
  ]);
});

test('pairs without our prefix, and refused ones', () => {
  const foreign = { section: 'unregister', ip, tag: 'quarantine', outcome: 'unregistered' } as const;
  const refused = { section: 'register', ip, tag: `${tagPrefix}web`, outcome: 'refused' } as const;
  const judgement = judge([], [{ t: 1, durationMs: 1, register: [refused], unregister: [foreign] }]);
  assert.deepEqual(texts(judgement), [
    `unregister of a foreign tag: ${ip} quarantine`,
    `refused: register ${ip} ${tagPrefix}web`,
  ]);
});

test('a StatefulSet’s Pod: the same name with another uid and another address', () => {
  const again = pod(3_000, 'a', ['10.0.0.2'], { uid: 'uid-2' });
  const { faults, pods } = judge(
    [came, over(2_000, 'a'), again],
    [
      registered,
      message(2_010, { unregister: [[ip, 'a']] }),
      message(3_010, { register: [['10.0.0.2', 'a']] }),
    ],
  );
  assert.deepEqual({ faults, pods }, { faults: [], pods: 2 });
});
