// A table of a PanFirewall without a cluster: writes are allowed, nothing is known of earlier leaders, and nobody listens.

import { productTiming } from '../../../src/core/model/timing.ts';
import { ownTable } from '../../../src/core/model/table-ref.ts';
import type { FirewallSettings } from '../../../src/operator/device/credentials.ts';
import type { TableContext } from '../../../src/operator/table/table-context.ts';
import { createLogger } from '../../../src/runtime/logger.ts';

const defaultSettings: FirewallSettings = {
  endpoint: 'https://192.0.2.10',
  credentials: { secretRef: { name: 'edge-a' }, method: 'ApiKey' },
  limits: { maxConcurrentCalls: 2 },
  tls: { insecureSkipVerify: false },
  tables: undefined,
  mode: 'Enforce',
  deletionPolicy: 'Purge',
  purgeTimeoutSeconds: 300,
  resync: { fullIntervalSeconds: 900, markerIntervalSeconds: 30 },
  removalGuard: { percent: 30, minimum: 10 },
  registrationTimeoutSeconds: 0,
};

export type ContextOver = Partial<Omit<TableContext, 'settings'>> & {
  /** What of the spec is other than usual; also as a getter. */
  readonly settings?: Partial<FirewallSettings>;
};

/** Later ones go first; their getters stay getters. */
export function tableContext(
  own: ContextOver & { readonly connect: TableContext['connect'] },
  over: ContextOver = {},
): TableContext {
  const base: TableContext = {
    name: 'edge-a',
    ref: ownTable,
    self: { prefix: 'k8s.', id: 'aaaaaaaaaaaa' },
    writeMode: 'enforce',
    adopting: false,
    knowledge: { synced: true },
    precedence: { kind: 'ours' },
    swVersion: undefined,
    former: { timeoutSeconds: 0, guardWindow: [] },
    marked: () => {},
    connect: own.connect,
    get settings() {
      return { ...defaultSettings, ...own.settings, ...over.settings };
    },
    observer: silent,
    log: createLogger({ level: 'silent', format: 'json' }),
    now: () => performance.now(),
    timing: productTiming,
  };
  for (const { settings: _, ...others } of [own, over].map(Object.getOwnPropertyDescriptors))
    Object.defineProperties(base, others);
  return base;
}

export const silent: TableContext['observer'] = {
  changed() {},
  confirmed() {},
  unanswered() {},
  refused() {},
  failed() {},
  lost() {},
  record() {},
};
