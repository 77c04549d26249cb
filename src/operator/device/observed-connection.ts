// Connection with metrics for its calls, and log lines for its sign-ins and workarounds.

import { createKeyExchange, type KeyExchange } from '../../panos/http/key-exchange.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { type ConnectionOptions, openConnection } from './device-connection.ts';
import type { Connection } from './device-port.ts';

type ObservedConnectionOptions = Omit<ConnectionOptions, 'observe' | 'presented'> & {
  /** The PanFirewall's name. */
  readonly firewall: string;
  readonly metrics: Metrics;
  readonly log: Logger;
};

/** @throws DeviceError when the settings cannot work. */
export function openObservedConnection(options: ObservedConnectionOptions): Connection {
  const { firewall, metrics, log, ...rest } = options;
  const { endpoint } = rest.settings;
  const connection = openConnection({
    ...rest,
    presented(certificate) {
      metrics.certificateExpiry.set({ firewall, endpoint }, certificate.validToDate.getTime() / 1000);
    },
    observe({ kind: call, outcome, seconds }) {
      const kind = snakeCase(call);
      metrics.deviceRequests.inc({ firewall, kind, outcome });
      metrics.deviceRequestDuration.observe({ firewall, kind }, seconds);
      if (outcome !== 'ok' || (call !== 'keygen' && call !== 'signIn')) return;
      metrics.loginTimestamp.set({ firewall }, Date.now() / 1000);
      log.info({ firewall, kind: call }, 'signed in');
    },
  });
  return {
    ...connection,
    close() {
      // Key and session go with it.
      metrics.loginTimestamp.remove({ firewall });
      metrics.certificateExpiry.remove({ firewall, endpoint });
      return connection.close();
    },
  };
}

/** As values of labels are written. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** For all connections of the process. */
export function observedKeyExchange(log: Logger): KeyExchange {
  return createKeyExchange((endpoint) => {
    const problem =
      'something on the way resets TLS handshakes with X25519MLKEM768, whose ClientHello is longer than one packet; ' +
      'look for firewalls and load balancers to update';
    log.warn({ endpoint, problem }, 'key exchange without X25519MLKEM768');
  });
}
