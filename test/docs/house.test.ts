// Checks what a forge reads of this repository: its workflow, issue forms and updates, and the place that it names.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const program = JSON.parse(read('package.json')) as Readonly<Record<string, unknown>> & {
  readonly homepage: string;
};

type Step = { readonly uses?: string; readonly run?: string };
type Workflow = {
  readonly permissions: object;
  readonly jobs: Readonly<
    Record<
      string,
      { readonly permissions: object; readonly steps: readonly Step[]; readonly 'timeout-minutes': number }
    >
  >;
};

test('the place of the repository is said once: all else that names it is generated, or tells how to change it', () => {
  const { homepage, repository, bugs } = program;
  assert.deepEqual(repository, { type: 'git', url: `git+${homepage}.git` });
  assert.equal(bugs, `${homepage}/issues`);
  const files = globSync(['*.md', '*.json', '{.github,demo,deploy,docs,helm,scripts,simulator,src}/**/*.*'], {
    cwd: root,
  });
  assert.deepEqual(files.filter((file) => read(file).includes(homepage)).toSorted(), [
    'deploy/components/monitoring/prometheus-rule.yaml',
    'docs/releasing.md',
    'helm/pan-tag-operator/Chart.yaml',
    'helm/pan-tag-operator/README.md',
    'package.json',
  ]);
});

test('a workflow may only read, pins what it uses by commit, and runs what is run here', () => {
  const files = globSync('.github/workflows/*.yml', { cwd: root });
  assert.deepEqual(files, ['.github/workflows/check.yml']);
  for (const file of files) {
    const { permissions, jobs } = parse(read(file)) as Workflow;
    assert.deepEqual(permissions, {}, file);
    for (const job of Object.values(jobs)) {
      assert.deepEqual(job.permissions, { contents: 'read' });
      assert.ok(job['timeout-minutes'] <= 180);
      assert.ok(job.steps.some(({ run }) => run === '.ci/run'));
      for (const { run = '' } of job.steps)
        assert.doesNotMatch(run, /\$\{\{/, 'text from outside in a shell');
    }
    for (const [line] of read(file).matchAll(/uses: .*/g))
      assert.match(line, /^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
});

test('updates are looked for wherever versions are pinned', () => {
  type Update = { readonly directory?: string; readonly directories?: readonly string[] } & {
    readonly 'package-ecosystem': string;
  };
  const { updates } = parse(read('.github/dependabot.yml')) as { readonly updates: readonly Update[] };
  const watched = updates.flatMap(({ directory, directories = [], 'package-ecosystem': kind }) =>
    [...directories, ...(directory === undefined ? [] : [directory])].map((place) => `${kind} ${place}`),
  );
  assert.deepEqual(watched.toSorted(), ['docker /', 'github-actions /', 'gomod /test/**/*', 'npm /']);
  const modules = globSync('**/go.mod', { cwd: root, exclude: ['node_modules', 'dist'] });
  assert.deepEqual(
    modules.filter((file) => !file.startsWith('test/')),
    [],
  );
});

test('issue forms ask for what can be answered, and name kinds that there are', () => {
  type Form = {
    readonly name: string;
    readonly description: string;
    readonly body: readonly { readonly type: string; readonly id?: string; readonly attributes: object }[];
  };
  const forms = globSync('.github/ISSUE_TEMPLATE/*.yml', { cwd: root }).filter(
    (file) => !file.endsWith('/config.yml'),
  );
  assert.equal(forms.length, 2);
  const short = globSync('crds/*.yaml', { cwd: root }).flatMap((file) => {
    const { spec } = parse(read(file)) as {
      spec: { names: { shortNames: readonly string[]; categories: readonly string[] } };
    };
    return [...spec.names.shortNames, ...spec.names.categories];
  });
  for (const file of forms) {
    const { name, description, body } = parse(read(file)) as Form;
    assert.ok(name !== '' && description !== '');
    const fields = body.filter(({ type }) => type !== 'markdown');
    assert.equal(new Set(fields.map(({ id }) => id)).size, fields.length);
    for (const { attributes } of fields) assert.ok('label' in attributes);
    for (const [, kind = ''] of read(file).matchAll(/kubectl get (\w+)/g))
      assert.ok([...short, 'lease'].includes(kind), kind);
  }
});

test('licence and notice name the same holder, and go into the images', () => {
  const holder = /^\s*Copyright \d{4} (.+)$/m;
  assert.equal(holder.exec(read('LICENSE'))?.[1], holder.exec(read('NOTICE'))?.[1]);
  assert.equal(program['author'], holder.exec(read('NOTICE'))?.[1]);
  const stages = read('Dockerfile')
    .split(/^FROM /m)
    .filter((stage) => stage.includes('ENTRYPOINT'));
  assert.equal(stages.length, 2);
  for (const stage of stages) assert.match(stage, /\/build\/LICENSE \/build\/NOTICE \/app\//);
});

test('there are notes for the version that is next', () => {
  const { version } = program as unknown as { readonly version: string };
  assert.ok(existsSync(join(root, `docs/releases/${version}.md`)));
  assert.match(read('docs/releasing.md'), new RegExp(`releases/${version.replaceAll('.', '\\.')}\\.md`));
});
