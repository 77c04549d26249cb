// Plans an image from a stage of the Dockerfile: the files of each layer, and the configuration in OCI's words.

import type { Instruction, Stage } from './dockerfile.ts';

/** Of the OCI image specification (config.md, "config"). */
export type ImageConfig = {
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Labels?: Readonly<Record<string, string>>;
};

export type Copy = {
  /** The stage whose files they are; '' for the build context. */
  readonly from: string;
  readonly sources: readonly string[];
  /** A file, or with a slash at its end a folder. */
  readonly target: string;
};

export type ImagePlan = {
  /** The image that the stage rests on at last. */
  readonly base: string;
  /** One of each stage that copies something, from the ground up. */
  readonly layers: readonly (readonly Copy[])[];
  readonly config: ImageConfig;
};

export type PlanOptions = {
  /** The name of a stage; '' for the last one. */
  readonly target: string;
  /** As by --build-arg. */
  readonly args: Readonly<Record<string, string>>;
  /** What the base image has. */
  readonly config: ImageConfig;
};

/** @throws Error with the line that cannot be done without a container engine, as RUN cannot */
export function planImage(stages: readonly Stage[], options: PlanOptions): ImagePlan {
  const stage = options.target === '' ? stages.at(-1) : stages.find(({ name }) => name === options.target);
  if (stage === undefined) throw new Error(`the Dockerfile has no stage "${options.target}"`);
  const below = stages.slice(0, stages.indexOf(stage)).find(({ name }) => name === stage.from);
  const ground: ImagePlan =
    below === undefined
      ? { base: stage.from, layers: [], config: options.config }
      : planImage(stages, { ...options, target: below.name });
  const copies: Copy[] = [];
  const variables = new Map<string, string>();
  let config = ground.config;
  for (const instruction of stage.instructions) {
    const { name, rest } = instruction;
    if (name === 'COPY') copies.push(copyOf(instruction));
    else if (name === 'ARG') {
      const [arg = '', preset] = rest.split('=');
      variables.set(arg, options.args[arg] ?? preset ?? '');
    } else config = { ...config, ...settingOf(instruction, config, variables) };
  }
  // An entry point makes an inherited command meaningless; engines drop it too.
  const has = (name: string) => stage.instructions.some((one) => one.name === name);
  if (has('ENTRYPOINT') && !has('CMD')) {
    const { Cmd: _, ...rest } = config;
    config = rest;
  }
  return { ...ground, layers: copies.length > 0 ? [...ground.layers, copies] : ground.layers, config };
}

function copyOf(instruction: Instruction): Copy {
  const words = instruction.rest.split(/\s+/);
  const from = /^--from=(\S+)$/.exec(words[0] ?? '')?.[1];
  const paths = from === undefined ? words : words.slice(1);
  const target = paths.at(-1) ?? '';
  const sources = paths.slice(0, -1);
  if (paths.some((path) => /^--|[*?[\]$"]/.test(path)))
    fail(instruction, 'flags but --from, patterns and variables are not read');
  if (sources.length === 0) fail(instruction, 'nothing is copied');
  if (!target.startsWith('/')) fail(instruction, 'the target is no path from the root');
  if (sources.length > 1 && !target.endsWith('/'))
    fail(instruction, 'many files need a folder: end it with a slash');
  return { from: from ?? '', sources, target };
}

function settingOf(
  instruction: Instruction,
  config: ImageConfig,
  variables: ReadonlyMap<string, string>,
): ImageConfig {
  const expand = (text: string): string =>
    text.replaceAll(
      /\$(?:\{(\w+)\}|(\w+))/g,
      (_, braced?: string, bare?: string) =>
        variables.get(braced ?? bare ?? '') ?? fail(instruction, `no ARG ${braced ?? bare} in this stage`),
    );
  const { name, rest } = instruction;
  if (name === 'USER') return { User: expand(rest) };
  if (name === 'WORKDIR') return { WorkingDir: absolute(instruction, expand(rest)) };
  if (name === 'ENTRYPOINT') return { Entrypoint: wordsOf(instruction) };
  if (name === 'CMD') return { Cmd: wordsOf(instruction) };
  if (name === 'LABEL')
    return { Labels: { ...config.Labels, ...Object.fromEntries(pairsOf(instruction, expand)) } };
  if (name === 'EXPOSE') {
    const ports = expand(rest)
      .split(/\s+/)
      .map((port) => [port.includes('/') ? port : `${port}/tcp`, {}]);
    return { ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(ports) } };
  }
  if (name === 'ENV') {
    const set = new Map((config.Env ?? []).map((pair) => [pair.slice(0, pair.indexOf('=')), pair]));
    for (const [key, value] of pairsOf(instruction, expand)) set.set(key, `${key}=${value}`);
    return { Env: [...set.values()] };
  }
  return fail(instruction, 'it needs a container engine');
}

function wordsOf(instruction: Instruction): readonly string[] {
  try {
    const words: unknown = JSON.parse(instruction.rest);
    if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  } catch {
    // Said below: there is no shell in the image that could read another form.
  }
  return fail(instruction, 'write it as a JSON list of words; the image has no shell');
}

/** 'a=1 b="two words"' -> [['a', '1'], ['b', 'two words']] */
function pairsOf(instruction: Instruction, expand: (text: string) => string): readonly [string, string][] {
  const pairs = [...instruction.rest.matchAll(/([\w.-]+)=(?:"([^"\\]*)"|([^\s"'\\]*))(?:\s+|$)/gy)];
  if (pairs.map(([pair]) => pair).join('') !== instruction.rest)
    fail(instruction, 'write it as NAME=VALUE or NAME="VALUE"');
  return pairs.map(([, key = '', quoted, bare = '']) => [key, expand(quoted ?? bare)]);
}

function absolute(instruction: Instruction, path: string): string {
  return path.startsWith('/') ? path : fail(instruction, 'the folder is no path from the root');
}

function fail({ line, name, rest }: Instruction, why: string): never {
  throw new Error(`Dockerfile line ${line}: ${name} ${rest}: ${why}`);
}
