// The operational commands that the device knows (type=op), by their path.

import { CommandError } from './command-error.ts';
import { systemInfoReply, type DeviceState, type Identity } from './identity.ts';
import { answerQuery, readQuery } from './registered-ip-query.ts';
import { success } from './replies.ts';
import type { Settings } from './settings.ts';
import type { RegisteredIpTable } from './table.ts';
import { readCommand } from './uid-message.ts';
import type { XmlElement } from './xml-reader.ts';

/** What a command may look at. */
export type OpContext = {
  readonly identity: Identity;
  readonly state: DeviceState;
  readonly settings: Settings;
  /** The table of the vsys that the request named; throws CommandError where there is no such vsys. */
  table(): RegisteredIpTable;
};

export type OpAnswer = { readonly body: string; readonly entries: number };

export type OpCommand = {
  readonly kind: 'read' | 'info';
  answer(context: OpContext): OpAnswer;
};

type Handler = {
  readonly kind: OpCommand['kind'];
  answer(context: OpContext, element: XmlElement): OpAnswer;
};

const constant = (body: string): Handler => ({ kind: 'info', answer: () => ({ body, entries: 0 }) });

const handlers: ReadonlyMap<string, Handler> = new Map([
  [
    'show object registered-ip',
    {
      kind: 'read',
      answer: (context, element) => answerQuery(context.table(), readQuery(element), context.settings),
    },
  ],
  [
    'show system info',
    {
      kind: 'info',
      answer: ({ identity, state }) => ({ body: systemInfoReply(identity, state), entries: 0 }),
    },
  ],
  ['show plugins packages', constant(success('<plugins/>'))],
  ['show high-availability state', constant(success('<enabled>no</enabled>'))],
]);

/** Reads a command. Throws CommandError: 18 where it is not well-formed, 17 where it is unknown. */
export const readOpCommand = (document: string): OpCommand => {
  let element = readCommand(document);
  let path = element.name;
  for (;;) {
    const handler = handlers.get(path);
    const found = element;
    if (handler) return { kind: handler.kind, answer: (context) => handler.answer(context, found) };
    const [child, second] = element.children;
    if (!child || second) throw new CommandError(17, `${path.replaceAll(' ', ' -> ')} is unexpected`);
    element = child;
    path += ` ${child.name}`;
  }
};
