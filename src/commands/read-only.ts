// Connections of the commands that write nothing: what they would send by mistake does not leave.

import type { X509Certificate } from 'node:crypto';
import type { Settings } from '../config/config.ts';
import type { ConnectionSettings } from '../operator/device/credentials.ts';
import { openConnection } from '../operator/device/device-connection.ts';
import type { Connection } from '../operator/device/device-port.ts';
import { userAgent } from '../version.ts';

/** Reads need no Lease. @throws DeviceError when the settings cannot work. */
export function openReadOnly(
  { proxy: environmentProxy, timing }: Pick<Settings, 'proxy' | 'timing'>,
  settings: ConnectionSettings,
  presented?: (certificate: X509Certificate) => void,
): Connection {
  const connection = openConnection({
    settings,
    environmentProxy,
    userAgent,
    mayCall: () => true,
    mayGoOn: () => true,
    observe: () => {},
    presented,
    timing,
  });
  return {
    call: (question, signal) => {
      if (question.ask === 'send') throw new TypeError('this command sends no message');
      return connection.call(question, signal);
    },
    close: () => connection.close(),
  };
}
