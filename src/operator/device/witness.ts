// A connection to a member of an HA pair: its answers count when the member is active afterwards.

import { DeviceError } from '../../core/model/device-error.ts';
import { singleFlight } from '../../signals/single-flight.ts';
import type { Connection } from './device-port.ts';

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
  const ask = sharedAfterwards(expectActive);
  const after = async <T>(
    answer: Promise<T>,
    signal: AbortSignal,
    applied: DeviceError['applied'] = 'no',
  ): Promise<T> => {
    try {
      const value = await answer;
      await ask(signal).catch(withEffect(applied));
      return value;
    } catch (error) {
      if (error instanceof DeviceError && error.refused) await ask(signal).catch(withEffect(error.applied));
      throw error;
    }
  };
  // Each by its name, so that what a connection learns to do later is judged here.
  return {
    info: (signal, serial) => connection.info(signal, serial),
    haState: (table, signal) => connection.haState(table, signal),
    close: () => connection.close(),
    managedDevices: (signal) => after(connection.managedDevices(signal), signal),
    deviceGroups: (signal) => after(connection.deviceGroups(signal), signal),
    groupHierarchy: (signal) => after(connection.groupHierarchy(signal), signal),
    readTable: (table, betweenPages, signal) =>
      after(connection.readTable(table, betweenPages, signal), signal),
    readAddress: (table, ip, signal) => after(connection.readAddress(table, ip, signal), signal),
    send: (table, batch, signal) => after(connection.send(table, batch, signal), signal, 'unknown'),
  };
}

function withEffect(applied: DeviceError['applied']): (error: unknown) => never {
  return (error) => {
    // What was refused, if anything, is the question, and not the call.
    throw error instanceof DeviceError ? error.with({ applied, answered: true, refused: false }) : error;
  };
}

/** Whoever calls shares a run that begins after the call; one runs at a time. */
export function sharedAfterwards(
  run: (signal: AbortSignal) => Promise<void>,
): (signal: AbortSignal) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  const queue = (): ((signal: AbortSignal) => Promise<void>) =>
    singleFlight(async (signal) => {
      await last;
      signal.throwIfAborted();
      next = queue();
      const running = run(signal);
      last = running.catch(() => undefined);
      return running;
    });
  let next = queue();
  return (signal) => next(signal);
}
