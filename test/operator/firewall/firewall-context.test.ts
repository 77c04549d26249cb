// A PanFirewall as its parts see it where nothing is to be written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { purgeObstacle } from '../../../src/core/rights/write-mode.ts';
import {
  type ClusterState,
  FirewallContext,
  type FirewallEnvironment,
  type ReadableFirewall,
} from '../../../src/operator/firewall/firewall-context.ts';
import { createLogger } from '../../../src/runtime/logger.ts';

const log = createLogger({ level: 'silent', format: 'json' });
const spec = { mode: 'Enforce', deletionPolicy: 'Purge' };

function contextIn(environment: object) {
  const parsed = { firewall: {}, meta: { name: 'edge' }, settings: spec } as unknown as ReadableFirewall;
  const parts = { observe: () => ({}), log, ...environment } as unknown as FirewallEnvironment;
  return new FirewallContext(parts, {} as unknown as ClusterState, parsed);
}

// A purge asks the spec alone, as it goes on where nothing is registered any more.
test('where nothing is to be written nothing may be purged either, whatever the spec says or is edited to', () => {
  const observing = contextIn({ observeOnly: true });
  assert.equal(observing.writeMode, 'observe');
  assert.equal(purgeObstacle(observing.settings), 'spec.mode is Observe');
  observing.settings = { ...contextIn({}).settings, mode: 'Enforce' };
  assert.equal(purgeObstacle(observing.settings), 'spec.mode is Observe');
  assert.equal(purgeObstacle(contextIn({}).settings), undefined);
});
