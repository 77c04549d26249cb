// Building blocks of our zod schemas: rules that zod and the API server enforce alike, and bounded texts and lists.
//
// zod is the one source: scripts/generate.ts turns the schemas into CRDs. A zod refinement does not survive that,
// so each one is written beside its twin in CEL, and test/resources gives both the same cases. The API server
// bounds the cost of a rule by the bounds of what it reaches; hence a limit on every string, list and map.

import { z } from 'zod';
import type { Problem } from '../../core/syntax/selector.ts';

const validations = 'x-kubernetes-validations';

/** A rule of the API server: a CEL expression over `self`, and what the user reads where it is false. */
export type CelRule = { readonly rule: string; readonly message: string };

export type Rule<T> = {
  readonly cel: string;
  /** Reads on from `<field>: ` and names the fix. */
  readonly message: string;
  /** The twin of `cel`. */
  readonly holds: (value: T) => boolean;
};

/** The schema with one more rule, in zod and for the API server. */
export function ruled<S extends z.ZodType>(schema: S, { cel, message, holds }: Rule<z.output<S>>): S {
  const problems = (value: z.output<S>): Problem[] => (holds(value) ? [] : [{ path: '', message }]);
  return twinned(schema, [{ rule: cel, message }], problems);
}

/**
 * The schema with CEL rules for the API server and a function that finds the same faults for zod, which can say
 * more precisely what is wrong.
 */
export function twinned<S extends z.ZodType>(
  schema: S,
  cel: readonly CelRule[],
  problems: (value: z.output<S>) => readonly Problem[],
): S {
  const earlier = schema.meta()?.[validations];
  const checked = schema.check((context) => {
    for (const { path, message } of problems(context.value)) {
      context.issues.push({ code: 'custom', message, path: path === '' ? [] : [path], input: context.value });
    }
  });
  if (cel.length === 0) return checked;
  return checked.meta({ [validations]: [...(Array.isArray(earlier) ? earlier : []), ...cel] });
}

/** The schema with rules that zod cannot have (they see the former object), or that it checks elsewhere. */
export function forServer<S extends z.ZodType>(schema: S, ...rules: CelRule[]): S {
  return twinned(schema, rules, () => []);
}

/** A string of 1 to `max` Unicode characters: what the API server counts, while zod's own max counts UTF-16 units. */
export function text(max: number): z.ZodString {
  return z
    .string()
    .min(1)
    .refine(
      (value) => value.length <= max || Array.from(value).length <= max,
      `must be at most ${max} characters long`,
    )
    .meta({ maxLength: max });
}

/** A list that is left out rather than empty. */
export function list<S extends z.ZodType>(item: S, max: number): z.ZodArray<S> {
  return z.array(item).min(1).max(max);
}

export type Pattern = {
  readonly matches: (text: string) => boolean;
  /** A CEL condition on `self`. */
  readonly cel: string;
};

/** The whole text must match. `source` is in the common part of JavaScript's regular expressions and RE2. */
export function pattern(source: string): Pattern {
  const whole = `^(?:${source})$`;
  const expression = new RegExp(whole, 'u');
  return { matches: (value) => expression.test(value), cel: `self.matches(${celText(whole)})` };
}

/** The rule that a pattern holds. @param message see Rule. */
export function matching({ cel, matches }: Pattern, message: string): Rule<string> {
  return { cel, message, holds: matches };
}

/** A CEL string literal in ASCII. */
export function celText(value: string): string {
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replaceAll(/[^\u0020-\u007E]/g, escape);
}
