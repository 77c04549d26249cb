// A control plane and an operator, both behind taps, in which scenarios are disturbed.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { renderKubeconfig } from '../../control-plane/access.ts';
import type { OperatorOptions, OperatorProcess } from '../../harness/operator-process.ts';
import type { Timing } from '../../../src/core/model/timing.ts';
import { openStage, operatorNamespace, type Reached, type Stage } from '../../scenarios/stage.ts';
import { openTap, type Tap, type Tapped, type Treatment } from './tap.ts';

export type Side = 'api' | 'device';

/** Decides over one request. */
export type Disturb = (side: Side, request: Tapped) => Treatment | Promise<Treatment>;

/** What takes a minute in the product, and decides nothing but how long a test waits. */
export const timing = {
  connectMs: 4_000,
  callMs: 5_000,
  lateMessageMs: 15_000,
  refusedFirstMs: 1_000,
  refusedLongestMs: 2_000,
  groupLookMs: 1_000,
} as const satisfies Partial<Timing>;

const startMs = 30_000;

export type SiteOptions = {
  /** What runs as the operator; absent: the tests' own. */
  readonly program?: string | undefined;
};

type Parts = {
  readonly stage: Stage;
  readonly api: Tap;
  readonly directory: string;
  readonly program: string | undefined;
};

export class Site implements AsyncDisposable {
  readonly stage: Stage;
  /** What the operator could not do that it should: starts that failed. */
  readonly problems: string[] = [];
  disturb: Disturb = () => ({ kind: 'pass' });
  readonly #api: Tap;
  readonly #directory: string;
  readonly #options: Pick<OperatorOptions, 'args' | 'program' | 'env'>;
  #taps: Tap[] = [];
  #operator: OperatorProcess | undefined;
  #kubeconfig = '';

  private constructor({ stage, api, directory, program }: Parts) {
    this.stage = stage;
    this.#api = api;
    this.#directory = directory;
    this.#options = {
      args: ['--log-level', 'debug'],
      // Its compiled code stays as long as it does.
      ...(program === undefined
        ? {}
        : { program, env: { NODE_COMPILE_CACHE: join(dirname(program), 'compiled') } }),
    };
    api.treat = (request) => this.disturb('api', request);
  }

  static async open({ program }: SiteOptions = {}): Promise<Site> {
    const stage = await openStage({ timing });
    const { url, caData } = stage.plane;
    const directory = await mkdtemp(join(tmpdir(), 'pantag-perturb-'));
    return new Site({ stage, api: await openTap({ url, ca: caData }), directory, program });
  }

  /** The device as the operator is to reach it. */
  async tapped({ simulator, secret }: Reached): Promise<Reached> {
    const tap = await openTap({ url: simulator.endpoint, ca: simulator.caPem });
    tap.treat = (request) => this.disturb('device', request);
    this.#taps.push(tap);
    const { apiKey, username, password } = simulator;
    return { secret, simulator: { endpoint: tap.url, caPem: tap.ca, apiKey, username, password } };
  }

  async startOperator(): Promise<void> {
    const { url, ca: caData } = this.#api;
    const adminToken = await this.stage.cluster.serviceAccountToken(operatorNamespace, 'pan-tag-operator');
    this.#kubeconfig = join(this.#directory, 'kubeconfig.yaml');
    await writeFile(this.#kubeconfig, renderKubeconfig({ url, caData, adminToken }), { mode: 0o600 });
    await this.#start();
  }

  /** SIGKILL, and a new process at once, as a kubelet does. */
  readonly killOperator = async (): Promise<void> => {
    const killed = this.#operator;
    this.#operator = undefined;
    await killed?.kill();
    // The request that brought this about waits for the death alone.
    this.#start().catch((error: unknown) => this.problems.push(String(error)));
  };

  /** Ends the operator in good order, and what only one scenario needed. */
  async clear(): Promise<void> {
    this.disturb = () => ({ kind: 'pass' });
    await this.#starting;
    // Before it listens it has no handler for the signal that ends it.
    await this.#operator?.waitForLog(({ msg }) => msg === 'http server listening', startMs).catch(() => {});
    await this.#operator?.stop();
    this.#operator = undefined;
    for (const tap of this.#taps.splice(0)) await tap[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    await this.stage.close();
    await this.#api[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #starting: Promise<void> = Promise.resolve();

  #start(): Promise<void> {
    const start = async (): Promise<void> => {
      this.#operator = await this.stage.startOperator({
        kubeconfig: this.#kubeconfig,
        waitUntilListening: false,
        ...this.#options,
      });
    };
    const starting = start();
    this.#starting = starting.catch(() => {});
    return starting;
  }
}
