// Words of devices that tell a limit of their own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { echoOf, noEcho } from '../../../src/panos/errors/phrases.ts';
import { refusedLimit } from '../../../src/panos/errors/refused-limit.ts';

test('the words of its logs are certain and may name a figure; "Failed to register" may mean something else', () => {
  assert.deepEqual(refusedLimit('max registered-ip for the platform reached (2500)', noEcho), {
    kind: 'addresses',
    isCertain: true,
    figure: 2500,
  });
  assert.deepEqual(refusedLimit('Max registered-ip for the platform reached', noEcho), {
    kind: 'addresses',
    isCertain: true,
    figure: undefined,
  });
  const tags = { kind: 'tags', isCertain: true, figure: 32 };
  assert.deepEqual(refusedLimit('total number of tags exceeds the limit 32', noEcho), tags);
  assert.deepEqual(refusedLimit('tag k8s.a: total number of tags exceeds the limit 32', noEcho), tags);
  const perhaps = { kind: 'addresses', isCertain: false, figure: undefined };
  assert.deepEqual(refusedLimit('Failed to register', noEcho), perhaps);
});

test('everything else tells no limit', () => {
  for (const words of [
    '',
    'tag k8s.a is invalid',
    'ip 10.0.0.1 is invalid',
    'tag failed to register exists already',
    'failed to registered',
    'tag max registered-ip is invalid',
  ])
    assert.equal(refusedLimit(words, noEcho), undefined, words);
});

test('a tag that reads like a limit tells none', () => {
  const tag = 'k8s.ns_evil.number of tags exceeds the limit 1';
  const longer = `${tag} 2`;
  for (const words of [`tag ${tag} is invalid`, `tag ${longer} is invalid: ${tag}`])
    assert.equal(refusedLimit(words, echoOf([tag, longer])), undefined);
  assert.deepEqual(refusedLimit(`tag ${tag}: total number of tags exceeds the limit 32`, echoOf([tag])), {
    kind: 'tags',
    isCertain: true,
    figure: 32,
  });
});
