// The help text: commands, flags with their defaults, environment and exit codes.

import { type CommandName, commandFlags } from './command-flags.ts';
import { flagDescriptions, variableOf } from './config.ts';

export function usage(): string {
  const row = (name: string, description: string) => `  --${name.padEnd(14)} ${description}`;
  const ofCommand = (command: CommandName) =>
    Object.entries(commandFlags)
      .filter(([, { of }]) => of.includes(command))
      .map(([name, { short, describe }]) => row(short === undefined ? name : `${name}, -${short}`, describe));
  return [
    'pan-tag-operator [run] [flags]   keep firewalls equal to the cluster',
    'pan-tag-operator check [PANFIREWALL...] [flags]',
    '                                 look at API server, CRDs, rights, and the way to each firewall; writes nothing',
    'pan-tag-operator diff [PANFIREWALL...] [flags]',
    '                                 compare policies with the firewalls, a line a pair; writes nothing',
    'pan-tag-operator purge [PANFIREWALL...] [flags]',
    '                                 unregister our tags on these PanFirewalls, or on every one with Purge and Enforce',
    'pan-tag-operator version         print version, Node and git revision',
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
