// npm run image: the command line of build-images.ts.

import { parseArgs } from 'node:util';
import { buildImages } from './build-images.ts';
import { describeImages } from './image-sizes.ts';
import { platforms } from './platforms.ts';
import { renewLock } from './packages/renew-lock.ts';

const help = `Builds the operator's and the simulator's container images from the Dockerfile, without a container engine.

  npm run image -- [--platform linux/amd64] [--output dist/images]

  --platform NAME  ${platforms.map(({ name }) => name).join(' or ')}; may be given again. Default: all
  --output DIR     where the images go. Default: dist/images
  --renew          pin Debian's newest packages in scripts/image/debian-lock.json, and build nothing
  --help           this text

Needs apt-get and dpkg-deb (Debian, Ubuntu) and npm, and once the network. docs/images.md says what is in the images.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      platform: { type: 'string', multiple: true },
      output: { type: 'string', default: 'dist/images' },
      renew: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(help);
  const chosen = values.platform?.map(
    (name) => platforms.find((one) => one.name === name) ?? reject(`no such platform: ${name}`),
  );
  const context = { report: (line: string) => console.log(`image: ${line}`), signal: stop.signal };
  if (values.renew) {
    const changes = await renewLock(context);
    return console.log(changes.join('\n') || 'nothing is newer than what is pinned');
  }
  const built = await buildImages({ ...context, platforms: chosen ?? platforms, output: values.output });
  console.log((await describeImages(built, stop.signal)).join('\n'));
}

function reject(message: string): never {
  throw new Error(`${message}; npm run image -- --help`);
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)));
try {
  await main();
} catch (error) {
  console.error(`image: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
