// Results of the command check: sections of lines, as text and as JSON.

import { printable } from '../../core/syntax/wording.ts';

/** ok; warning: it works, and somebody should know; failed; notReached: something before it failed. */
export type Outcome = 'ok' | 'warning' | 'failed' | 'notReached';

type Check = {
  /** What was looked at, such as `certificate`. */
  readonly name: string;
  readonly outcome: Outcome;
  /** What was seen; of a failure the cause, then the next step. */
  readonly message: string;
};

export type Section = {
  /** `Kubernetes`, or `PanFirewall edge-a`. */
  readonly subject: string;
  readonly checks: readonly Check[];
};

const signs: Readonly<Record<Outcome, string>> = { ok: '✓', warning: '!', failed: '✗', notReached: '-' };
const nameColumn = 12;

export function hasFailed({ checks }: Section): boolean {
  return checks.some(({ outcome }) => outcome === 'failed');
}

/** The subject, then a line each. */
export function sectionLines({ subject, checks }: Section): string[] {
  const line = ({ name, outcome, message }: Check) =>
    printable(`  ${signs[outcome]} ${name.padEnd(nameColumn)} ${message}`).trimEnd();
  return [printable(subject), ...checks.map(line)];
}

/** One object for machines: `{ ok, sections: [{ subject, checks: [{ name, outcome, message }] }] }`. */
export function checksJson(sections: readonly Section[]): string {
  return JSON.stringify({ ok: !sections.some(hasFailed), sections }, undefined, 2);
}

/** Checks one after the other: after a failure the rest of the names are not reached. */
export class CheckList {
  readonly #names: readonly string[];
  readonly #checks: Check[] = [];

  /** @param names all there will be, in order. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  ok(name: string, message = ''): void {
    this.#checks.push({ name, outcome: 'ok', message });
  }

  warn(name: string, message: string): void {
    this.#checks.push({ name, outcome: 'warning', message });
  }

  fail(name: string, message: string): void {
    this.#checks.push({ name, outcome: 'failed', message });
  }

  /** Names without a check count as not reached. */
  section(subject: string): Section {
    const done = new Set(this.#checks.map(({ name }) => name));
    const left = this.#names.filter((name) => !done.has(name));
    const missing = left.map((name): Check => ({ name, outcome: 'notReached', message: '' }));
    return { subject, checks: [...this.#checks, ...missing] };
  }
}
