// Sessions of administrators who came with Basic authentication: a cookie lets them in until it times out.

import { createHmac } from 'node:crypto';

export const sessionCookie = 'PHPSESSID';

type Session = { readonly name: string; usedAt: number };

type SessionState = { readonly name: string; readonly timedOut: boolean };

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  #begun = 0;

  /** The id of a new session; it follows from its number and the account, so runs can be repeated. */
  begin(name: string, password: string, now: number): string {
    const id = createHmac('sha256', password)
      .update(`session ${name} ${++this.#begun}`)
      .digest('hex');
    this.#sessions.set(id, { name, usedAt: now });
    return id;
  }

  /** Whose session it is; undefined where the device does not know it. One that is still good is used by this. */
  look(id: string, idleSeconds: number, now: number): SessionState | undefined {
    const session = this.#sessions.get(id);
    if (!session) return undefined;
    const timedOut = now >= session.usedAt + idleSeconds * 1000;
    if (!timedOut) session.usedAt = now;
    return { name: session.name, timedOut };
  }

  /** Lets all sessions time out at once. */
  timeOut(): void {
    for (const session of this.#sessions.values()) session.usedAt = -Infinity;
  }

  /** Forgets the sessions of one account, or all. */
  forget(name?: string): void {
    for (const [id, session] of this.#sessions) {
      if (name === undefined || session.name === name) this.#sessions.delete(id);
    }
  }
}
