// Tag templates: reading them, filling them in for a Pod, and the suffixes of labelKeys.

import { isLabelKey, maxLabelValueLength } from './label.ts';
import { allTexts, type TextsBeginning } from './label-texts.ts';
import type { Labels, Template, TemplatePart } from '../model/model.ts';
import { illegalText } from './tag.ts';
import { nearest, quoted } from './wording.ts';

export { legalTag, reservedClusterSuffix } from './tag.ts';

type ParsedTemplate =
  | { readonly ok: true; readonly template: Template }
  | { readonly ok: false; readonly problem: string };

/** Where a template's values come from. */
export type TemplateValues = {
  readonly namespace: string;
  /** The Pod's name. */
  readonly pod: string;
  readonly node: string;
  readonly serviceAccount: string;
  readonly labels: Labels;
  readonly namespaceLabels: Labels;
};

/**
 * Reads a template such as `app.{{ labels['app.kubernetes.io/name'] }}`. Braces belong to placeholders only, and
 * the text between them must be legal in a tag. Positions in problems count Unicode characters from 1.
 */
export function parseTemplate(text: string): ParsedTemplate {
  if (text === '') return failed('must not be empty');
  const parts: TemplatePart[] = [];
  let rest = 0;
  for (const { index, 0: found } of text.matchAll(/\{\{([^{}]*)\}\}|[{}]/gu)) {
    if (found.length === 1) return failed(strayBrace(text, index));
    const part = readPlaceholder(found.slice(2, -2));
    if (typeof part === 'string') return failed(`${part} (at character ${position(text, index)})`);
    if (index > rest) parts.push({ kind: 'text', text: text.slice(rest, index) });
    parts.push(part);
    rest = index + found.length;
  }
  if (rest < text.length) parts.push({ kind: 'text', text: text.slice(rest) });
  const illegal = illegalPart(parts);
  return illegal === undefined ? { ok: true, template: parts } : failed(illegal);
}

/** The text for one Pod; undefined where a placeholder has no value: absent or empty (skip reason MissingValue). */
export function render(template: Template, values: TemplateValues): string | undefined {
  let text = '';
  for (const part of template) {
    const value = valueOf(part, values);
    if (value === undefined || value === '') return undefined;
    text += value;
  }
  return text;
}

/**
 * `<key>.<value>` for each label that one of the keys names. A key that ends in `*` names all labels that begin
 * with what is before it. A label with an empty value yields nothing, as a tag must not end in a hole; like a key
 * that matches nothing, it is not counted as skipped. @param beginning what a `*` gets of these labels.
 */
export function labelKeySuffixes(
  keys: readonly string[],
  labels: Labels,
  beginning: TextsBeginning = allTexts(labels),
): readonly string[] {
  const suffixes = new Set<string>();
  for (const key of keys) {
    if (key.endsWith('*')) {
      for (const text of beginning(key.slice(0, -1))) suffixes.add(text);
      continue;
    }
    const value = labels.get(key);
    if (value !== undefined && value !== '') suffixes.add(`${key}.${value}`);
  }
  return [...suffixes];
}

function valueOf(part: TemplatePart, values: TemplateValues): string | undefined {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'field') return values[part.field];
  return (part.kind === 'label' ? values.labels : values.namespaceLabels).get(part.key);
}

const fields = ['namespace', 'pod', 'node', 'serviceAccount'] as const;
const maps = ['labels', 'namespaceLabels'] as const;
const forms = [...fields, ...maps.map((map) => `${map}['key']`)].join(', ');

/** The placeholder, or what is wrong with it. */
function readPlaceholder(inside: string): TemplatePart | string {
  const word = inside.replace(/^ +| +$/gu, '');
  const field = fields.find((name) => name === word);
  if (field !== undefined) return { kind: 'field', field };
  const [, dotted] = /^labels\.([A-Za-z0-9](?:[-A-Za-z0-9_]*[A-Za-z0-9])?)$/u.exec(word) ?? [];
  if (dotted !== undefined && dotted.length <= maxLabelValueLength) return { kind: 'label', key: dotted };
  const [, map, key] = /^(labels|namespaceLabels) *\[ *'([^']*)' *\]$/u.exec(word) ?? [];
  if (map === undefined || key === undefined) return unknownPlaceholder(word);
  if (!isLabelKey(key)) return `${quoted(key)} is not a label key (such as app or example.com/tier)`;
  return { kind: map === 'labels' ? 'label' : 'namespaceLabel', key };
}

function unknownPlaceholder(word: string): string {
  const [head] = /^[A-Za-z]+/u.exec(word) ?? [];
  if (head === undefined) return `the placeholder ${quoted(word)} is unknown: use one of ${forms}`;
  const meant = nearest(head, [...fields, ...maps]);
  const [, key = 'key'] = /([A-Za-z0-9](?:[^'"\]]*[A-Za-z0-9])?)/u.exec(word.slice(head.length)) ?? [];
  const form = maps.some((map) => map === meant) ? `${meant}['${key}']` : meant;
  return meant === head
    ? `the placeholder ${quoted(word)} is not well formed: write ${form}`
    : `the placeholder ${quoted(word)} is unknown: did you mean ${form}?`;
}

function strayBrace(text: string, index: number): string {
  const at = position(text, index);
  if (text.startsWith('{{', index))
    return `the placeholder that opens at character ${at} is not closed by }}`;
  return `the brace at character ${at} belongs to no placeholder: braces only stand as {{ placeholder }}`;
}

function illegalPart(parts: Template): string | undefined {
  for (const [i, part] of parts.entries()) {
    if (part.kind !== 'text') continue;
    const problem = illegalText(part.text);
    if (problem !== undefined) return `the text ${quoted(part.text)} ${problem}`;
    if (i === parts.length - 1 && /\p{Z}|\uFEFF/u.test(part.text.slice(-1))) return 'must not end in a blank';
  }
  return undefined;
}

function position(text: string, index: number): number {
  return Array.from(text.slice(0, index)).length + 1;
}

function failed(problem: string): ParsedTemplate {
  return { ok: false, problem };
}
