// Flags and variables as values: what is given wins over the environment, and that over the defaults.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, readCommand } from '../src/config.ts';

const elects = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  readCommand(args, environment).settings['leader-elect'];

test('replicas elect their leader unless told otherwise, by flag or by variable', () => {
  assert.equal(elects([]), true);
  assert.equal(elects(['run', '--leader-elect']), true);
  assert.equal(elects(['--leader-elect=false']), false);
  assert.equal(elects([], { PANTAG_LEADER_ELECT: 'false' }), false);
  assert.equal(elects(['--leader-elect=true'], { PANTAG_LEADER_ELECT: 'false' }), true);
});

test('a flag that is true or false takes no other word, and none that stands apart', () => {
  assert.throws(
    () => elects(['--leader-elect=no']),
    /--leader-elect \(PANTAG_LEADER_ELECT\): must be true or false/,
  );
  assert.throws(() => elects(['run', '--leader-elect', 'false']), ConfigError);
});
