// One PAN-OS device: what a request to its XML API means, who may make it, and what it does.

import { CommandError } from './command-error.ts';
import { Access, notAuthorized } from './access.ts';
import type { ApiRequest } from './api-request.ts';
import { Credentials } from './credentials.ts';
import { versionReply, type DeviceState, type Identity } from './identity.ts';
import { readOpCommand, type OpCommand } from './op-commands.ts';
import { RegisteredIps, type PairOutcome, type Refusal } from './registered-ips.ts';
import { keygenReply, refusal, uidReply } from './replies.ts';
import type { Settings } from './settings.ts';
import type { RegisteredIpTable } from './table.ts';
import { readUidMessage, type UidEntry, type UidMessage } from './uid-message.ts';

export type CallKind = 'keygen' | 'version' | 'info' | 'read' | 'message' | 'other';

export type Reply = {
  readonly httpStatus: number;
  readonly status: 'success' | 'error';
  /** The response's code; null where it has none. */
  readonly code: number | null;
  readonly body: string;
  /** Of a uid-message that was applied. */
  readonly pairs: readonly PairOutcome[];
  /** Entries in the page of a read. */
  readonly entries: number;
};

/** A request that was understood, or is known to be refused; nothing has happened yet. */
export type Call = {
  readonly kind: CallKind;
  /** The request's `type`; '' for one that there is not. */
  readonly type: string;
  readonly vsys: string;
  /** How many pairs a message names; an entry without tags counts as one. */
  readonly pairs: { readonly register: number; readonly unregister: number };
  run(): Reply;
};

export type DeviceOptions = {
  readonly identity: Identity;
  readonly vsys: readonly string[];
  readonly username: string;
  readonly password: string;
  readonly settings: Settings;
  readonly refusal: Refusal;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

/** Types of the real API that the role of this account leaves out. */
const otherTypes = new Set(['config', 'commit', 'report', 'log', 'import', 'export']);
const noPairs = { register: 0, unregister: 0 };
const done = { httpStatus: 200, status: 'success', code: null, pairs: [], entries: 0 } as const;

const countPairs = (entries: readonly UidEntry[]): number =>
  entries.reduce((sum, entry) => sum + (entry.tags?.length ?? 1), 0);

/** A value, or why it was refused, to be told only to who may ask. */
type Attempt<T> = { readonly value: T } | { readonly error: CommandError };

const attempt = <T>(read: () => T): Attempt<T> => {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof CommandError) return { error };
    throw error;
  }
};

export class Device {
  settings: Settings;
  readonly access: Access;
  readonly registeredIps: RegisteredIps;
  readonly #options: DeviceOptions;
  #bootedAt: number;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.settings = options.settings;
    const credentials = new Credentials(options.username, options.password);
    this.access = new Access(credentials, () => this.settings, options.clock);
    this.registeredIps = new RegisteredIps(options.vsys, () => this.settings, options.refusal);
    this.#bootedAt = options.clock();
  }

  /** The tables as they are now. */
  tables(): ReadonlyMap<string, RegisteredIpTable> {
    return this.registeredIps.tables(this.#options.clock());
  }

  /** Loses what is not persistent, and denies every login and key until `deniedMs` have passed (facts 2.13). */
  reboot(deniedMs: number): void {
    for (const table of this.tables().values()) table.reboot();
    this.#bootedAt = this.#options.clock();
    this.access.denyFor(deniedMs);
  }

  /** Understands a request. What it asks for happens when the call runs. */
  prepare(request: ApiRequest): Call {
    const type = request.parameters.get('type') ?? '';
    const vsys = request.parameters.get('vsys') ?? this.#options.vsys[0] ?? '';
    const call = (kind: CallKind, answer: () => Reply, pairs = noPairs): Call => ({
      kind,
      type,
      vsys,
      pairs,
      run: () => this.#answer(answer),
    });
    switch (type) {
      case 'keygen':
        return call('keygen', () => ({ ...done, body: keygenReply(this.access.generateKey(request)) }));
      case 'version':
        return call('version', () => this.#version(request));
      case 'op': {
        const command = attempt(() => readOpCommand(this.#command(request)));
        const kind = 'value' in command ? command.value.kind : 'other';
        return call(kind, () => this.#op(request, vsys, command));
      }
      case 'user-id': {
        const message = attempt(() => readUidMessage(this.#command(request)));
        const { register, unregister } =
          'value' in message ? message.value : { register: [], unregister: [] };
        const pairs = { register: countPairs(register), unregister: countPairs(unregister) };
        return call('message', () => this.#message(request, vsys, message), pairs);
      }
      default:
        return {
          ...call('other', () => this.#otherType(request, type)),
          type: otherTypes.has(type) ? type : '',
        };
    }
  }

  /** The answer that refuses a whole request. */
  refuse(code: number, text: string): Reply {
    const asStatus = this.settings.errorsAsHttpStatus && (code === 400 || code === 403);
    return { ...done, httpStatus: asStatus ? code : 200, status: 'error', code, body: refusal(code, text) };
  }

  #answer(answer: () => Reply): Reply {
    const outcome = attempt(answer);
    return 'value' in outcome ? outcome.value : this.refuse(outcome.error.code, outcome.error.message);
  }

  #version(request: ApiRequest): Reply {
    this.access.authenticate(request);
    return { ...done, body: versionReply(this.#options.identity, this.#state().multiVsys) };
  }

  #op(request: ApiRequest, vsys: string, command: Attempt<OpCommand>): Reply {
    this.access.authorize(request, 'op');
    if ('error' in command) throw command.error;
    const { identity } = this.#options;
    const table = (): RegisteredIpTable => this.#table(vsys);
    const answer = command.value.answer({ identity, state: this.#state(), settings: this.settings, table });
    return { ...done, ...answer };
  }

  #message(request: ApiRequest, vsys: string, message: Attempt<UidMessage>): Reply {
    this.access.authorize(request, 'user-id');
    if ('error' in message) throw message.error;
    this.#table(vsys);
    const pairs = this.registeredIps.apply(message.value, vsys, this.#options.clock());
    return { ...done, ...uidReply(message.value.sections, pairs, this.settings), pairs };
  }

  #otherType(request: ApiRequest, type: string): Reply {
    if (!otherTypes.has(type)) throw new CommandError(400, `Parameter "type" is missing or unknown`);
    this.access.authenticate(request);
    throw notAuthorized(type);
  }

  #command({ parameters }: ApiRequest): string {
    const command = parameters.get('cmd');
    if (command === undefined) throw new CommandError(400, 'Missing value for parameter "cmd"');
    return command;
  }

  #table(vsys: string): RegisteredIpTable {
    const table = this.tables().get(vsys);
    if (!table) throw new CommandError(400, `Parameter "vsys" names no virtual system: ${vsys.slice(0, 64)}`);
    return table;
  }

  #state(): DeviceState {
    const { vsys, clock } = this.#options;
    return { multiVsys: vsys.length > 1, bootedAt: this.#bootedAt, now: clock() };
  }
}
