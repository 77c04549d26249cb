// Every way to fail: the reason, when it is tried again, whether a message may have taken effect, and words that help.
import type { DeviceError } from '../../src/core/model/device-error.ts';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { transportError } from '../../src/panos/http/transport-errors.ts';
import { Outage } from '../../src/operator/device/outage.ts';
import { clientOf, failure, message, never } from './clients.ts';
import { connectionOver } from '../../src/operator/device/device-connection.ts';
import type { Answers, Connection } from '../../src/operator/device/device-port.ts';
import { Targets } from '../../src/operator/device/targets.ts';
import { witnessed } from '../../src/operator/device/witness.ts';
import type { PanosClient } from '../../src/panos/client/client.ts';
import { ownTable } from '../../src/core/model/table-ref.ts';
import { registers } from '../operator/device/connections.ts';
import { type Way, ways } from './ways-to-fail.ts';
import { fakeConnection } from '../operator/device/fake-connection.ts';

const retryWords = { backoff: 'soon', slow: 'seldom' } as const;

/** The connection to a firewall behind a Panorama of an HA pair: everything that an error passes on its way to a table. */
function throughAll(client: PanosClient): Promise<Connection> {
  const script: Partial<Answers> = {
    info: async () => ({ serial: '1', model: 'PA-VM', swVersion: '11.1.4', multiVsys: false }),
    managedDevices: async () => [{ serial: '1', connected: true, vsys: [] }],
  };
  const inPair = witnessed(fakeConnection(script, connectionOver(client)), async () => undefined);
  return new Targets(() => 0).connect(inPair, { serial: '1', vsys: undefined }, never);
}

function factsOf(error: DeviceError): Readonly<Record<string, unknown>> {
  const { reason, message, problem, said, code, retry, applied, limit } = error;
  const { refused, answered, refusesPass, someAway } = error;
  return {
    reason,
    message,
    problem,
    said,
    code,
    retry,
    applied,
    limit,
    refused,
    answered,
    refusesPass,
    someAway,
  };
}

/** Messages of the log at the level warn or above. */
function told(failures: readonly DeviceError[]): readonly string[] {
  const lines: string[] = [];
  const line = (...said: readonly unknown[]) => void lines.push(String(said.at(-1)));
  const quiet = () => undefined;
  const outage = new Outage('device', { warn: line, info: line, debug: quiet } as never);
  for (const error of failures) {
    outage.note('write', error);
    assert.deepEqual(
      outage.failing,
      { reason: error.reason, message: error.message },
      'as the status tells it',
    );
  }
  outage.succeeded('read');
  assert.deepEqual(lines, ['device failed'], 'a read that works does not end it');
  outage.succeeded('write');
  return lines;
}

for (const way of ways) {
  test(`${way.what}: ${way.reason}`, async (context) => {
    await using stage = await way.set(context);
    await using client = clientOf(stage, stage.options);
    const atSocket = await failure(client.update(message, never));
    const atTable = await failure(
      (await throughAll(client)).call(
        { ask: 'send', table: ownTable, batch: registers('10.0.0.1', 'a') },
        never,
      ),
    );
    assert.deepEqual(factsOf(atTable), factsOf(atSocket));
    const failures = [atSocket, atTable];
    for (const error of failures) {
      const { reason, retry, applied } = error;
      assert.deepEqual(
        { reason, retry, applied },
        { reason: way.reason, retry: way.retry, applied: way.applied },
      );
      assert.ok(error.message.includes(way.says), error.message);
      assert.ok(error.message.length < 800, `${error.message.length} characters`);
    }
    // The same words each time: it is told once, and ends when the call that failed works.
    assert.deepEqual(told(failures), ['device failed', 'device works again']);
  });
}

test('a code that nobody knows is quoted, and sends nobody to look for what it may not be', () => {
  const cause = Object.assign(new Error('a reason of tomorrow'), { code: 'ETOMORROW' });
  const error = transportError(cause, { intent: 'update', sent: true });
  assert.deepEqual([error.reason, error.retry, error.applied], ['DeviceUnavailable', 'backoff', 'unknown']);
  assert.match(error.message, /does not know.*The system says: a reason of tomorrow \(ETOMORROW\)/);
  assert.doesNotMatch(error.message, /cannot be reached/);
});

test('docs/failures.md has the same rows, in the same order', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/failures.md'), 'utf8');
  const [, section = ''] = /^## Every way to fail\n(.*?)^\*\*/ms.exec(page) ?? [];
  const rows = section.split('\n').filter((line) => /^\| (?!what happens)/.test(line));
  const rowOf = ({ what, reason, retry, applied, says }: Way) =>
    `| ${[what, reason, retryWords[retry], applied, says].join(' | ')} |`;
  assert.deepEqual(rows, ways.map(rowOf));
});
