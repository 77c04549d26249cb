// apt of its own: Debian's packages of any architecture, whatever distribution and sources this machine has.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, run } from '../command.ts';

export type Apt = {
  /** Downloads packages, each as NAME or NAME=VERSION; returns the folder, which goes with this apt. */
  readonly download: (packages: readonly string[]) => Promise<string>;
} & AsyncDisposable;

export type AptOptions = {
  /** 'trixie' */
  readonly suite: string;
  readonly architecture: string;
  /** Default: today's mirror. */
  readonly archive?: Archive | undefined;
};

/** Where Debian's packages are. */
export type Archive = {
  readonly name: string;
  /** Of the archive `debian` or `debian-security`. */
  readonly urlOf: (archive: string) => string;
  /** Its lists may be older than they say they are good for. */
  readonly isPast: boolean;
};

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const mirror = process.env['PANTAG_DEBIAN_MIRROR'] || 'http://deb.debian.org';

const today: Archive = { name: mirror, urlOf: (archive) => `${mirror}/${archive}`, isPast: false };

/** Debian as it was then: mirrors keep what a release has now. @param time `20261129T000000Z` */
export function snapshotOf(time: string): Archive {
  const url = 'https://snapshot.debian.org/archive';
  return { name: `${url} of ${time}`, urlOf: (archive) => `${url}/${archive}/${time}`, isPast: true };
}

/** Fetches the lists of packages, about 10 MB. apt checks their signature, and the packages against them. */
export async function openApt(
  { suite, architecture, archive = today }: AptOptions,
  { report, signal }: Context,
): Promise<Apt> {
  report(`fetching Debian's list of packages for ${architecture} from ${archive.name}`);
  const directory = await mkdtemp(join(tmpdir(), 'pantag-apt-'));
  const close = () => rm(directory, { recursive: true, force: true });
  const options = {
    cwd: join(directory, 'packages'),
    env: { APT_CONFIG: join(directory, 'apt.conf'), LC_ALL: 'C' },
    signal,
  };
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial', 'sources', 'preferences', 'packages']) {
      await mkdir(join(directory, folder), { recursive: true });
    }
    await writeFile(join(directory, 'status'), '');
    await writeFile(join(directory, 'sources.list'), sources(suite, archive));
    await writeFile(options.env.APT_CONFIG, configuration(directory, architecture));
    await run('apt-get', ['--quiet', 'update'], {
      ...options,
      hint: `is ${archive.name} reached from here? PANTAG_DEBIAN_MIRROR names another one; needs apt and ${keyring} (Debian, Ubuntu)`,
    });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async download(packages) {
      const hint = 'see docs/images.md, "When a version is gone"';
      await run('apt-get', ['--quiet', 'download', ...packages], { ...options, hint });
      return options.cwd;
    },
    [Symbol.asyncDispose]: close,
  };
}

function sources(suite: string, { urlOf, isPast }: Archive): string {
  const options = `signed-by=${keyring}${isPast ? ' check-valid-until=no' : ''}`;
  const line = (archive: string, name: string) => `deb [${options}] ${urlOf(archive)} ${name} main\n`;
  return line('debian', suite) + line('debian-security', `${suite}-security`);
}

/** The machine's own settings, such as a proxy, stay in force but for these. */
function configuration(directory: string, architecture: string): string {
  const settings = {
    'Dir::State': directory,
    'Dir::State::status': join(directory, 'status'),
    'Dir::State::lists': join(directory, 'lists'),
    'Dir::Cache': join(directory, 'cache'),
    'Dir::Etc::sourcelist': join(directory, 'sources.list'),
    'Dir::Etc::sourceparts': join(directory, 'sources'),
    'Dir::Etc::preferences': join(directory, 'none'),
    'Dir::Etc::preferencesparts': join(directory, 'preferences'),
    'APT::Architecture': architecture,
    'APT::Update::Error-Mode': 'any',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled': 'false',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  return `${lines.join('')}APT::Architectures { "${architecture}"; };\n`;
}
