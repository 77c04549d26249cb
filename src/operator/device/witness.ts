// Confirms the answers of a member of an HA pair: they count when the member is active afterwards.

import { DeviceError } from '../../core/model/device-error.ts';
import { askAfter } from '../../signals/ask-after.ts';
import type { CallName, Connection } from './device-port.ts';

/**
 * What becomes of an answer when the member turns out to be passive: 'no': what was read was not read; 'unknown': the
 * message may or may not have taken effect. 'speaks for itself': it is about the member, and needs no confirmation.
 */
const unconfirmed: Readonly<Record<CallName, DeviceError['applied'] | 'speaks for itself'>> = {
  info: 'speaks for itself',
  haState: 'speaks for itself',
  managedDevices: 'no',
  deviceGroups: 'no',
  groupHierarchy: 'no',
  readAll: 'no',
  readOne: 'no',
  send: 'unknown',
};

/**
 * The same connection for a device that may turn passive at any time, and then takes messages in silence and does
 * nothing: every answer about its firewalls and tables waits until `expectActive`, begun after it, resolves. Where that
 * fails, a message may or may not have taken effect. A refusal is an answer, too: a passive member may refuse anything.
 * @param expectActive throws DeviceError unless the device says that it is active. Answers that come while it is
 *   asked share the next question.
 */
export function witnessed(
  connection: Connection,
  expectActive: (signal: AbortSignal) => Promise<void>,
): Connection {
  const ask = askAfter(expectActive);
  return {
    async call(question, signal) {
      const applied = unconfirmed[question.ask];
      if (applied === 'speaks for itself') return connection.call(question, signal);
      try {
        const answer = await connection.call(question, signal);
        await ask(signal).catch(withEffect(applied));
        return answer;
      } catch (error) {
        if (error instanceof DeviceError && error.refused) await ask(signal).catch(withEffect(error.applied));
        throw error;
      }
    },
    close: () => connection.close(),
  };
}

function withEffect(applied: DeviceError['applied']): (error: unknown) => never {
  return (error) => {
    // What was refused, if anything, is the question, and not the call.
    throw error instanceof DeviceError ? error.with({ applied, answered: true, refused: false }) : error;
  };
}
