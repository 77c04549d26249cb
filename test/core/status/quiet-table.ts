// A table that is known and in sync, for tests of statuses.

import type { TableView } from '../../../src/core/status/table-health.ts';

export const quietTable: TableView = {
  firewall: 'edge-a',
  failing: undefined,
  known: true,
  owned: 5,
  foreign: 1,
  pending: 0,
  held: [],
  guardWindow: [],
  conflict: undefined,
  notes: [],
  refused: undefined,
  oldestPendingAt: undefined,
  lastConfirmedAt: 0,
};
