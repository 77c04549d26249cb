// Completion scripts for shells, from the same table of commands and flags as the help.

import {
  commandFlags,
  commandForms,
  commands,
  type CommandName,
  type Shell,
  shells,
} from './command-flags.ts';
import { flagChoices, flagDescriptions, switches } from './config.ts';

const program = 'pan-tag-operator';

type CompletedFlag = {
  readonly name: string;
  readonly short?: string | undefined;
  readonly describe: string;
  /** The commands that take it. */
  readonly of: readonly CommandName[];
  /** `file`: any file; none: it takes no value; []: a value that nobody can guess. */
  readonly value: 'none' | 'file' | readonly string[];
  /** It may stand without its value, which therefore only an equals sign can bring. */
  readonly optional?: boolean;
};

/** Those that act take the flags of all commands. */
const acting: readonly CommandName[] = ['run', 'check', 'diff', 'purge'];

function completedFlags(): readonly CompletedFlag[] {
  const common = flagDescriptions.map(([name, describe]): CompletedFlag => {
    const value = name === 'kubeconfig' ? 'file' : (flagChoices[name] ?? []);
    return { name, describe, of: acting, value, optional: switches.has(name) };
  });
  const own = Object.entries(commandFlags).map(([name, { of, type, short, choices = [], describe }]) => {
    return { name, short, describe, of, value: type === 'boolean' ? 'none' : choices } as const;
  });
  const help = { name: 'help', short: 'h', describe: 'print the help', of: acting, value: 'none' } as const;
  const version = {
    name: 'version',
    describe: commandForms.version.describe,
    of: acting,
    value: 'none',
  } as const;
  return [...common, ...own, help, version];
}

const scripts: Readonly<Record<Shell, () => string>> = { bash, zsh, fish };

/** The script of this shell, with its end of line. */
export function completionScript(shell: Shell): string {
  return scripts[shell]();
}

function bash(): string {
  return `# bash: source <(${program} completion bash)\n${bashFunction()}`;
}

/** zsh reads completions that were written for bash. */
function zsh(): string {
  const load = 'autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n';
  return `# zsh: source <(${program} completion zsh)\n${load}${bashFunction()}`;
}

function bashFunction(): string {
  const flags = completedFlags();
  const reply = (words: string) => `COMPREPLY=($(compgen ${words} -- "$current"))`;
  const names = ({ name, short }: CompletedFlag) => [
    `--${name}`,
    ...(short === undefined ? [] : [`-${short}`]),
  ];
  const values = flags
    .filter(({ value }) => value !== 'none')
    .map((flag) => {
      const { value } = flag;
      const words = value === 'file' ? '-f' : `-W '${typeof value === 'string' ? '' : value.join(' ')}'`;
      const only = flag.optional === true ? '[[ "$joined" == yes ]] && ' : '';
      return `    ${names(flag).join('|')}) ${only}{ ${reply(words)}; return; } ;;`;
    });
  const ofCommands = acting.map((command) => {
    const own = flags.filter(({ of }) => of.includes(command)).flatMap(names);
    return `      ${command}) words='${own.join(' ')}' ;;`;
  });
  return [
    '_pan_tag_operator() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" command="" word words="" joined=""',
    '  # bash takes "--flag=value" for three words.',
    '  if [[ "$current" == "=" ]]; then current=""; joined=yes; elif [[ "$previous" == "=" ]]; then previous="${COMP_WORDS[COMP_CWORD-2]}"; joined=yes; fi',
    '  case "$previous" in',
    ...values,
    '  esac',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case "$word" in ${commands.join('|')}) command="$word"; break ;; esac`,
    '  done',
    '  if [[ "$current" == -* ]]; then',
    '    case "${command:-run}" in',
    ...ofCommands,
    '    esac',
    '  elif [[ "$command" == "" ]]; then',
    `    words='${commands.join(' ')}'`,
    '  elif [[ "$command" == completion ]]; then',
    `    words='${shells.join(' ')}'`,
    '  fi',
    `  ${reply('-W "$words"')}`,
    '}',
    `complete -F _pan_tag_operator ${program}`,
    '',
  ].join('\n');
}

function fish(): string {
  const line = (rest: string) => `complete -c ${program} ${rest}`;
  const seen = (names: readonly string[]) => `__fish_seen_subcommand_from ${names.join(' ')}`;
  const none = `not ${seen(commands)}`;
  const listed = Object.entries(commandForms).map(([name, { describe }]) =>
    line(`-f -n '${none}' -a ${name} -d ${fishQuoted(describe)}`),
  );
  const flags = completedFlags().map(({ name, short, describe, of, value, optional = false }) => {
    const when = of.includes('run') ? `${none}; or ${seen(of)}` : seen(of);
    const values =
      value === 'none' || optional ? '' : value === 'file' ? ' -r -F' : ` -x -a '${value.join(' ')}'`;
    const letter = short === undefined ? '' : ` -s ${short}`;
    return line(`-n '${when}' -l ${name}${letter}${values} -d ${fishQuoted(describe)}`);
  });
  const shell = line(`-f -n '${seen(['completion'])}' -a '${shells.join(' ')}'`);
  return [`# fish: ${program} completion fish | source`, ...listed, shell, ...flags, ''].join('\n');
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
