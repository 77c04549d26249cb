// Reads a whole XML document into a tree, within limits on how deep and how large that may become.
import { endTag, type Scanner, skipBetween, startTag, textPart, unexpected } from './xml-scanner.ts';

/** An element: attributes under `@name`, children under their names, text beside children or attributes under `#text`. */
export type Element = { readonly [name: string]: unknown };

/** A name, and an Element or, where it has neither attributes nor children, its text. */
export type Node = { readonly name: string; readonly value: unknown };

/** Replies nest a dozen levels. */
const deepest = 64;
const referencesEach = 128;
const mostReferences = 500_000;

/**
 * The root. Several children of a name are a list; blanks around text are dropped, and a reference that nobody knows is
 * text. Throws PanosError InvalidResponse for whatever is not one whole document, and for one beyond the limits.
 * @param parts how many elements and attributes it may have, together; references, a tag full for each.
 */
export function readTree(text: string, parts: number): Node {
  const scanner: Scanner = { text, at: text.startsWith('\uFEFF') ? 1 : 0 };
  const budget = { left: parts };
  for (let at = -1, references = 0; (at = text.indexOf('&', at + 1)) >= 0; references += 1)
    if (references >= Math.min(parts * referencesEach, mostReferences))
      throw unexpected({ text, at }, 'a smaller answer');
  const root = readElement(scanner, budget, 1);
  skipBetween(scanner);
  if (scanner.at < text.length) throw unexpected(scanner, 'the end');
  return root;
}

function readElement(scanner: Scanner, budget: { left: number }, depth: number): Node {
  const { name, attributes, empty } = startTag(scanner);
  budget.left -= 1 + attributes.size;
  if (budget.left < 0 || depth > deepest) throw unexpected(scanner, 'a smaller answer');
  const content: Record<string, unknown> = {};
  for (const [key, value] of attributes) content[`@${key}`] = value;
  let text = '';
  if (!empty) {
    while (!scanner.text.startsWith('</', scanner.at)) {
      if (atStartTag(scanner)) add(content, readElement(scanner, budget, depth + 1));
      else text += textPart(scanner, true);
    }
    endTag(scanner, name);
  }
  return { name, value: valueOf(content, text.trim()) };
}

function atStartTag({ text, at }: Scanner): boolean {
  return text.charCodeAt(at) === 0x3c && !'!?'.includes(text.charAt(at + 1));
}

function add(parent: Record<string, unknown>, { name, value }: Node): void {
  const before = Object.hasOwn(parent, name) ? parent[name] : undefined;
  if (Array.isArray(before)) before.push(value);
  // Not by assignment: __proto__ would be no property but the prototype.
  else Object.defineProperty(parent, name, ownValue(before === undefined ? value : [before, value]));
}

function ownValue(value: unknown): PropertyDescriptor {
  return { value, enumerable: true, configurable: true, writable: true };
}

function valueOf(content: Record<string, unknown>, text: string): unknown {
  if (Object.keys(content).length === 0) return text;
  if (text !== '') content['#text'] = text;
  return content;
}
