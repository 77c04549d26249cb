// Who may call the XML API: keys, logins, the rights of the role, and denial after a reboot.

import type { ApiRequest } from './api-request.ts';
import { CommandError } from './command-error.ts';
import type { Credentials } from './credentials.ts';
import type { Settings } from './settings.ts';

export type Right = Settings['rights'][number];

export class Access {
  readonly credentials: Credentials;
  readonly #settings: () => Settings;
  readonly #clock: () => number;
  #deniedUntil = 0;

  constructor(credentials: Credentials, settings: () => Settings, clock: () => number) {
    this.credentials = credentials;
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Denies every login and every key for a while, as devices do after a reboot (facts 2.13). */
  denyFor(milliseconds: number): void {
    this.#deniedUntil = this.#clock() + milliseconds;
  }

  /** type=keygen: a key, or CommandError 400 or 403. */
  generateKey({ parameters }: ApiRequest): string {
    const [user, password] = [parameters.get('user'), parameters.get('password')];
    if (user === undefined || password === undefined) {
      throw new CommandError(400, 'Missing value for parameter "user" or "password"');
    }
    const invalidateOld = this.#settings().keygenInvalidatesOldKeys;
    const key = this.#denies() ? undefined : this.credentials.generateKey(user, password, invalidateOld);
    if (key === undefined) throw this.#invalidCredential();
    return key;
  }

  /** Throws CommandError 403 unless the request has a valid key; the header wins over the parameter. */
  authenticate({ headerKey, parameters }: ApiRequest): void {
    const key = headerKey ?? parameters.get('key') ?? '';
    if (this.#denies() || !this.credentials.accepts(key)) throw this.#invalidCredential();
  }

  /** Throws CommandError 403 unless the request has a valid key and the role has the right. */
  authorize(request: ApiRequest, right: Right): void {
    this.authenticate(request);
    if (!this.#settings().rights.includes(right)) throw notAuthorized(right);
  }

  #denies(): boolean {
    return this.#clock() < this.#deniedUntil;
  }

  #invalidCredential(): CommandError {
    return new CommandError(403, this.#settings().invalidCredentialText);
  }
}

/** The same code as for a bad key: only the text tells them apart (facts 2.7). */
export const notAuthorized = (type: string): CommandError =>
  new CommandError(403, `Type [${type}] not authorized for user role.`);
