// Understands a request to a device: which call it is, what it needs, and what it does when it runs.

import type { Need } from '../access/access.ts';
import { rightSchema } from '../access/accounts.ts';
import type { ApiRequest } from './api-request.ts';
import type { Call, CallKind, Gate, Reply } from './call.ts';
import { canonicalAddress } from '../device/address.ts';
import { CommandError, ExpiredKey } from '../xml/command-error.ts';
import { pretended, type Device } from '../device/device.ts';
import { readOpCommand } from '../commands/op-commands.ts';
import { readUidMessage, type UidEntry, type UidMessage } from '../commands/uid-message.ts';

export type Receiver = {
  readonly device: Device;
  /** The device's serial where the call came through Panorama; '' otherwise. */
  readonly target: string;
  readonly gate: Gate;
  /** What messages do instead of taking effect: a passive Panorama's say. */
  readonly onMessage?: (message: UidMessage) => Reply | undefined;
};

type Plan = {
  readonly kind: CallKind;
  readonly type: string;
  readonly need: Need;
  readonly pairs?: Call['pairs'];
  readonly names?: Call['names'];
  readonly pretend?: () => Reply;
  readonly answer: () => Reply;
};

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

const take = <T>(tried: Attempt<T>): T => {
  if ('error' in tried) throw tried.error;
  return tried.value;
};

const countPairs = (entries: readonly UidEntry[]): number =>
  entries.reduce((sum, entry) => sum + (entry.tags?.length ?? 1), 0);

const readCommand = ({ parameters }: ApiRequest): string => {
  const command = parameters.get('cmd');
  if (command === undefined) throw new CommandError(400, 'Missing value for parameter "cmd"');
  return command;
};

const planOp = (request: ApiRequest, { device }: Receiver, vsys: string): Plan => {
  const command = attempt(() => readOpCommand(readCommand(request)));
  const kind = 'value' in command ? command.value.kind : 'other';
  return { kind, type: 'op', need: 'op', answer: () => device.op(take(command), vsys) };
};

const planMessage = (request: ApiRequest, { device, onMessage }: Receiver, vsys: string): Plan => {
  const read = attempt(() => readUidMessage(readCommand(request), device.features));
  const entries = 'value' in read ? [...read.value.register, ...read.value.unregister] : [];
  const { register = [], unregister = [] } = 'value' in read ? read.value : {};
  return {
    kind: 'message',
    type: 'user-id',
    need: 'user-id',
    pairs: { register: countPairs(register), unregister: countPairs(unregister) },
    names: (ip, tag) =>
      entries.some(
        (entry) =>
          (ip === undefined || (canonicalAddress(entry.ip) ?? entry.ip) === ip) &&
          (tag === undefined || entry.tags?.some(({ name }) => name === tag) === true),
      ),
    pretend: () => pretended(take(read)),
    answer() {
      const message = take(read);
      device.expectVsys(vsys);
      return onMessage?.(message) ?? device.message(message, vsys);
    },
  };
};

/** A type of the real API that is not simulated. */
const planOther = (type: string): Plan => {
  const right = rightSchema.safeParse(type);
  const known = right.success ? right.data : undefined;
  const refuse = (): Reply => {
    throw known === undefined
      ? new CommandError(400, 'Parameter "type" is missing or unknown')
      : new CommandError(17, `type ${type} is not simulated`);
  };
  return { kind: 'other', type: known ?? '', need: known ?? 'nothing', answer: refuse };
};

const planOf = (request: ApiRequest, receiver: Receiver, vsys: string): Plan => {
  const { device } = receiver;
  const type = request.parameters.get('type') ?? '';
  switch (type) {
    case 'version':
      return { kind: 'version', type, need: 'login', answer: () => device.version() };
    case 'config':
      return { kind: 'other', type, need: type, answer: () => device.config(request.parameters) };
    case 'op':
      return planOp(request, receiver, vsys);
    case 'user-id':
      return planMessage(request, receiver, vsys);
    default:
      return planOther(type);
  }
};

const refused = (gate: Gate, error: CommandError): Reply =>
  error instanceof ExpiredKey ? gate.refuseExpired(error.message) : gate.refuse(error.code, error.message);

/** Runs what a plan says behind its gate; a cookie is set even where the command is refused. */
const runBehind = (gate: Gate, need: Need, answer: () => Reply): Reply => {
  let cookie: string | undefined;
  const outcome = attempt(() => {
    cookie = gate.admit(need);
    return answer();
  });
  const reply = 'value' in outcome ? outcome.value : refused(gate, outcome.error);
  return cookie === undefined ? reply : { ...reply, cookie };
};

/** Understands a request. What it asks for happens when the call runs. */
export const prepareCall = (request: ApiRequest, receiver: Receiver): Call => {
  const { device, target, gate } = receiver;
  const vsys = vsysOf(request, device);
  const { kind, type, need, answer, ...plan } = planOf(request, receiver, vsys);
  const { pairs = { register: 0, unregister: 0 }, names = () => false, pretend = answer } = plan;
  return {
    kind,
    type,
    target,
    vsys,
    pairs,
    names,
    worker: device,
    run: () => runBehind(gate, need, answer),
    pretend: () => runBehind(gate, need, pretend),
    refuse: gate.refuse,
  };
};

/** A Panorama has one table of its own, which no vsys names (facts 7.2). */
const vsysOf = ({ parameters }: ApiRequest, { vsys, isPanorama }: Device): string =>
  (isPanorama ? undefined : parameters.get('vsys')) ?? vsys[0] ?? '';

/** The call that makes a key. */
export const keygenCall = (device: Device, gate: Gate, generate: () => Reply): Call => {
  const run = (): Reply => runBehind(gate, 'nothing', generate);
  const nothing = { target: '', vsys: '', pairs: { register: 0, unregister: 0 }, names: () => false };
  return {
    kind: 'keygen',
    type: 'keygen',
    ...nothing,
    worker: device,
    run,
    pretend: run,
    refuse: gate.refuse,
  };
};
