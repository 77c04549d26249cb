// The grammar of Kubernetes label keys and values (apimachinery pkg/util/validation).
//
// The sources below are written in the common part of JavaScript's regular expressions and RE2, because the
// CRDs carry them as CEL rules too.

import type { Labels } from '../model/model.ts';

/** The part of a key after the slash, or the whole key where there is none. */
const name = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';

export const subdomainSource = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*';
/** A key, apart from the length of what is before the slash: see isLabelKey. */
export const labelKeySource = `(?:${subdomainSource}/)?${name}`;
export const labelValueSource = `(?:${name})?`;

/** 253 characters of DNS name, a slash, 63 of name. */
export const maxLabelKeyLength = 317;
export const maxLabelPrefixLength = 253;
export const maxLabelValueLength = 63;

const keyPattern = new RegExp(`^${labelKeySource}$`, 'u');
const valuePattern = new RegExp(`^${labelValueSource}$`, 'u');

export function isLabelKey(text: string): boolean {
  return keyPattern.test(text) && text.indexOf('/') <= maxLabelPrefixLength;
}

export function isLabelValue(text: string): boolean {
  return valuePattern.test(text);
}

/** Mostly a look at two instances: only sets that are too large to be shared are compared label by label. */
export function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
