// The client-go program to compare with (client-go/main.go): how it is built, and where its binary is.
import { join } from 'node:path';
import { type BuildOptions, ensureGoBinary } from '../control-plane/go-binary.ts';

/** Its one argument is a kubeconfig; it prints { cost: Cost } as JSON. */
export function ensureClientGo(options: BuildOptions): Promise<string> {
  return ensureGoBinary(
    {
      name: 'client-go',
      source: join(import.meta.dirname, 'client-go'),
      purpose: 'the bench builds a client-go informer to compare with',
      content: (versionOf) => `an informer of client-go ${versionOf('k8s.io/client-go')} to compare with`,
      cost: 'about 1 minute from nothing on 2 cores, seconds where the control plane was built; 28 MB kept',
      coldPackages: 600,
    },
    options,
  );
}
