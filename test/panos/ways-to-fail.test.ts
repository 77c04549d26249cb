// Every way to fail: the reason, when it is tried again, whether a message may have taken effect, and words that help.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PanosError } from '../../src/panos/errors/errors.ts';
import { transportError } from '../../src/panos/http/transport-errors.ts';
import { Outage } from '../../src/operator/device/outage.ts';
import { DeviceFailure } from '../../src/operator/device/device-port.ts';
import { clientOf, failure, message, never } from './clients.ts';
import { type Way, ways } from './ways-to-fail.ts';

const retryWords = { backoff: 'soon', slow: 'seldom' } as const;

/** Messages of the log at the level warn or above. */
function told(failures: readonly PanosError[]): readonly string[] {
  const lines: string[] = [];
  const line = (...said: readonly unknown[]) => void lines.push(String(said.at(-1)));
  const quiet = () => undefined;
  const outage = new Outage('device', { warn: line, info: line, debug: quiet } as never);
  for (const { reason, message: text, retry, applied } of failures) {
    outage.note('write', new DeviceFailure(reason, text, { retry, applied }));
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
    const failures = [
      await failure(client.update(message, never)),
      await failure(client.update(message, never)),
    ];
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

test('docs/operations.md has the same rows, in the same order', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const [, section = ''] = /^### Every way to fail\n(.*?)^\*\*/ms.exec(page) ?? [];
  const rows = section.split('\n').filter((line) => /^\| (?!what happens)/.test(line));
  const rowOf = ({ what, reason, retry, applied, says }: Way) =>
    `| ${[what, reason, retryWords[retry], applied, says].join(' | ')} |`;
  assert.deepEqual(rows, ways.map(rowOf));
});
