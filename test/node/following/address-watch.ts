// Hears when the network plugin gives an address to a sandbox: before the kubelet, and long before the API server, names it.
import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeLayout } from '../layout.ts';

export type Grant = {
  /** Ms since the epoch. */
  readonly at: number;
  readonly ip: string;
};

export type AddressWatch = {
  /** Since the last call, oldest first. */
  readonly take: () => readonly Grant[];
} & Disposable;

/** host-local keeps a file for each address that is in use. */
export function watchAddresses({ state }: NodeLayout): AddressWatch {
  const directory = join(state, 'var-lib/cni/networks/pods');
  let heard: Grant[] = [];
  const watcher = watch(directory, (event, ip) => {
    if (event !== 'rename' || ip === null || !/^[\d.]+$/.test(ip)) return;
    stat(join(directory, ip)).then(
      ({ birthtimeMs }) => heard.push({ at: birthtimeMs, ip }),
      // It was taken back.
      () => undefined,
    );
  });
  return {
    take() {
      const taken = heard;
      heard = [];
      return taken;
    },
    [Symbol.dispose]: () => watcher.close(),
  };
}
