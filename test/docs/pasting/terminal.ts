// A shell in a copy of the checkout, as somebody has it who follows a page.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type LeashedProcess, startLeashed } from '../../harness/leashed-process.ts';
import { waitFor } from '../../harness/wait-for.ts';
import { ensureHelm, ensureKubectl } from '../../tools/tools.ts';
import { type Block, placeOf, root, shownIn } from './blocks.ts';
import { compare } from './comparison.ts';

export type TerminalOptions = {
  readonly kubeconfig: string;
  /** What a page says -> what it is here, one after the other: names, addresses and paths that no two tests may share. */
  readonly replace: Readonly<Record<string, string>>;
  /** File in the current directory -> content, such as those from which a Secret is made. */
  readonly files?: Readonly<Record<string, string>>;
};

export type Terminal = AsyncDisposable & {
  /** Runs a block, and compares what it prints with what the page shows. */
  readonly paste: (block: Block) => Promise<void>;
  /** What a command prints, in the words of the page. */
  readonly run: (command: string) => Promise<string>;
  /** Ctrl-C, to what keeps running, the last one first. */
  readonly interrupt: () => Promise<void>;
};

const limitMs = 300_000;
/** How long a command that only looks is repeated until it shows what the page shows. */
const lookMs = 60_000;
const looksOnly = /^(?:kubectl (?:get|wait)|curl |npm start -- (?:diff|check))/;

/** The checkout is a directory of links, so that files which a page makes come into no repository. */
export async function openTerminal({
  kubeconfig,
  files = {},
  ...options
}: TerminalOptions): Promise<Terminal> {
  const home = await mkdtemp(join(tmpdir(), 'pantag-pasted-'));
  const replace = { '/tmp/': `${home}/`, ...options.replace };
  const checkout = join(home, 'checkout');
  const bin = join(home, 'bin');
  await Promise.all([checkout, bin].map((directory) => mkdir(directory)));
  const entries = (await readdir(root)).filter((name) => !name.startsWith('.git'));
  await Promise.all(entries.map((name) => symlink(join(root, name), join(checkout, name))));
  await symlink(await ensureKubectl(), join(bin, 'kubectl'));
  await symlink(await ensureHelm(), join(bin, 'helm'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(checkout, name), content);
  // Nothing of the developer's own settings reaches what is run.
  const outer = Object.entries(process.env).filter(
    ([name]) => !/^(PANTAG_.*|NODE_TEST_CONTEXT|HTTPS?_PROXY|NO_PROXY)$/i.test(name),
  );
  const path = `${bin}:${process.env['PATH'] ?? ''}`;
  const env = { ...Object.fromEntries(outer), HOME: home, KUBECONFIG: kubeconfig, PATH: path };
  const place = { cwd: checkout, env };
  const running: { readonly process: LeashedProcess; readonly name: string }[] = [];

  const run = async (command: string): Promise<string> => {
    const script = exchange(command, replace);
    const args = ['-euo', 'pipefail', '-c', script];
    const { stdout } = await promisify(execFile)('bash', args, { ...place, timeout: limitMs }).catch(
      (error: Error & { readonly stdout?: string; readonly stderr?: string; readonly code?: number }) => {
        // diff tells by its exit code that something differs.
        if (command.startsWith('npm start -- diff') && error.code === 1)
          return { stdout: error.stdout ?? '' };
        throw new Error(`${command}\n${error.stdout}${error.stderr}`, { cause: error });
      },
    );
    return exchangeBack(withoutPreamble(stdout), replace);
  };

  const start = async (command: string, output: readonly string[]): Promise<void> => {
    const process = await startLeashed({
      command: 'bash',
      args: ['-c', `exec ${exchange(command, replace)}`],
      ...place,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.push({ process, name: command });
    let said = '';
    for (const stream of [process.child.stdout, process.child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
      });
    const seen = () => exchangeBack(withoutPreamble(said), replace);
    await waitFor(() => compare([...output, '...'], seen()), { what: command, timeoutMs: lookMs });
  };

  const paste = async (block: Block): Promise<void> => {
    if (block.language === 'yaml') {
      await run(`kubectl apply -f - <<'END'\n${block.text}END`);
      return;
    }
    if (block.language === 'sh') {
      await run(block.text);
      return;
    }
    assert.equal(block.language, 'console', placeOf(block));
    for (const { command, output } of shownIn(block)) {
      if (block.keepsRunning) await start(command, output);
      else if (!looksOnly.test(command)) compare(output, await run(command));
      else {
        const look = async () => compare(output, await run(command));
        await waitFor(look, { what: `${placeOf(block)}: ${command}`, timeoutMs: lookMs, intervalMs: 300 });
      }
    }
  };

  const interrupt = async (): Promise<void> => {
    for (const { process, name } of running.splice(0).toReversed()) {
      process.signal('SIGINT');
      const exit = await process.waitForExit(limitMs);
      await process.stop(1_000);
      assert.notEqual(exit, undefined, `${name} does not end by Ctrl-C`);
    }
  };

  return {
    paste,
    run,
    interrupt,
    async [Symbol.asyncDispose]() {
      for (const { process } of running.splice(0)) await process.stop(5_000);
      await rm(home, { recursive: true, force: true });
    },
  };
}

function exchange(text: string, replace: Readonly<Record<string, string>>): string {
  return Object.entries(replace).reduce((all, [told, here]) => all.replaceAll(told, here), text);
}

function exchangeBack(text: string, replace: Readonly<Record<string, string>>): string {
  return Object.entries(replace).reduceRight((all, [told, here]) => all.replaceAll(here, told), text);
}

/** What npm says before a script. */
function withoutPreamble(text: string): string {
  return text.replace(/^\n> \S+@\S+ \S+\n> .*\n\n/gm, '');
}
