// The notes of an installation: every command in them can be pasted into a shell as it stands.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { panFirewallSpec } from '../../src/kubernetes/resources/pan-firewall.ts';
import { panTagPolicySpec } from '../../src/kubernetes/resources/tag-policy.ts';
import { chartDirectory, openHelm, type Values } from './helm.ts';
import { commandsIn } from './note-commands.ts';

const helm = await openHelm();
const directory = await mkdtemp(join(tmpdir(), 'pantag-notes-'));
after(async () => {
  await helm[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** What an installation with these values prints. */
async function notesOf(values: Values): Promise<string> {
  const place = ['pan-tag-operator', chartDirectory, '--namespace', 'tags', '--dry-run=client'];
  const output = await helm.run('install', ...place, '--values', await helm.valuesFile(values));
  return output.slice(output.indexOf('NOTES:') + 'NOTES:'.length);
}

/** Runs them with a kubectl that writes down what it is given: `<number>.args` and `<number>.in`. */
async function paste(
  commands: string,
): Promise<readonly { readonly args: string; readonly input: string }[]> {
  const bin = await mkdtemp(join(directory, 'bin-'));
  const record = `#!/bin/sh
number=$(ls ${bin}/*.args 2>/dev/null | wc -l)
echo "$*" > ${bin}/$number.args
case "$*" in *"-f -"*) cat > ${bin}/$number.in;; *) : > ${bin}/$number.in;; esac
case "$*" in port-forward*) exec /bin/sleep 20;; esac
`;
  for (const [name, text] of [
    ['kubectl', record],
    ['curl', '#!/bin/sh\n'],
    ['sleep', '#!/bin/sh\n'],
  ] as const) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o700);
  }
  const script = join(bin, 'pasted.sh');
  await writeFile(script, commands);
  const path = [bin, process.env['PATH']].join(delimiter);
  await promisify(execFile)('sh', ['-e', script], { env: { PATH: path }, timeout: 20_000 });
  const files = (await readdir(bin)).filter((file) => file.endsWith('.args')).toSorted();
  return Promise.all(
    files.map(async (file) => ({
      args: (await readFile(join(bin, file), 'utf8')).trim(),
      input: await readFile(join(bin, file.replace('.args', '.in')), 'utf8'),
    })),
  );
}

type Manifest = { readonly kind: string; readonly spec: unknown };

const specs = { PanFirewall: panFirewallSpec, PanTagPolicy: panTagPolicySpec } as const;

for (const [what, values, kinds] of [
  ['with the simulator', { simulator: { enabled: true } }, ['PanFirewall', 'PanTagPolicy']],
  ['with a firewall of your own', {}, ['PanFirewall', 'PanTagPolicy']],
] as const) {
  test(`${what}: the commands can be pasted, and what they apply is valid`, async () => {
    const calls = await paste(commandsIn(await notesOf(values)));
    const applied = calls.filter(({ args }) => args === 'apply -f -');
    const manifests = applied.map(({ input }) => parse(input) as Manifest);
    assert.deepEqual(
      manifests.map(({ kind }) => kind),
      kinds,
    );
    for (const { kind, spec } of manifests) specs[kind as keyof typeof specs].parse(spec);
    assert.ok(calls.some(({ args }) => args === 'get pantag -A'));
  });
}

test('no key is put on a command line, where a process list and a shell history show it', async () => {
  assert.doesNotMatch(await notesOf({}), /from-literal/);
});
