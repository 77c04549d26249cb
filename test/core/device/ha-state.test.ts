// Meaning of HA states: those of the sources, and all others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { haRole, haWords } from '../../../src/core/device/ha-state.ts';

const of = (state: string, peerState = '') => ({ enabled: true, state, peerState }) as const;

const roles = {
  active: ['active', 'active-primary', 'active-secondary', 'primary-active', 'secondary-active', 'Active'],
  passive: ['passive', 'primary-passive', 'secondary-passive'],
  neither: [
    'initial',
    'suspended',
    'secondary-suspended',
    'non-functional',
    'tentative',
    'inactive',
    'unknown',
  ],
} as const;

for (const [role, states] of Object.entries(roles)) {
  test(`${states.join(', ')}: ${role}`, () => {
    for (const state of states) assert.equal(haRole(of(state)), role, state);
  });
}

test('without HA a device is alone', () => {
  assert.equal(haRole({ enabled: false }), 'alone');
  assert.equal(haWords({ enabled: false }), 'disabled');
});

test('a state that nobody knows is never taken for active or passive', () => {
  const known: readonly string[] = [...roles.active, ...roles.passive];
  const unknown = fc.string().filter((state) => !known.includes(state.toLowerCase()));
  fc.assert(fc.property(unknown, (state) => assert.equal(haRole(of(state)), 'neither')));
});

test('its words are its own', () => {
  assert.equal(haWords(of('secondary-passive', 'primary-active')), 'secondary-passive, peer primary-active');
  assert.equal(haWords(of('suspended')), 'suspended');
});
