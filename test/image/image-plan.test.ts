// The Dockerfile's reader: what a stage copies and says of its image, and the line of what only an engine can do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDockerfile } from '../../scripts/image/dockerfile.ts';
import { planImage } from '../../scripts/image/image-plan.ts';

const build = 'FROM node:24 AS build\nRUN npm ci\n';

function plan(text: string, { target = '', args = {}, config = {} } = {}) {
  return planImage(readDockerfile(text), { target, args, config });
}

test('a stage on another stage has the layers of both and inherits its configuration', () => {
  const text = [
    `${build}FROM base:1 AS runtime`,
    'COPY --from=build /usr/bin/node /nodejs/bin/',
    'ENV A=1 B="two words"',
    'FROM runtime AS other',
    'FROM runtime',
    '# a comment',
    'ARG REVISION=unknown',
    'COPY --from=build /a /b \\',
    '  # another one',
    '  /app/',
    'ENV A=3',
    'USER 65532:65532',
    'WORKDIR /data',
    'EXPOSE 8080 53/udp',
    'LABEL title="The program" revision=$REVISION also=${REVISION}',
    'entrypoint ["/nodejs/bin/node", "/app/b"]',
    'CMD ["run"]',
  ].join('\n');
  assert.deepEqual(plan(text, { args: { REVISION: 'abc' }, config: { Env: ['PATH=/bin'], User: '1' } }), {
    base: 'base:1',
    layers: [
      [{ from: 'build', sources: ['/usr/bin/node'], target: '/nodejs/bin/' }],
      [{ from: 'build', sources: ['/a', '/b'], target: '/app/' }],
    ],
    config: {
      Env: ['PATH=/bin', 'A=3', 'B=two words'],
      User: '65532:65532',
      WorkingDir: '/data',
      ExposedPorts: { '8080/tcp': {}, '53/udp': {} },
      Labels: { title: 'The program', revision: 'abc', also: 'abc' },
      Entrypoint: ['/nodejs/bin/node', '/app/b'],
      Cmd: ['run'],
    },
  });
  assert.deepEqual(plan(text, { target: 'other' }).layers.length, 1);
});

test('an entry point drops the command of the stage below, as engines do', () => {
  const text = 'FROM a AS below\nENTRYPOINT ["a"]\nCMD ["b"]\nFROM below\nENTRYPOINT ["c"]';
  assert.deepEqual(plan(text).config, { Entrypoint: ['c'] });
  assert.deepEqual(plan(text, { target: 'below' }).config, { Entrypoint: ['a'], Cmd: ['b'] });
});

test('a stage may be named like an image, and a later stage is none of those below', () => {
  const text = 'FROM node AS node\nCOPY --from=build /a /b\nFROM x';
  assert.equal(plan(text, { target: 'node' }).base, 'node');
});

for (const [text, error] of [
  ['', /the Dockerfile has no FROM/],
  ['USER 1\nFROM a', /line 1: USER stands before the first FROM/],
  ['FROM --platform=linux/arm64 a', /line 1: FROM .*: flags are not read/],
  ['FROM a\nCMD', /line 2: no instruction: CMD/],
  ['FROM a\nCMD ["a"] \\', /line 2: it goes on after the last line/],
  ['FROM a\nRUN id', /line 2: RUN id: it needs a container engine/],
  ['FROM a\nVOLUME /data', /line 2: VOLUME \/data: it needs a container engine/],
  ['FROM a\nENTRYPOINT node app.js', /line 2: .*: write it as a JSON list of words/],
  ['FROM a\nCMD [1]', /line 2: .*: write it as a JSON list of words/],
  ['FROM a\nCOPY --chown=1 a /b', /line 2: .*: flags but --from, patterns and variables are not read/],
  ['FROM a\nCOPY *.js /b/', /line 2: .*: flags but --from, patterns and variables are not read/],
  ['FROM a\nCOPY a b', /line 2: .*: the target is no path from the root/],
  ['FROM a\nCOPY a b /c', /line 2: .*: many files need a folder/],
  ['FROM a\nCOPY /c', /line 2: .*: nothing is copied/],
  ['FROM a\nWORKDIR app', /line 2: .*: the folder is no path from the root/],
  ['FROM a\nLABEL a', /line 2: .*: write it as NAME=VALUE/],
  ['FROM a\nLABEL a="b', /line 2: .*: write it as NAME=VALUE/],
  ['FROM a\nLABEL a=$REVISION', /line 2: .*: no ARG REVISION in this stage/],
] as const) {
  test(`refused with its line: ${JSON.stringify(text)}`, () => {
    assert.throws(() => plan(text), error);
  });
}

test('a stage that is not there is named', () => {
  assert.throws(() => plan('FROM a', { target: 'simulator' }), /the Dockerfile has no stage "simulator"/);
});
