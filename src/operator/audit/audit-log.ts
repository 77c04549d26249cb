// The audit log: a line for each pair that a device confirmed as changed, or may have changed without an answer.

import { randomBytes } from 'node:crypto';
import type { Desired } from '../../core/desired/desired.ts';
import type { Batch } from '../../core/message/batch.ts';
import { DeviceError } from '../../core/model/device-error.ts';
import type { AddressChange } from '../../core/model/address-change.ts';
import type { Claimant } from '../../core/model/claimant.ts';
import { namespaceOf } from '../../core/model/policy-scope.ts';
import { type TableRef, tableFields } from '../../core/model/table-ref.ts';
import type { PolicyId } from '../../core/model/model.ts';
import { markerAddress } from '../../core/rights/ownership.ts';
import { LineSink, writeAll } from '../../runtime/line-sink.ts';
import type { Answers, Connection } from '../device/device-port.ts';
import { type AuditObject, type Departure, Departures, objectOf } from './departures.ts';
import { type ChangedPair, changesOf, doubtsOf } from './changed-pairs.ts';

/** Some 20,000 lines: what a reader may be behind. */
const mostBytes = 8 * 1024 * 1024;
/** So long the end of the process waits for the reader. */
const closeMs = 2_000;
/** A line names at most so many of the policies that give a tag. */
const mostPolicies = 5;

/** Of a line, in its order. */
type AuditLine = {
  readonly address: string;
  readonly op: '+' | '-';
  readonly tag: string;
  readonly outcome: 'confirmed' | 'unknown';
  readonly cause?: string | undefined;
  readonly object?: AuditObject | undefined;
  readonly policies?: readonly object[] | undefined;
  readonly morePolicies?: number | undefined;
  readonly by?: object | undefined;
  readonly timeoutSeconds?: number | undefined;
};

type AuditFacts = Readonly<Record<string, unknown>> & { readonly msg: string };

/** Causes of removals from whoever holds the address, and goes on holding it. */
const holders: ReadonlySet<string> = new Set(['refresh', 'purge', 'displaced', 'limit']);

/** Whose table a connection is for. */
type AuditedTable = {
  readonly firewall: string;
  readonly ref: TableRef;
  readonly desired: Desired;
  /** Why a removal goes of which the message itself does not tell. */
  readonly cause?: 'purge' | undefined;
};

type Send = Parameters<Answers['send']>[0];

export class AuditLog {
  readonly #sink: Pick<LineSink, 'push' | 'close'>;
  readonly #clock: () => number;
  readonly #departures = new Departures();
  /** Of this process, so that no id comes twice. */
  readonly #process = randomBytes(4).toString('hex');
  #messages = 0;

  /** @param clock ms since the epoch. */
  constructor(sink: Pick<LineSink, 'push' | 'close'>, clock: () => number = Date.now) {
    this.#sink = sink;
    this.#clock = clock;
    this.#tell({ process: this.#process, msg: 'audit log begins' });
  }

  /** Who held the address no longer does; the changes of its tags follow at once. */
  holderLeaves(address: string, holder: Claimant): void {
    this.#departures.holderLeaves(address, holder);
  }

  /** @param holder of the address now. */
  changed(firewall: string, change: AddressChange, holder: Claimant | undefined): void {
    this.#departures.note(firewall, change, holder);
  }

  /** The same connection; what is sent over it is told when its fate is known. */
  audited(connection: Connection, table: AuditedTable): Connection {
    return {
      call: async (question, signal) => {
        if (question.ask !== 'send') return connection.call(question, signal);
        const outcome = this.#sending(question as unknown as Send, table);
        const answer = await connection.call(question, signal).catch((error: unknown) => {
          // Whatever is not certain to have had no effect may have gone wrong after the message had left.
          if (!(error instanceof DeviceError) || error.applied !== 'no') outcome.unanswered();
          throw error;
        });
        outcome.answered(answer as Awaited<ReturnType<Answers['send']>>);
        return answer;
      },
      close: () => connection.close(),
    };
  }

  /** No more lines come. Resolves when all are written, or after a while. */
  async close(): Promise<void> {
    this.#tell({ process: this.#process, msg: 'audit log ends' });
    await this.#sink.close(closeMs);
  }

  #sending({ batch }: Send, table: AuditedTable) {
    const sentAt = new Date(this.#clock()).toISOString();
    this.#messages += 1;
    const message = `${this.#process}-${this.#messages}`;
    // As things stand now: when the answer comes another Pod may hold the address.
    const describe = this.#describer(batch, table);
    const where = { firewall: table.firewall, ...tableFields(table.ref) };
    const tell = (pairs: Iterable<ChangedPair>): void => {
      for (const pair of pairs) {
        const msg = pair.outcome === 'confirmed' ? 'pair changed' : 'pair change unanswered';
        this.#tell({ ...where, ...describe(pair), message, sentAt, msg });
      }
    };
    return {
      answered: (refused: Awaited<ReturnType<Answers['send']>>) => tell(changesOf(batch, refused)),
      unanswered: () => tell(doubtsOf(batch)),
    };
  }

  #describer(batch: Batch, { firewall, desired, cause: otherwise }: AuditedTable) {
    const facts = new Map(
      batch.map(({ address, register, unregister }) => {
        const holder = desired.holderOf(address);
        const behind = register.length === 0 ? [] : [...desired.tagsBehind(firewall, address)];
        const left = new Map(unregister.map((tag) => [tag, this.#departures.of(firewall, address, tag)]));
        return [address, { object: holder && objectOf(holder), behind, left }] as const;
      }),
    );
    return (changed: ChangedPair): AuditLine => {
      const { item, op, tag, outcome, refresh } = changed;
      const { address, causes, timeoutSeconds = 0 } = item;
      const pair = { address, op, tag, outcome };
      if (address === markerAddress) return { ...pair, cause: 'mark' };
      const { object, behind = [], left } = facts.get(address) ?? {};
      if (op === '+') {
        const timeout = timeoutSeconds > 0 ? { timeoutSeconds } : {};
        return { ...pair, object, ...policiesOf(tag, behind), ...timeout };
      }
      const cause = refresh ? 'refresh' : (causes.get(tag) ?? otherwise);
      if (cause !== undefined && holders.has(cause)) return { ...pair, cause, object };
      const departure = left?.get(tag);
      return { ...pair, cause, object: departure?.object, ...changeOf(departure) };
    };
  }

  #tell(line: AuditFacts): void {
    this.#sink.push(auditLine(this.#clock(), line));
  }
}

/** One that writes to a file descriptor, beside the log. @param lost is told of lines that nobody will read. */
export function openAuditLog(descriptor: 1 | 2, lost: (lines: number) => void): AuditLog {
  const write = (text: string) => writeAll(descriptor, text);
  const gap = (lines: number) => auditLine(Date.now(), { lines, msg: 'audit lines lost' });
  return new AuditLog(new LineSink({ write, mostBytes, lost, gap }));
}

/** As the log's own lines are, so that one parser reads both. */
function auditLine(time: number, { msg, ...facts }: AuditFacts): string {
  return JSON.stringify({ level: 'info', time: new Date(time).toISOString(), audit: true, ...facts, msg });
}

/** What lists left out, and what nobody claims, has no name. */
function changeOf(departure: Departure | undefined): Pick<AuditLine, 'by'> {
  const { kind, name = '', change } = departure?.by ?? {};
  return name === '' ? {} : { by: { kind, name, change } };
}

function policiesOf(
  tag: string,
  behind: readonly (readonly [PolicyId, readonly string[]])[],
): Pick<AuditLine, 'policies' | 'morePolicies'> {
  const ids = behind.flatMap(([id, tags]) => (tags.includes(tag) ? [id] : [])).sort();
  const policies = ids.slice(0, mostPolicies).map((id) => {
    const namespace = namespaceOf(id);
    const name = id.slice(id.indexOf('/') + 1);
    if (namespace === undefined) return { kind: 'ClusterPanTagPolicy', name };
    return { kind: 'PanTagPolicy', namespace, name };
  });
  const more = ids.length - policies.length;
  return { policies, ...(more > 0 ? { morePolicies: more } : {}) };
}
