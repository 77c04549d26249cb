// Architecture: who may import whom, and what no room may do. The order of the rooms is explained in docs/tour.md.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

/** Side -> what its files may import from within the repository, besides their own side. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/signals': [],
  'src/runtime': [],
  'src/net': ['src/signals'],
  'src/kubernetes': ['src/core', 'src/net', 'src/signals'],
  'src/panos': ['src/core', 'src/net', 'src/signals'],
  'src/operator': ['src/core', 'src/kubernetes', 'src/net', 'src/panos', 'src/runtime', 'src/signals'],
  'src/config': ['src/core', 'src/runtime'],
  'src/version.ts': ['package.json'],
  'src/commands': [
    'src/config',
    'src/core',
    'src/kubernetes',
    'src/net',
    'src/operator',
    'src/runtime',
    'src/version.ts',
  ],
  'src/main.ts': ['src/commands', 'src/config', 'src/kubernetes', 'src/runtime', 'src/version.ts'],
  simulator: [],
};

/** The rooms of each side from the ground up: a room imports itself and those above it in this list. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  'src/core': [
    'model',
    'syntax',
    'rights',
    'device',
    'lifecycle',
    'policies',
    'desired',
    'removals',
    'message',
    'mirror',
    'timeouts',
    'limits',
    'table',
    'status',
  ],
  'src/operator': [
    'leadership',
    'device',
    'audit',
    'limits',
    'table',
    'firewall',
    'sources',
    'cluster',
    'lifecycle',
    'status',
    'check',
  ],
  'src/kubernetes': ['errors', 'codec', 'client', 'reflector', 'resources', 'leases', 'events'],
  'src/panos': ['errors', 'http', 'xml', 'messages', 'session', 'client'],
};

/** A folder with more files than this has grown a second concept. */
const mostFiles = 15;

type Import = { readonly file: string; readonly target: string };

function filesOf(room: string): string[] {
  return room.endsWith('.ts') ? [room] : globSync(`${room}/**/*.ts`, { cwd: root });
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target = '']) => ({
    file,
    target,
  }));
}

/** Of these files from each other and from others of the repository. */
function innerImports(files: readonly string[]): Import[] {
  return files
    .flatMap(importsOf)
    .filter(({ target }) => target.startsWith('.'))
    .map(({ file, target }) => ({ file, target: relative(root, join(root, dirname(file), target)) }));
}

function isWithin(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

for (const [side, allowed] of Object.entries(arrows)) {
  test(`${side} imports only ${['itself', ...allowed].join(', ')}`, () => {
    const files = filesOf(side);
    assert.ok(files.length > 0, `${side} has no files`);
    const strays = innerImports(files).filter(({ target }) => !isWithin(target, [side, ...allowed]));
    assert.deepEqual(strays, []);
  });
}

test('every file of src is under one of these rules', () => {
  assert.deepEqual(
    filesOf('src').filter((file) => !isWithin(file, Object.keys(arrows))),
    [],
  );
});

for (const [side, order] of Object.entries(rooms)) {
  test(`the rooms of ${side} import one way: ${order.join(' < ')}`, () => {
    const roomOf = (path: string) => order.indexOf(path.slice(side.length + 1).split('/')[0] ?? '');
    assert.deepEqual(
      filesOf(side).filter((file) => roomOf(file) === -1),
      [],
      'files in no room',
    );
    const upwards = innerImports(filesOf(side)).filter(
      ({ file, target }) => isWithin(target, [side]) && roomOf(target) > roomOf(file),
    );
    assert.deepEqual(upwards, []);
  });
}

test('only operator/device imports panos', () => {
  const others = filesOf('src').filter((file) => !isWithin(file, ['src/panos', 'src/operator/device']));
  assert.deepEqual(
    innerImports(others).filter(({ target }) => isWithin(target, ['src/panos'])),
    [],
  );
});

for (const side of ['src', 'simulator']) {
  test(`no import circle in ${side}`, () => {
    const edges = Map.groupBy(innerImports(filesOf(side)), ({ file }) => file);
    const done = new Set<string>();
    const path: string[] = [];
    const circles: string[] = [];
    const walk = (file: string): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (done.has(file)) return;
      done.add(file);
      path.push(file);
      for (const { target } of edges.get(file) ?? []) walk(target);
      path.pop();
    };
    for (const file of edges.keys()) walk(file);
    assert.deepEqual(circles, []);
  });
}

test(`no folder of src holds more than ${mostFiles} files, and no two files of src have one name`, () => {
  const files = filesOf('src');
  const folders = Map.groupBy(files, (file) => dirname(file));
  assert.deepEqual(
    [...folders].filter(([, inside]) => inside.length > mostFiles).map(([folder]) => folder),
    [],
  );
  const names = Map.groupBy(files, (file) => file.split('/').at(-1));
  assert.deepEqual(
    [...names.values()].filter((same) => same.length > 1),
    [],
  );
});

/** A question, or a word that leaves the subject to the reader. */
const riddle =
  /\?|^\/\/ (?:What|Which|Who|Whose|Whether|How|When|Where|Why|May|Is|Are|Was|Does|Has|Can|From|With|Through)\b/;

test('the first line of each file says what it does, and asks nothing', () => {
  for (const file of globSync('{src,simulator,test,demo,scripts}/**/*.ts', { cwd: root })) {
    const [line = ''] = readFileSync(join(root, file), 'utf8').split('\n', 1);
    assert.match(line, /^\/\/ \S/, `${file}: a first line that says what the file does`);
    assert.doesNotMatch(line, riddle, `${file}: a declarative sentence that begins with a verb or a noun`);
    assert.ok(line.length <= 160, `${file}: a first line of at most 160 characters`);
  }
});

test('every export of src and simulator is imported by another file; by tests alone only if its own file uses it', () => {
  const importedBy = (...folders: string[]) => new Set(folders.flatMap(filesOf).flatMap(namesImportedBy));
  const byProgram = importedBy('src', 'simulator', 'demo', 'scripts');
  const byTests = importedBy('test');
  const unused = ['src', 'simulator'].flatMap(filesOf).flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const code = text.replaceAll(/\/\/.*$|\/\*[^]*?\*\//gm, '');
    const isUsedHere = (name: string) => (code.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0) > 1;
    return [...text.matchAll(exported)]
      .map(([, name = '']) => ({ name, one: `${file} ${name}` }))
      .filter(({ name, one }) => !byProgram.has(one) && !(byTests.has(one) && isUsedHere(name)))
      .map(({ one }) => one);
  });
  assert.deepEqual(unused, []);
});

test('every method and getter of src is named a second time in src: none is there for tests alone', () => {
  const code = filesOf('src').map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return { file, text: text.replaceAll(/\/\/.*$|\/\*[^]*?\*\//gm, '') };
  });
  const names = code.flatMap(({ text }) => text.match(/\w+/g) ?? []);
  const times = Map.groupBy(names, (name) => name);
  const unused = code.flatMap(({ file, text }) =>
    [...text.matchAll(/^ {2}(?:(?:async|get|static) )*\*?([a-z]\w*)(?:<[^>]*>)?\(/gm)]
      .filter(([, name = '']) => times.get(name)?.length === 1)
      .map(([, name]) => `${file} ${name}`),
  );
  assert.deepEqual(unused, []);
});

const exported = /^export (?:async |abstract )?(?:class|function\*?|const|let|type) (\w+)/gm;

/** 'file name' of each. */
function namesImportedBy(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const whole = [...text.matchAll(/import (?:type )?\* as \w+ from '(\.[^']+)'/g)];
  assert.deepEqual(whole, [], `${file} imports a whole file: name what it uses`);
  const lists = text.matchAll(/(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']+)'/g);
  return [...lists].flatMap(([, names = '', target = '']) => {
    const path = relative(root, join(root, dirname(file), target));
    return names.split(',').map((name) => {
      const [first = ''] = name
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      return `${path} ${first}`;
    });
  });
}

test('core reads no clock, no environment, no randomness, and of Node only net, crypto and util', () => {
  const allowed = new Set(['node:net', 'node:crypto', 'node:util']);
  const foreign = filesOf('src/core')
    .flatMap(importsOf)
    .filter(({ target }) => !target.startsWith('.') && !allowed.has(target));
  assert.deepEqual(foreign, []);
  assert.deepEqual(
    filesThat(filesOf('src/core'), /Date\.now|new Date\(\)|Math\.random|performance\.|process\.|console\./),
    [],
  );
});

test('no constructor of operator and commands is given a bag that is spread: each part names what it gets', () => {
  const files = ['src/operator', 'src/commands'].flatMap(filesOf);
  assert.deepEqual(filesThat(files, /\.\.\.(this\.#)?(options|parts|context|environment)\b(?!\.)/), []);
});

/** Where the schema and the user of a field are all that knows its name, another one costs as little. */
const fieldsOfASpec = { fullIntervalSeconds: 2, markerIntervalSeconds: 2, maxTagsPerAddress: 2 };

test('a field of a spec stands in its schema and where it is used', () => {
  for (const [field, most] of Object.entries(fieldsOfASpec)) {
    const files = filesThat(filesOf('src'), new RegExp(`\\b${field}\\b`));
    assert.ok(files.length > 0 && files.length <= most, `${field} stands in ${files.join(', ')}`);
  }
});

test('one file is the composition root', () => {
  assert.deepEqual(filesThat(filesOf('src'), /^\/\/.*composition root/im), ['src/commands/run.ts']);
});

test('only config.ts reads the environment', () => {
  const files = filesOf('src').filter((file) => file !== 'src/config/config.ts');
  assert.deepEqual(filesThat(files, /process\.env/), []);
});

test('nothing in src prints, exits, or evaluates text; only a stop that hangs is ended by exit', () => {
  assert.deepEqual(filesThat(filesOf('src'), /console\.|child_process|\beval\(|new Function\(/), []);
  assert.deepEqual(filesThat(filesOf('src'), /process\.exit\(/), ['src/runtime/stop-signals.ts']);
});

function filesThat(files: readonly string[], pattern: RegExp): string[] {
  return files.filter((file) => pattern.test(readFileSync(join(root, file), 'utf8')));
}
