// The containers of a bulky Pod: what is asked for, and what a kubelet reports.

export function container(name: string, workload: string, variables: number): object {
  const readinessProbe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10 };
  return {
    name,
    image: `registry.example.com/platform/${workload}/${name}:1.42.0`,
    args: ['--listen=0.0.0.0:8080', '--log-format=json', `--service=${workload}`],
    ports: [{ name: 'http', containerPort: 8080 }],
    env: [
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      ...Array.from({ length: variables }, (_, at) => ({
        name: `SETTING_NUMBER_${at}`,
        value: `https://upstream-${at}.internal.example.com/v1/path`,
      })),
    ],
    resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { cpu: '1', memory: '512Mi' } },
    ...(name === 'migrate' ? {} : { readinessProbe }),
    securityContext: { allowPrivilegeEscalation: false },
    volumeMounts: [
      { name: 'config', mountPath: '/etc/service', readOnly: true },
      { name: 'secrets', mountPath: '/etc/secrets', readOnly: true },
      { name: 'token', mountPath: '/var/run/secrets/tokens', readOnly: true },
    ],
  };
}

/** The states of a container, since at (RFC 3339). */
export const running = (at: string): object => ({ running: { startedAt: at } });
export const completed = (at: string): object => ({
  terminated: { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at },
});

export type ContainerState = { readonly workload: string; readonly mark: string; readonly state: object };

export function containerStatus(name: string, { workload, mark, state }: ContainerState): object {
  const image = `registry.example.com/platform/${workload}/${name}`;
  return {
    name,
    ready: true,
    started: name !== 'migrate',
    restartCount: 0,
    image: `${image}:1.42.0`,
    imageID: `${image}@sha256:${digest(`${workload}${name}`)}`,
    containerID: `containerd://${digest(`${mark}${name}`)}`,
    state,
  };
}

/** As long as a SHA-256 in hex. */
function digest(text: string): string {
  return Buffer.from(text).toString('hex').repeat(8).slice(0, 64);
}
