// The API account of the device: its password, and the keys that were generated for it.

import { createHash, createHmac } from 'node:crypto';

/**
 * A key in the shape of a real one: base64 of `-AQ==`, a base64 hash and a base64 ciphertext (facts 2.2), so 164
 * characters of [A-Za-z0-9=]. It follows from the account and the number of the key, so runs can be repeated.
 */
const makeKey = (username: string, password: string, number: number): string => {
  const secret = createHmac('sha512', password).update(`${username} ${number}`).digest();
  const hash = createHash('sha1').update(secret).digest('base64');
  return Buffer.from(`-AQ==${hash}${secret.toString('base64')}`, 'ascii').toString('base64');
};

export class Credentials {
  readonly username: string;
  /** A key that is valid from the start. */
  readonly firstKey: string;
  readonly #firstPassword: string;
  #password: string;
  /** Key to the password that it carries. */
  readonly #keys = new Map<string, string>();
  #generated = 0;

  constructor(username: string, password: string) {
    this.username = username;
    this.#firstPassword = password;
    this.#password = password;
    this.firstKey = this.#generate();
  }

  /** A new key, or undefined for a bad login. `invalidateOld`: the keys from before die (facts 2.10). */
  generateKey(username: string, password: string, invalidateOld: boolean): string | undefined {
    if (username !== this.username || password !== this.#password) return undefined;
    if (invalidateOld) this.#keys.clear();
    return this.#generate();
  }

  /** A key carries its password, which is checked on every call (facts 2.9). */
  accepts(key: string): boolean {
    return this.#keys.get(key) === this.#password;
  }

  /** Kills keys of the former password, until it is set again (facts 2.9). */
  changePassword(password: string): void {
    this.#password = password;
  }

  /** "Expire All API Keys" (facts 2.8). */
  expireKeys(): void {
    this.#keys.clear();
  }

  /** As at the start: the first password, and the first key alone. */
  reset(): void {
    this.#password = this.#firstPassword;
    this.#keys.clear();
    this.#keys.set(this.firstKey, this.#password);
  }

  #generate(): string {
    const key = makeKey(this.username, this.#password, ++this.#generated);
    this.#keys.set(key, this.#password);
    return key;
  }
}
