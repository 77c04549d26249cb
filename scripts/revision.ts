// The revision and time of the sources: of the checkout, or as the environment tells where there is none.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export type SourceRevision = {
  /** 'unknown' outside a checkout, unless PANTAG_BUILD_REVISION tells. */
  readonly revision: string;
  /** SOURCE_DATE_EPOCH, or when the revision was committed; seconds since 1970. 0 outside a checkout. */
  readonly time: number;
};

export async function revisionOf(): Promise<SourceRevision> {
  const cwd = new URL('../', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)('git', ['show', '--no-patch', '--format=%H %ct'], {
    cwd,
  }).catch(() => ({ stdout: 'unknown 0' }));
  const [revision = '', time] = stdout.trim().split(' ');
  return {
    revision: process.env['PANTAG_BUILD_REVISION'] || revision,
    time: Number(process.env['SOURCE_DATE_EPOCH'] || time),
  };
}
