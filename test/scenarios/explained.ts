// Appends to a scenario's error what the operator says of addresses that are not as expected.
import type { LogLine } from '../harness/log-book.ts';
import { within } from '../harness/wait-for.ts';

type Sources = {
  /** Those that are not as expected. */
  readonly addresses: () => readonly string[];
  /** All PanFirewalls, with their statuses. */
  readonly firewalls: () => Promise<readonly object[]>;
  /** Of all operators, oldest first. */
  readonly logs: () => readonly LogLine[];
};

const limitMs = 5_000;
const longest = 4_000;
const linesShown = 5;

/** An error with more to say; where that cannot be had, it says so instead. Never rejects. */
export async function explained(original: unknown, sources: Sources): Promise<Error> {
  const parts = [statuses, explanations].map(async (part) => {
    try {
      return (await within(part(sources), limitMs)) ?? 'no answer';
    } catch (failure) {
      return `not known: ${String(failure)}`;
    }
  });
  const [status, told] = await Promise.all(parts);
  const { message } = original instanceof Error ? original : { message: String(original) };
  const whole = new Error(`${message}\nPanFirewalls: ${status}\naddress explained: ${told}`, {
    cause: original,
  });
  if (original instanceof Error && original.stack !== undefined)
    whole.stack = `${String(whole)}\n${original.stack.slice(original.stack.indexOf('\n    at ') + 1)}`;
  return whole;
}

async function statuses({ firewalls }: Sources): Promise<string> {
  const lines = (await firewalls()).map((one) => {
    const { metadata, status } = one as {
      readonly metadata?: { readonly name?: string };
      readonly status?: { readonly conditions?: unknown; readonly tables?: unknown };
    };
    return cut({ name: metadata?.name, conditions: status?.conditions, tables: status?.tables });
  });
  return lines.length === 0 ? 'none' : lines.join('\n');
}

/** The last lines about these addresses; where there is none, the last about any. */
async function explanations({ addresses, logs }: Sources): Promise<string> {
  const about = new Set(addresses());
  const lines = logs().filter(({ msg }) => msg === 'address explained');
  const fitting = lines.filter(({ address }) => about.has(String(address)));
  const shown = fitting.length > 0 ? fitting.slice(-linesShown) : lines.slice(-1);
  return shown.length === 0 ? 'none' : shown.map(cut).join('\n');
}

function cut(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
