// Measures the operator's own reflector learning all Pods: protobuf, selective decoder, store; a sink that counts.
// Its one argument is a kubeconfig.
import { connectToCluster } from '../../src/kubernetes/client/kube-connection.ts';
import { createPodDecoder } from '../../src/kubernetes/codec/decoders.ts';
import { createKubeHttp } from '../../src/kubernetes/client/http.ts';
import { createReflector } from '../../src/kubernetes/reflector/reflector.ts';
import { startCost } from './cost.ts';

const silent = {
  debug: () => {},
  info: () => {},
  warn: (fields: object, message: string) => console.error(message, fields),
};
const unobserved = { watchRestart: () => {}, missedChange: () => {}, activity: () => {} };

async function learn(kubeconfig: string | undefined): Promise<void> {
  const connection = connectToCluster(kubeconfig);
  const stop = new AbortController();
  let pods = 0;
  const end = startCost();
  const reflector = createReflector({
    http: createKubeHttp({ connection, userAgent: 'pantag-bench' }),
    resource: {
      name: 'pods',
      path: '/api/v1/pods',
      query: { fieldSelector: 'status.phase!=Failed,status.phase!=Succeeded' },
    },
    decoder: createPodDecoder(),
    sink: {
      apply: (changes) => {
        pods += changes.length;
      },
      synced: () => {
        console.log(JSON.stringify({ cost: end(pods) }));
        stop.abort();
      },
    },
    log: silent,
    observer: unobserved,
  });
  await reflector.run(stop.signal);
  await connection.close();
}

await learn(process.argv[2]);
