// The phrases of PAN-OS that decide something, all in one place, and whether it is the device that says one of them or a tag
// that it repeats.
import { oneLine } from './device-words.ts';

/**
 * Devices repeat tags in their messages, and tags are written by tenants. A phrase therefore counts only where none of the
 * texts that were sent could have put it there.
 */
export type Phrase = {
  readonly pattern: RegExp;
  /** Its words in order, each as it may look in a tag that a device then cuts, folds or escapes. */
  readonly echo: readonly RegExp[];
};

/**
 * @param words in small letters, as the device says them.
 * @param form the same as a regular expression, where there are several forms; `words` is then what they share.
 * @param at 'start': a message begins with it; 'alone': it is the whole message.
 */
function phrase(words: string, { form = words, at = 'anywhere', tail = '' } = {}): Phrase {
  const begin = at === 'anywhere' ? '\\b' : '^';
  const end = at === 'alone' ? '\\W{0,3}$' : '\\b';
  return {
    pattern: new RegExp(`${begin}${form}${end}${tail}`, 'i'),
    echo: words.split(/[^a-z]+/).map((word) => new RegExp(word.split('').join('[^a-z]*'), 'g')),
  };
}

/** A number that stands alone right after the phrase, and is no part of a tag or of an address. */
const figure = '(?:\\W{0,3}(\\d{1,7})(?![.:\\w-]))?';

/**
 * Sources: facts 2.4, 2.7, 4.5, 4.13 and 4.14; pan-os-python base.py; minemeld; Splunk-Apps #151 (an expired key); Pulse
 * Secure KB43642 (a device that is not ready). docs/panos-notes.md says what each one means.
 */
export const phrases = {
  invalidCredential: phrase('invalid credential', { form: 'invalid credentials?' }),
  invalidCredentialAlone: phrase('invalid credential', { form: 'invalid credentials?', at: 'alone' }),
  notAuthorized: phrase('not authorized for user role'),
  notAuthorizedAlone: phrase('not authorized for user role', {
    form: 'type .[a-z-]{1,20}. not authorized for user role',
    at: 'alone',
  }),
  sessionTimedOut: phrase('session timed out', { at: 'start' }),
  keyExpired: phrase('key expired', { form: '(?:the )?(?:api )?key (?:has )?expired', at: 'start' }),
  notReady: phrase('not ready'),
  initializing: phrase('initiali ing', { form: 'initiali[sz]ing' }),
  timedOut: phrase('timed out'),
  notAvailable: phrase('not available'),
  addressLimit: phrase('max registered-ip for the platform reached', {
    form: 'max(?:imum)? registered-ip for the platform reached',
    tail: figure,
  }),
  tagLimit: phrase('number of tags exceeds the limit', { tail: figure }),
  failedToRegister: phrase('failed to register', { at: 'start' }),
} as const;

/** The device cannot do it now, whatever it is: it is tried again, and no entry is to blame. */
const notNow = [phrases.notReady, phrases.initializing, phrases.timedOut, phrases.notAvailable];

/** Of what was sent, the texts that hold a phrase, so that a device which repeats them would seem to say it. */
export type Echo = (phrase: Phrase) => readonly string[];

/** Nothing was sent that somebody else wrote. */
export const noEcho: Echo = () => [];

/** @param tags what was sent. Each phrase is looked for once. */
export function echoOf(tags: readonly string[]): Echo {
  const known = new Map<Phrase, readonly string[]>();
  let texts: readonly (readonly [string, readonly string[]])[] | undefined;
  return (one) => {
    texts ??= [...new Set(tags)].map((tag) => [tag, writings(tag)]);
    const before = known.get(one);
    if (before !== undefined) return before;
    const holders = texts.flatMap(([tag, forms]) =>
      forms.some((form) => holdsInOrder(form, one.echo)) ? [tag] : [],
    );
    known.set(one, holders);
    return holders;
  };
}

/**
 * What the device says of its own: the match, or undefined where it does not say it, or where a tag may have said it. A tag
 * that holds the phrase is taken out where the device repeats it letter by letter; if it may be there in another form,
 * nothing is concluded.
 */
export function says(
  one: Phrase,
  text: string,
  echo: Echo,
  line = oneLine(text),
): RegExpExecArray | undefined {
  if (!one.pattern.test(line)) return undefined;
  const holders = echo(one);
  if (holders.some((tag) => !text.includes(tag))) return undefined;
  const longestFirst = holders.toSorted((a, b) => b.length - a.length);
  const own = longestFirst.reduce((rest, tag) => rest.replaceAll(tag, repeated), text);
  return one.pattern.exec(oneLine(own)) ?? undefined;
}

/** Stands where a tag stood: no phrase goes across it. */
const repeated = '\uFFFC';

export function saysNotNow(text: string, echo: Echo): boolean {
  const line = oneLine(text);
  return notNow.some((one) => says(one, text, echo, line) !== undefined);
}

/** A tag as it is, and as whoever resolves escapes shows it; letters without their marks, in lower case. */
function writings(tag: string): readonly string[] {
  const plain = (text: string) => text.normalize('NFKD').toLowerCase();
  return [plain(tag), plain(withoutEscapes(tag))];
}

function withoutEscapes(text: string): string {
  return text.replace(
    /&#(\d{1,7});|&#x([\da-f]{1,6});|%([\da-f]{2})|&\w{1,10};|\\u?[\da-f]{2,4}|\\[nrtx]/gi,
    (...groups) => {
      const [, decimal, hex = groups[3]]: (string | undefined)[] = groups;
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      return code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
    },
  );
}

function holdsInOrder(text: string, words: readonly RegExp[]): boolean {
  let from = 0;
  for (const word of words) {
    word.lastIndex = from;
    if (!word.test(text)) return false;
    from = word.lastIndex;
  }
  return true;
}
