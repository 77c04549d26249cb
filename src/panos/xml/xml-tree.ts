// Reads a whole XML document into a tree, within limits on how deep and how large that may become.
import { XMLParser } from 'fast-xml-parser';
import { invalidResponse } from '../errors/errors.ts';
import { notXml } from './xml-text.ts';

/** An element: attributes under `@name`, children under their names, text beside children or attributes under `#text`. */
export type Element = { readonly [name: string]: unknown };

/** A name, and an Element or, where it has neither attributes nor children, its text. */
export type Node = { readonly name: string; readonly value: unknown };

/** Replies nest a dozen levels. */
const deepest = 64;
const referencesEach = 128;
const mostReferences = 500_000;

/** What may come before the root, and then a DOCTYPE: in the root it is text of somebody's. */
const prologue = /^[^<]*(?:<(?:\?[^>]*|!--[^]*?--)>[^<]*)*<!DOCTYPE/i;

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  htmlEntities: true,
  maxNestedTags: deepest,
});

/**
 * The root. Several children of a name are a list; blanks around text are dropped. Throws for whatever is not one whole
 * document, for a DOCTYPE, and for a document beyond the limits, which is not parsed at all.
 * @param parts how many elements and attributes it may have, together; references, a tag full for each.
 */
export function readTree(text: string, parts: number): Node {
  if (prologue.test(text) || notXml.test(text)) throw invalidResponse('it is no plain XML', 'read');
  const references = Math.min(parts * referencesEach, mostReferences);
  if (exceeds(text, /<[^/!?]|=\s*["']/g, parts) || exceeds(text, /&/g, references))
    throw invalidResponse('it is larger than such an answer can be', 'read');
  const document = parser.parse(text, true) as Element;
  const roots = Object.keys(document).filter((name) => !name.startsWith('?'));
  const [name] = roots;
  if (name === undefined || roots.length > 1) throw invalidResponse('it is not one document', 'read');
  return { name, value: document[name] };
}

/** Stops counting where the limit is passed. */
function exceeds(text: string, pattern: RegExp, most: number): boolean {
  let found = 0;
  for (const _ of text.matchAll(pattern)) {
    found += 1;
    if (found > most) return true;
  }
  return false;
}
