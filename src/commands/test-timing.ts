// Holds other times than the product's, which tests set, to clusters on this machine.

import { ConfigError } from '../config/config-error.ts';
import { productTiming, type Timing } from '../core/model/timing.ts';
import type { Logger } from '../runtime/logger.ts';

const loopback = /^(?:127(?:\.\d+){3}|\[::1\]|localhost)$/;

/** @param server the API server. @throws ConfigError when it is not on this machine and the times are not the product's. */
export function checkTiming(timing: Timing, server: URL, log: Logger): void {
  if (timing === productTiming) return;
  if (!loopback.test(server.hostname))
    throw new ConfigError(
      `PANTAG_TEST_TIMING is for tests against an API server on this machine, and ${server.host} is not; unset it`,
    );
  log.warn({ timing }, 'test timing in use');
}
