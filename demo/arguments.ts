// The demo's flags, and its help.

import { parseArgs } from 'node:util';

export const usage = `Starts a throw-away API server, a simulated firewall and the operator, and shows how Pods become entries of the
firewall's registered-ip table. Nothing outside this machine is touched, and nothing is left behind.

  npm run demo             on a terminal: Pods come and go until Ctrl-C; otherwise as with --once
  npm run demo -- --once   one scripted round with a verdict
  npm run demo -- --help   this text

The first run builds the API server, which needs Go 1.26, about 4 minutes and 3 GB for Go's caches. Without Go, by the
environment:

  KUBEBUILDER_ASSETS       a directory with etcd and kube-apiserver, such as: setup-envtest use 1.36 -p path
  PANTAG_TEST_KUBECONFIG   the kubeconfig of a cluster to try in, which should be a throw-away one: the demo's CRDs,
                           namespaces, Pods and policies stay in it
  NO_COLOR                 set: no colours

Exit codes: 0 all went well, 1 a step did not end as it should, or the demo cannot start, 2 usage error,
130 --once was interrupted.`;

/** What was typed is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Flags = { readonly once: boolean; readonly help: boolean };

/** @throws UsageError */
export function readFlags(args: readonly string[], isTerminal: boolean): Flags {
  try {
    const flag = { type: 'boolean' } as const;
    const options = { once: flag, help: { ...flag, short: 'h' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    return { once: values.once ?? !isTerminal, help: values.help ?? false };
  } catch (error) {
    const [, given = 'argument'] = /'([^']*)'/.exec(error instanceof Error ? error.message : '') ?? [];
    throw new UsageError(`unknown ${given}: the demo takes --once and --help, as in: npm run demo -- --once`);
  }
}
