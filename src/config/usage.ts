// The help text: commands, flags with their defaults, environment and exit codes.

import { type CommandName, commandFlags, commandForms, commands } from './command-flags.ts';
import { flagDescriptions, variableOf } from './config.ts';

const margin = 33;

function ofForm(name: CommandName): string {
  const { form, describe } = commandForms[name];
  const typed = `pan-tag-operator ${form}`;
  return typed.length < margin - 2
    ? typed.padEnd(margin) + describe
    : `${typed}\n${''.padEnd(margin)}${describe}`;
}

export function usage(): string {
  const row = (name: string, description: string) => `  --${name.padEnd(14)} ${description}`;
  const ofCommand = (command: CommandName) =>
    Object.entries(commandFlags)
      .filter(([, { of }]) => of.includes(command))
      .map(([name, { short, describe }]) => row(short === undefined ? name : `${name}, -${short}`, describe));
  return [
    ...commands.filter((name) => name !== 'help').map(ofForm),
    '',
    ...flagDescriptions.map(([name, description]) => row(name, description)),
    '',
    'Flags of check alone:',
    ...ofCommand('check'),
    '',
    'Flags of diff alone:',
    ...ofCommand('diff'),
    '',
    'Flags of purge alone:',
    ...ofCommand('purge'),
    '',
    `Flags of all commands can also be set by an environment variable: --log-level is ${variableOf('log-level')}.`,
    'Devices are reached through the proxy in HTTPS_PROXY, except the hosts in NO_PROXY.',
    'Exit codes: 0 success, 1 failure (of diff: something differs), 2 usage error, or a purge or diff that came to nothing.',
    '',
  ].join('\n');
}
