// User data of a device, by vsys: logins, groups and tags.

import { canonicalAddress } from './address.ts';
import { fillText, type FailureReason } from '../failure-texts.ts';
import type { Failure } from '../xml/replies.ts';
import type { Settings } from '../settings.ts';
import { isTag } from './tag-rules.ts';
import type { UidMessage } from '../commands/uid-message.ts';
import { deadlineOf, type UidTag } from '../commands/uid-tags.ts';
import type { GroupEntry, LoginEntry, LogoutEntry, UserTagsEntry } from '../commands/user-sections.ts';

/** Minutes that a login lasts which names no time (facts 6.3). */
const defaultLoginMinutes = 45;

type Mapping = {
  readonly user: string /** Ms since the epoch, or Infinity. */;
  readonly deadline: number;
};

/** The users of one vsys. */
export class Users {
  /** Canonical address to who is logged in there. */
  readonly mappings = new Map<string, Mapping>();
  readonly groups = new Map<string, readonly string[]>();
  /** User to tags with their deadlines. */
  readonly tags = new Map<string, Map<string, number>>();
  readonly #settings: () => Settings;

  constructor(settings: () => Settings) {
    this.#settings = settings;
  }

  /** Lets go of what has run out at `now`. */
  expire(now: number): void {
    for (const [ip, { deadline }] of this.mappings) if (deadline <= now) this.mappings.delete(ip);
    for (const [user, tags] of this.tags) {
      for (const [tag, deadline] of tags) if (deadline <= now) this.#untag(user, tag);
    }
  }

  /** Applies what a message says of users; the pairs that were not simply done. */
  apply({ users, clear }: UidMessage, now: number): Failure[] {
    if (clear.includes('registered-user')) this.tags.clear();
    return [
      ...users.login.flatMap((entry) => this.#login(entry, now)),
      ...users.logout.flatMap((entry) => this.#logout(entry)),
      ...users.groups.flatMap((entry) => this.#group(entry)),
      ...users['unregister-user'].flatMap((entry) => this.#unregister(entry)),
      ...users['register-user'].flatMap((entry) => this.#register(entry, now)),
    ];
  }

  /** Tags of users survive (facts 6.1), logins do not. */
  reboot(): void {
    this.mappings.clear();
  }

  clear(): void {
    this.mappings.clear();
    this.groups.clear();
    this.tags.clear();
  }

  /** Whether a mapping or a group names the user; one without is not taken for tags (facts 6.1). */
  #isKnown(user: string): boolean {
    if (!this.#settings().usersMustBeKnown) return true;
    const isLoggedIn = [...this.mappings.values()].some((mapping) => mapping.user === user);
    return isLoggedIn || [...this.groups.values()].some((members) => members.includes(user));
  }

  #login({ name, ip, timeout = String(defaultLoginMinutes) }: LoginEntry, now: number): Failure[] {
    const failure = (message: string): Failure[] => [{ section: 'login', named: ['name', name], message }];
    const address = canonicalAddress(ip);
    if (address === undefined || !/^\d{1,7}$/.test(timeout)) {
      return failure(this.#settings().failureTexts.invalidLogin);
    }
    if (name === '') return failure('Invalid user name');
    const minutes = Number(timeout);
    this.mappings.set(address, { user: name, deadline: minutes === 0 ? Infinity : now + minutes * 60_000 });
    return [];
  }

  #logout({ name, ip }: LogoutEntry): Failure[] {
    const address = canonicalAddress(ip) ?? '';
    const mapping = this.mappings.get(address);
    if (mapping && (name === undefined || name === mapping.user)) {
      this.mappings.delete(address);
      return [];
    }
    return [{ section: 'logout', named: ['ip', ip], message: 'Delete mapping failed' }];
  }

  #group({ name, members }: GroupEntry): Failure[] {
    if (members.length === 0) this.groups.delete(name);
    else this.groups.set(name, members);
    return [];
  }

  #unregister({ user, tags }: UserTagsEntry): Failure[] {
    const known = this.tags.get(user);
    const names = tags?.map(({ name }) => name) ?? [...(known?.keys() ?? [])];
    return names
      .filter((name) => !this.#untag(user, name))
      .map((name) => ({
        section: 'unregister-user',
        named: ['user', user],
        message: `tag ${name} does not exist, ignore unreg`,
      }));
  }

  #register({ user, tags = [] }: UserTagsEntry, now: number): Failure[] {
    return tags.flatMap((tag): Failure[] => {
      const message = this.#set(user, tag, now);
      return message === undefined ? [] : [{ section: 'register-user', named: ['user', user], message }];
    });
  }

  /** What the device says to one tag of a user, unless it just takes it. */
  #set(user: string, tag: UidTag, now: number): string | undefined {
    const { failureTexts, limits, reRegisterRefreshes } = this.#settings();
    const deadline = deadlineOf(tag, now);
    const tags = this.tags.get(user) ?? new Map<string, number>();
    const say = (reason: FailureReason): string =>
      fillText(failureTexts[reason], { user, tag: tag.name, limit: limits.tagsPerUser });
    if (!this.#isKnown(user)) return say('unknownUser');
    if (deadline === undefined) return say('invalidTimeout');
    if (!isTag(tag.name, limits.tagLength)) return say('invalidTag');
    const known = tags.has(tag.name);
    if (!known && tags.size >= limits.tagsPerUser) return say('tagLimit');
    if (known && !reRegisterRefreshes) return `tag ${tag.name} already exists, ignore`;
    this.tags.set(user, tags.set(tag.name, deadline));
    return undefined;
  }

  #untag(user: string, tag: string): boolean {
    const tags = this.tags.get(user);
    if (!tags?.delete(tag)) return false;
    if (tags.size === 0) this.tags.delete(user);
    return true;
  }
}
