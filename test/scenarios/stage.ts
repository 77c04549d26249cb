// A cluster with the operator in it, for the scenarios of one file; at its end it checks what must hold in all of them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import {
  borrowControlPlane,
  startControlPlane,
  type ControlPlane,
  type ControlPlaneOptions,
} from '../control-plane/control-plane.ts';
import { ApiFailure } from '../harness/api-client.ts';
import { connect, type Cluster } from '../harness/cluster.ts';
import type { Kind, Manifest, Ref } from '../harness/objects.ts';
import { startOperator, type OperatorOptions, type OperatorProcess } from '../harness/operator-process.ts';
import { startDevice, type Device, type DeviceOptions } from './device.ts';
import { checkConventions, checkRequests, checkSilence, readPages } from './final-checks.ts';
import { emptyCluster } from './empty-cluster.ts';
import { explained } from './explained.ts';
import { differentAddresses, type HeldTables } from './held-tables.ts';
import { makeStatuses, type Statuses } from './statuses.ts';

export const operatorNamespace = 'pan-tag-operator';

/** The id in the marks of an operator in this namespace. */
export async function ownerIdOf(cluster: Cluster, namespace = operatorNamespace): Promise<string> {
  const { metadata } = await cluster.get('Namespace', { name: 'kube-system' });
  return createHash('sha256').update(`${metadata.uid}/${namespace}`).digest('hex').slice(0, 12);
}

export type FirewallOptions = DeviceOptions & {
  /** Of the PanFirewall and of its Secret. */
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default {}. */
  readonly namespaceSelector?: object;
  /** Further fields of spec; they win. */
  readonly spec?: object;
  /** Called before the operator can know of the device. */
  readonly prepare?: (device: Device) => void;
};

export type ReachOptions = Pick<FirewallOptions, 'name' | 'labels' | 'namespaceSelector' | 'spec'> & {
  readonly tagPrefix: string;
};

/** What a PanFirewall and its Secret are made of. */
export type Reached = {
  readonly simulator: Pick<Device['simulator'], 'endpoint' | 'caPem' | 'apiKey' | 'username' | 'password'>;
  readonly secret: Readonly<Record<string, string>>;
};

export type PolicySpec = {
  readonly firewallNames?: readonly string[];
  readonly firewallSelector?: object;
  readonly namespaceSelector?: object;
  readonly priority?: number;
  /** Default {}. */
  readonly podSelector?: object;
  readonly tags: readonly object[];
};

export type StagedDevice = Device & AsyncDisposable;

/** What HTTP Basic carries. */
export function basicToken(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}

export type StageOptions = ControlPlaneOptions & {
  /** Of its operators, unless one is started with other times. Default: the product's. */
  readonly timing?: OperatorOptions['timing'];
  /** Its control plane is restarted or paused, or its definitions are removed. Default: an empty one of others before. */
  readonly ownCluster?: boolean;
};

const repository = join(import.meta.dirname, '../..');

/** Starts a control plane and applies crds/ and deploy/; no operator runs yet. */
export async function openStage({
  timing,
  ownCluster = false,
  ...options
}: StageOptions = {}): Promise<Stage> {
  const isOwn = ownCluster || Object.keys(options).length > 0;
  const plane = await (isOwn ? startControlPlane(options) : borrowControlPlane());
  const stage = new Stage(plane, await mkdtemp(join(tmpdir(), 'pantag-scenarios-')), timing);
  try {
    await stage.cluster.applyCrds();
    if (plane.isUsed) await emptyCluster(stage.cluster);
    await stage.applyFile('deploy/namespace.yaml');
    await stage.applyFile('deploy/rbac.yaml');
    return stage;
  } catch (error) {
    await stage.close();
    throw error;
  }
}

export class Stage implements AsyncDisposable {
  readonly plane: ControlPlane;
  /** As the administrator. */
  readonly cluster: Cluster;
  readonly says: Statuses['says'];
  readonly counts: Statuses['counts'];
  readonly #directory: string;
  readonly #timing: OperatorOptions['timing'];
  readonly #operators: { readonly process: OperatorProcess; readonly logFile: string }[] = [];
  readonly #secrets = new Set<string>();
  readonly #devices = new Set<AsyncDisposable>();

  constructor(plane: ControlPlane, directory: string, timing?: OperatorOptions['timing']) {
    this.plane = plane;
    this.cluster = connect(plane);
    const { says, counts } = makeStatuses(this.cluster);
    this.says = says;
    this.counts = counts;
    this.#directory = directory;
    this.#timing = timing;
    this.#secrets.add(plane.adminToken);
  }

  /** A process of its own, under the rights of deploy/rbac.yaml. url defaults to the API server's. */
  async startOperator({
    url,
    ...options
  }: Partial<OperatorOptions> & { readonly url?: string } = {}): Promise<OperatorProcess> {
    const token = await this.cluster.serviceAccountToken(operatorNamespace, 'pan-tag-operator');
    const kubeconfig = await this.plane.kubeconfigFor({ token, ...(url === undefined ? {} : { url }) });
    return this.enlist(token, (logFile) =>
      startOperator({
        kubeconfig,
        namespace: operatorNamespace,
        args: ['--log-level', 'debug'],
        logFile,
        timing: this.#timing,
        ...options,
      }),
    );
  }

  /** An operator that is started in another way: its end and its log are checked all the same, for its token too. */
  async enlist(
    token: string,
    start: (logFile: string) => Promise<OperatorProcess>,
  ): Promise<OperatorProcess> {
    this.#secrets.add(token);
    const logFile = join(this.#directory, `operator-${this.#operators.length}.log`);
    const process = await start(logFile);
    this.#operators.push({ process, logFile });
    return process;
  }

  /** Texts that the operator knows and may tell nowhere: looked for at the end. */
  hide(...secrets: readonly string[]): void {
    for (const secret of secrets) this.#secrets.add(secret);
  }

  /** A device alone. Its end checks that strangers' entries are as they were. */
  async device(options: DeviceOptions): Promise<StagedDevice> {
    return this.#stageDevice(options, async () => {});
  }

  /** A device with its PanFirewall, which trusts the device's CA and has its API key. */
  async firewall({ prepare, ...options }: FirewallOptions): Promise<StagedDevice> {
    const { name, spec, vsys = [] } = options;
    // What an earlier operator left is marked as ours, unless a scenario wants it otherwise.
    const markedBy = options.leftOver === undefined ? [] : [await ownerIdOf(this.cluster)];
    const device = await this.#stageDevice({ markedBy, ...options }, () => this.removeFirewall(name));
    prepare?.(device);
    const tables = vsys.length > 1 ? { tables: vsys.map((one) => ({ vsys: one })) } : {};
    await this.reach(device, { ...options, tagPrefix: device.tagPrefix, spec: { ...tables, ...spec } });
    return device;
  }

  /** A PanFirewall, with its Secret, for a device that may be another stage's. */
  async reach(
    { simulator, secret }: Reached,
    { name, labels = {}, namespaceSelector = {}, tagPrefix, spec }: ReachOptions,
  ): Promise<void> {
    this.#hideLogin(simulator);
    await this.cluster.createSecret(
      { namespace: operatorNamespace, name },
      { ...secret, 'ca.crt': simulator.caPem },
    );
    await this.cluster.create('PanFirewall', {
      metadata: { name, labels },
      spec: {
        endpoint: simulator.endpoint,
        tagPrefix,
        credentials: { secretRef: { name } },
        tls: { caSecretRef: { name } },
        namespaceSelector,
        deletionPolicy: 'Retain',
        ...spec,
      },
    });
  }

  /** Creates a PanTagPolicy (with a namespace) or a ClusterPanTagPolicy. */
  async policy(ref: Ref, spec: PolicySpec): Promise<void> {
    const kind = ref.namespace === undefined ? 'ClusterPanTagPolicy' : 'PanTagPolicy';
    await this.cluster.create(kind, { metadata: { ...ref }, spec: { podSelector: {}, ...spec } });
  }

  /** Applies a file of manifests from the repository's root: 'deploy/rbac.yaml'. */
  async applyFile(file: string): Promise<void> {
    for (const document of parseAllDocuments(await readFile(join(repository, file), 'utf8'))) {
      const manifest = document.toJS() as Manifest & { readonly kind: Kind };
      await this.cluster.apply(manifest.kind, manifest);
    }
  }

  /** Ends everything; rejects when a final check fails. */
  async close(): Promise<void> {
    try {
      const pages = await Promise.all(this.#operators.map(({ process }) => readPages(process)));
      const logFiles = this.#operators.map(({ logFile }) => logFile);
      const exits = await Promise.all(this.#operators.map(({ process }) => process.stop()));
      for (const device of this.#devices) await device[Symbol.asyncDispose]();
      await checkConventions(this.cluster);
      await checkSilence({ cluster: this.cluster, pages, logFiles, secrets: this.#secrets });
      const failed = exits.filter(({ code, signal }) => code !== 0 && signal !== 'SIGKILL');
      assert.deepEqual(failed, [], 'operators that did not end well');
    } finally {
      await this.cluster.close();
      await this.plane.stop();
      await rm(this.#directory, { recursive: true, force: true });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #hideLogin({ apiKey, username, password }: Reached['simulator']): void {
    this.hide(apiKey, password, basicToken(username, password));
  }

  async #stageDevice(options: DeviceOptions, leave: () => Promise<void>): Promise<StagedDevice> {
    const device = await startDevice(options);
    this.#hideLogin(device.simulator);
    const staged = {
      ...device,
      ...this.#explaining(device),
      [Symbol.asyncDispose]: async (): Promise<void> => {
        if (!this.#devices.delete(staged)) return;
        await leave();
        await device.simulator.close();
        device.checkForeign();
        checkRequests(device.simulator.log());
      },
    };
    this.#devices.add(staged);
    return staged;
  }

  /** A device that does not come to hold what it shall: the error says what the operator says of it. */
  #explaining({ holds, owned }: HeldTables): Pick<HeldTables, 'holds'> {
    return {
      holds: (expected, options) =>
        holds(expected, options).catch(async (error: unknown) => {
          throw await explained(error, {
            addresses: () => differentAddresses(owned(options?.vsys), expected),
            firewalls: () => this.cluster.list('PanFirewall'),
            logs: () => this.#operators.flatMap(({ process }) => process.logs()),
          });
        }),
    };
  }

  /** Does nothing where there is none. */
  async removeFirewall(name: string): Promise<void> {
    try {
      await this.cluster.remove('PanFirewall', { name });
    } catch (error) {
      if (!(error instanceof ApiFailure && error.code === 404)) throw error;
    }
  }
}
