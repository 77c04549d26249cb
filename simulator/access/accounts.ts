// The administrators of a device: their passwords, and what their role may call.

import * as z from 'zod';

/** The types of the XML API that a role's "XML API" tab allows one by one (facts 2.12). */
export const rightSchema = z.enum(['op', 'user-id', 'config', 'commit', 'report', 'log', 'import', 'export']);

export type Right = z.output<typeof rightSchema>;

const accountSchema = z.strictObject({
  name: z.string().min(1),
  password: z.string().min(1),
  rights: z.union([z.literal('superuser'), z.array(rightSchema)]).default(['op', 'user-id']),
  oneTime: z
    .boolean()
    .default(false)
    .describe('the password lets in once, as of RADIUS tokens; then the session cookie does (facts 1.9)'),
});

export type AccountSpec = z.input<typeof accountSchema>;
export type Account = z.output<typeof accountSchema>;

export class Accounts {
  readonly #first: Account;
  #accounts = new Map<string, Account>();
  /** Accounts whose one-time password has been used. */
  readonly #spent = new Set<string>();

  constructor(first: Account) {
    this.#first = first;
    this.reset();
  }

  get(name: string): Account | undefined {
    return this.#accounts.get(name);
  }

  /** Adds an account, or replaces it. Throws ZodError. */
  set(spec: AccountSpec): void {
    const account = accountSchema.parse(spec);
    this.#accounts.set(account.name, account);
    this.#spent.delete(account.name);
  }

  /** Whether there was such an account. */
  delete(name: string): boolean {
    return this.#accounts.delete(name);
  }

  /** The account, if this is its password; a one-time password counts only once. */
  login(name: string, password: string): Account | undefined {
    const account = this.accepts(name, password);
    if (account?.oneTime) this.#spent.add(name);
    return account;
  }

  /** As login, but nothing is used up: so a key's password is checked. */
  accepts(name: string, password: string): Account | undefined {
    const account = this.#accounts.get(name);
    return account?.password === password && !this.#spent.has(name) ? account : undefined;
  }

  reset(): void {
    this.#accounts = new Map([[this.#first.name, this.#first]]);
    this.#spent.clear();
  }
}
