// The completion scripts: what they offer at which place; the one for bash in a real bash.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { commands, shells } from '../../src/config/command-flags.ts';
import { completionScript } from '../../src/config/completion.ts';
import { flagDescriptions, readCommand } from '../../src/config/config.ts';
import { logLevels } from '../../src/runtime/logger.ts';

const offer = `
offer() {
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  _pan_tag_operator
  [ "\${#COMPREPLY[@]}" -eq 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"
}
offer "$@"
`;

/** What bash offers for the last word, which may be ''. */
function offered(...words: readonly string[]): string[] {
  const script = `set -u\n${completionScript('bash')}${offer}`;
  const environment = { PATH: process.env['PATH'] };
  const text = execFileSync('bash', ['--norc', '-c', script, 'bash', 'pan-tag-operator', ...words], {
    encoding: 'utf8',
    env: environment,
    cwd: import.meta.dirname,
  });
  return text.split('\n').filter((word) => word !== '');
}

const sorted = (words: readonly string[]) => [...words].sort();

test('the first word is a command', () => {
  assert.deepEqual(sorted(offered('')), sorted(commands));
  assert.deepEqual(offered('ch'), ['check']);
  assert.deepEqual(offered('pu'), ['purge']);
});

test('each command has its own flags and those of all', () => {
  const common = flagDescriptions.map(([name]) => `--${name}`);
  for (const command of ['run', 'check', 'diff', 'purge']) {
    const flags = offered(command, '-');
    for (const name of common) assert.ok(flags.includes(name), `${command} ${name}`);
    assert.equal(flags.includes('--dry-run'), command === 'purge', command);
    assert.equal(flags.includes('--output'), command === 'check', command);
    assert.equal(flags.includes('--timeout'), command === 'purge' || command === 'diff', command);
  }
  assert.deepEqual(sorted(offered('-')), sorted(offered('run', '-')), 'run is the default');
  assert.deepEqual(offered('purge', 'edge-a', '--take'), ['--take-over']);
  assert.deepEqual(offered('version', '-'), []);
});

test('every flag that is offered is one that the program takes', () => {
  for (const command of ['run', 'check', 'diff', 'purge'])
    for (const flag of offered(command, '--')) {
      const value =
        {
          '--log-level': 'info',
          '--log-format': 'json',
          '--output': 'json',
          '--timeout': '5',
          '--http-address': ':1',
        }[flag] ?? 'x';
      const withValue = /^--(yes|dry-run|take-over|help|version|leader-elect|audit-log)$/.test(flag)
        ? [flag]
        : [flag, value];
      assert.doesNotThrow(() => readCommand([command, ...withValue], {}), flag);
    }
});

test('values are offered where they are known, files where they are files', () => {
  assert.deepEqual(sorted(offered('--log-level', '')), sorted(logLevels));
  assert.deepEqual(offered('run', '--log-format', 'p'), ['pretty']);
  assert.deepEqual(offered('check', '-o', 'j'), ['json']);
  assert.deepEqual(offered('--kubeconfig', 'completion.t'), ['completion.test.ts']);
  assert.deepEqual(offered('--namespace', ''), []);
});

test('a value behind an equals sign, which bash takes for a word, is completed, too', () => {
  assert.deepEqual(offered('--log-level', '=', 'de'), ['debug']);
  for (const flag of ['--leader-elect', '--audit-log']) {
    assert.deepEqual(sorted(offered(flag, '=')), ['false', 'true']);
    assert.deepEqual(sorted(offered(flag, '')), sorted(commands), 'behind a blank it is none');
  }
});

test('completion completes the shells', () => {
  assert.deepEqual(sorted(offered('completion', '')), sorted(shells));
});

test('bash finds no fault in the scripts for bash and zsh', () => {
  for (const shell of ['bash', 'zsh'] as const)
    execFileSync('bash', ['-n'], { input: completionScript(shell) });
});

test('the script for fish names every command and every flag, with quotes that end', () => {
  const script = completionScript('fish');
  for (const command of commands) assert.match(script, new RegExp(`\\b${command}\\b`));
  for (const [name] of flagDescriptions) assert.match(script, new RegExp(` -l ${name} `));
  for (const line of script.split('\n')) {
    const quotes = line.replaceAll(/\\['\\]/g, '').split("'").length - 1;
    assert.ok(line.startsWith('#') || quotes % 2 === 0, line);
  }
});
