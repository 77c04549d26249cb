// The API keys of a device: how they look, whom they let in, and when they die.

import { createHash, createHmac } from 'node:crypto';

type KeyOwner = { readonly name: string; readonly password: string };

type Key = KeyOwner & { readonly generatedAt: number };

/**
 * A key in the shape of a real one: base64 of `-AQ==`, a base64 hash and a base64 ciphertext (facts 2.2), so 164
 * characters of [A-Za-z0-9=]. It follows from the account and the number of the key, so runs can be repeated.
 */
const makeKey = ({ name, password }: KeyOwner, number: number): string => {
  const secret = createHmac('sha512', password).update(`${name} ${number}`).digest();
  const hash = createHash('sha1').update(secret).digest('base64');
  return Buffer.from(`-AQ==${hash}${secret.toString('base64')}`, 'ascii').toString('base64');
};

export class Keys {
  readonly #keys = new Map<string, Key>();
  /** Killed by hand. */
  readonly #expired = new Set<string>();
  #generated = 0;

  generate(owner: KeyOwner, now: number): string {
    const key = makeKey(owner, ++this.#generated);
    this.restore(key, owner, now);
    return key;
  }

  /** Lets a key in that was generated before. */
  restore(key: string, { name, password }: KeyOwner, now: number): void {
    this.#expired.delete(key);
    this.#keys.set(key, { name, password, generatedAt: now });
  }

  /**
   * Whom a key stands for: it carries the password, which is checked on every call (facts 2.9). Undefined once it
   * is older than `lifetimeSeconds`, counted from its generation; 0 is for ever (facts 2.8).
   */
  ownerOf(key: string, lifetimeSeconds: number, now: number): KeyOwner | undefined {
    const found = this.#keys.get(key);
    if (!found) return undefined;
    const isOver = lifetimeSeconds > 0 && now >= found.generatedAt + lifetimeSeconds * 1000;
    return isOver ? undefined : found;
  }

  /** Whether a key was good once, and is no more. */
  hasExpired(key: string, lifetimeSeconds: number, now: number): boolean {
    return this.#expired.has(key) || (this.#keys.has(key) && !this.ownerOf(key, lifetimeSeconds, now));
  }

  /** Kills the keys of one account (facts 2.10), or all: "Expire All API Keys" (facts 2.8). */
  expire(name?: string): void {
    for (const [key, owner] of this.#keys) {
      if (name !== undefined && owner.name !== name) continue;
      this.#keys.delete(key);
      this.#expired.add(key);
    }
  }
}
