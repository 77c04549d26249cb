// A plain client of the simulated device, for its tests: TLS verified, nothing interpreted.

import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request, type FormData } from 'undici';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.ts';

export type Answer = {
  readonly status: number;
  /** The reason in the status line. */
  readonly statusText: string;
  readonly contentType: string;
  readonly body: string;
  /** The values of Set-Cookie. */
  readonly cookies: readonly string[];
};

export type Send = {
  readonly method?: 'GET' | 'POST' | 'PUT';
  /** Path and query. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | FormData;
  readonly signal?: AbortSignal;
};

export type Pairs = Readonly<Record<string, readonly string[]>>;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const entries = (pairs: Pairs): string =>
  Object.entries(pairs)
    .map(([ip, tags]) => {
      const members = tags.map((tag) => `<member>${escape(tag)}</member>`).join('');
      return `<entry ip="${escape(ip)}">${members && `<tag>${members}</tag>`}</entry>`;
    })
    .join('');

export const uidMessage = (payload: string): string =>
  `<uid-message><version>2.0</version><type>update</type><payload>${payload}</payload></uid-message>`;

export const registerXml = (pairs: Pairs): string => `<register>${entries(pairs)}</register>`;
/** An address without tags is unregistered whole. */
export const unregisterXml = (pairs: Pairs): string => `<unregister>${entries(pairs)}</unregister>`;

export const readXml = (options = '<all/>'): string =>
  `<show><object><registered-ip>${options}</registered-ip></object></show>`;

/** A simulator and a client that trusts its certificate authority. */
export class Lab implements AsyncDisposable {
  readonly simulator: Simulator;
  #agent: Agent;

  constructor(simulator: Simulator) {
    this.simulator = simulator;
    this.#agent = this.#connect();
  }

  #connect(): Agent {
    return new Agent({
      connect: { ca: this.simulator.caPem },
      headersTimeout: 10_000,
      bodyTimeout: 10_000,
    });
  }

  /** Gives the kept connections up, as after a reboot that cut them. */
  async reconnect(): Promise<void> {
    await this.#agent.destroy();
    this.#agent = this.#connect();
  }

  async send({ method = 'POST', path = '/api/', headers = {}, body, signal }: Send): Promise<Answer> {
    const answer = await request(`${this.simulator.endpoint}${path}`, {
      method,
      headers,
      dispatcher: this.#agent,
      body: body ?? null,
      ...(signal && { signal }),
    });
    const contentType = String(answer.headers['content-type'] ?? '');
    const cookies = [answer.headers['set-cookie'] ?? []].flat();
    const { statusCode: status, statusText } = answer;
    return { status, statusText, contentType, cookies, body: await answer.body.text() };
  }

  /** A POST of a form, without a key unless the parameters or headers have one. */
  async post(parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send({
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(parameters).toString(),
    });
  }

  /** A POST with the first key. */
  async call(parameters: Record<string, string>): Promise<Answer> {
    return this.post(parameters, { 'X-PAN-KEY': this.simulator.apiKey });
  }

  /** The text of the answer to a uid-message. */
  async message(payload: string, vsys?: string): Promise<string> {
    return (await this.call({ type: 'user-id', cmd: uidMessage(payload), ...(vsys && { vsys }) })).body;
  }

  /** The text of the answer to `show object registered-ip`. */
  async read(options?: string, vsys?: string): Promise<string> {
    return (await this.call({ type: 'op', cmd: readXml(options), ...(vsys && { vsys }) })).body;
  }

  /** Address -> tags of a vsys, as the control port shows them. */
  tags(vsys = 'vsys1'): Record<string, readonly string[]> {
    const table = this.simulator.tables()[vsys] ?? {};
    return Object.fromEntries(Object.entries(table).map(([ip, { tags }]) => [ip, tags]));
  }

  /** Resolves once `count` hung requests are in the log. */
  async hung(count: number): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    while (this.simulator.log().filter(({ fault }) => fault === 'hang').length < count) {
      await sleep(2, undefined, { signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
    await this.simulator.close();
  }
}

export const openLab = async (options: SimulatorOptions = {}): Promise<Lab> =>
  new Lab(await startSimulator(options));
