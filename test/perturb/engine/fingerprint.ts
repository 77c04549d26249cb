// The whole state of an object graph as one short text: equal for graphs that are the same but for when they came about.

export type FingerprintOptions = {
  /** Virtual time: numbers near it are times, and count by their distance from now. */
  readonly now: number;
  /** Fields that are left out: what decides nothing, and what never changes. */
  readonly ignored: RegExp;
};

/** Times start here, so that no count is taken for one. */
export const epoch = 1_000_000_000;
const leastTime = epoch / 2;
/** What is older than this is old for all that the code asks: its longest window is ten minutes. */
const oldMs = 700_000;

const isIgnored = new Map<string, boolean>();

/** A number for each text: a state is a row of few texts. */
const codes = new Map<string, number>();

export function fingerprint(roots: readonly unknown[], { now, ignored }: FingerprintOptions): string {
  const ids = new Map<object, number>();
  let [a, b] = [1, 2];
  const mix = (code: number): void => {
    a = Math.imul(a ^ code, 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul((b + code) | 0, 0x85ebca77) ^ (b >>> 13);
  };
  const put = (text: string): void => {
    let code = codes.get(text);
    if (code === undefined) codes.set(text, (code = codes.size + 1000));
    mix(code);
  };
  const visit = (value: unknown): void => {
    if (typeof value === 'string') put(value);
    else if (typeof value === 'number') put(numberText(value, now));
    else if (typeof value === 'object' && value !== null) visitObject(value);
    // What a function holds on to is not seen: it must be state of something else that is.
    else put(typeof value === 'function' ? 'f' : String(value));
  };
  const visitObject = (value: object): void => {
    const known = ids.get(value);
    if (known !== undefined) return mix(known);
    ids.set(value, ids.size);
    if (value instanceof Map) {
      put('{');
      for (const [key, one] of value) {
        visit(key);
        visit(one);
      }
    } else if (Array.isArray(value) || value instanceof Set) {
      put('[');
      for (const one of value) visit(one);
    } else visitFields(value);
    put('.');
  };
  const visitFields = (value: object): void => {
    for (const name of Object.keys(value)) {
      let skip = isIgnored.get(name);
      if (skip === undefined) isIgnored.set(name, (skip = ignored.test(name)));
      if (skip) continue;
      put(name);
      visit((value as Readonly<Record<string, unknown>>)[name]);
    }
  };
  for (const one of roots) visit(one);
  return `${(a >>> 0).toString(36)} ${(b >>> 0).toString(36)}`;
}

function numberText(value: number, now: number): string {
  if (!Number.isFinite(value) || value < leastTime) return String(value);
  const age = value - now;
  return age < -oldMs ? 'old' : `t${age}`;
}
