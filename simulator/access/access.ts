// Authenticates and authorizes XML API calls: keys, Basic logins with sessions, role rights, and denial after a reboot.

import type { ApiRequest } from '../http/api-request.ts';
import { CommandError, ExpiredKey } from '../xml/command-error.ts';
import type { Settings } from '../settings.ts';
import { Accounts, rightSchema, type Account, type AccountSpec, type Right } from './accounts.ts';
import { Keys } from './keys.ts';
import { sessionCookie, Sessions } from './sessions.ts';

/** What a call needs: a right of the role, any login, or nothing. */
export type Need = Right | 'login' | 'nothing';

type AccessOptions = {
  readonly username: string;
  readonly password: string;
  readonly settings: () => Settings;
  /** Whether keys count in the X-PAN-KEY header (facts 2.3). */
  readonly readsKeyHeader: () => boolean;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
};

type Login = {
  readonly account: Account;
  /** The session that this login began. */
  readonly session?: string;
};

export class Access {
  /** A key of the first account, valid from the start. */
  readonly firstKey: string;
  readonly #options: AccessOptions;
  readonly #accounts: Accounts;
  readonly #keys = new Keys();
  readonly #sessions = new Sessions();
  #deniedUntil = 0;

  constructor(options: AccessOptions) {
    this.#options = options;
    const { username: name, password, clock } = options;
    this.#accounts = new Accounts({ name, password, rights: [], oneTime: false });
    this.firstKey = this.#keys.generate({ name, password }, clock());
  }

  /** Denies every login and every key for a while, and forgets the sessions, as devices do after a reboot (facts 2.13). */
  restart(deniedMs: number): void {
    this.#deniedUntil = this.#options.clock() + deniedMs;
    this.#sessions.forget();
  }

  /** type=keygen: a key, or CommandError 400 or 403. Basic authentication does not count here (facts 2.1). */
  generateKey({ parameters }: ApiRequest): string {
    const [user, password] = [parameters.get('user'), parameters.get('password')];
    if (user === undefined || password === undefined) {
      throw new CommandError(400, 'Missing value for parameter "user" or "password"');
    }
    if (this.#denies() || !this.#accounts.login(user, password)) throw this.#invalidCredential();
    if (this.#options.settings().keygenInvalidatesOldKeys) this.#keys.expire(user);
    return this.#keys.generate({ name: user, password }, this.#options.clock());
  }

  /**
   * Lets a request through that has what it needs; returns the Set-Cookie of a session that it began. Throws
   * CommandError 403, 16 for a role without the right (by switch), 22 for a session that timed out.
   */
  admit(request: ApiRequest, need: Need): string | undefined {
    if (need === 'nothing') return undefined;
    const { account, session } = this.#login(request);
    if (need !== 'login' && !this.#rightsOf(account).includes(need)) throw this.#notAuthorized(need);
    return session && `${sessionCookie}=${session}; path=/; secure; HttpOnly`;
  }

  /** Adds an account, or replaces it; the rights of the first one are those of the settings. */
  setAccount(spec: AccountSpec): void {
    this.#accounts.set(spec);
    this.#sessions.forget(spec.name);
  }

  /** Its keys and sessions die with it; whether there was one. */
  deleteAccount(name: string): boolean {
    this.#sessions.forget(name);
    return this.#accounts.delete(name);
  }

  /** Of the first account. Kills keys of the former password until it is set again (facts 2.9), and its sessions. */
  changePassword(password: string): void {
    this.setAccount({ name: this.#options.username, password });
  }

  expireKeys(): void {
    this.#keys.expire();
  }

  timeOutSessions(): void {
    this.#sessions.timeOut();
  }

  /** As at the start: the first account with its first password, and its first key alone. */
  reset(): void {
    const { username: name, password, clock } = this.#options;
    this.#accounts.reset();
    this.#sessions.forget();
    this.#keys.expire();
    this.#keys.restore(this.firstKey, { name, password }, clock());
    this.#deniedUntil = 0;
  }

  /** The header wins over the parameter, and a key over Basic. */
  #login(request: ApiRequest): Login {
    if (this.#denies()) throw this.#invalidCredential();
    const header = this.#options.readsKeyHeader() ? request.headerKey : undefined;
    const key = header ?? request.parameters.get('key');
    const login = key === undefined ? this.#basicLogin(request) : this.#keyLogin(key);
    if (!login && key !== undefined) throw this.#invalidKey(key);
    if (!login) throw this.#invalidCredential();
    return login;
  }

  #keyLogin(key: string): Login | undefined {
    const { settings, clock } = this.#options;
    const owner = this.#keys.ownerOf(key, settings().keyLifetimeSeconds, clock());
    const account = owner && this.#accounts.accepts(owner.name, owner.password);
    return account && { account };
  }

  /** A session that is good needs no password; one that is not leaves it to the password. */
  #basicLogin({ basic, cookies }: ApiRequest): Login | undefined {
    const now = this.#options.clock();
    const idleSeconds = this.#options.settings().sessionIdleSeconds;
    const session = this.#sessions.look(cookies.get(sessionCookie) ?? '', idleSeconds, now);
    const owner = session && !session.timedOut ? this.#accounts.get(session.name) : undefined;
    if (owner && (basic === undefined || basic.name === owner.name)) return { account: owner };
    const account = basic && this.#accounts.login(basic.name, basic.password);
    if (account) {
      return { account, session: this.#sessions.begin(account.name, account.password, now) };
    }
    if (session?.timedOut) throw new CommandError(22, 'Session timed out');
    return undefined;
  }

  #rightsOf({ name, rights }: Account): readonly Right[] {
    if (name === this.#options.username) return this.#options.settings().rights;
    return rights === 'superuser' ? rightSchema.options : rights;
  }

  #denies(): boolean {
    return this.#options.clock() < this.#deniedUntil;
  }

  #invalidCredential(): CommandError {
    return new CommandError(403, this.#options.settings().invalidCredentialText);
  }

  /** An expired one may have words of its own. */
  #invalidKey(key: string): CommandError {
    const { settings, clock } = this.#options;
    const { expiredKey, keyLifetimeSeconds } = settings();
    const isExpired = expiredKey !== 'invalid' && this.#keys.hasExpired(key, keyLifetimeSeconds, clock());
    return isExpired ? new ExpiredKey(key) : this.#invalidCredential();
  }

  /** The same code as for a bad key, so only the text tells them apart; or code 16 (facts 2.7). */
  #notAuthorized(right: Right): CommandError {
    return this.#options.settings().roleRefusal === 'unauth'
      ? new CommandError(16, 'Unauthorized request')
      : new CommandError(403, `Type [${right}] not authorized for user role.`);
  }
}
