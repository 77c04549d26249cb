// The envelope that all replies share: one well-formed document, its status, its refusal, its <result>.
import type { DeviceError } from '../../core/model/device-error.ts';
import { type Intent, invalidResponse } from '../errors/errors.ts';
import { type Echo, noEcho } from '../errors/phrases.ts';
import { refusal } from '../errors/refusal.ts';
import { type Element, type Node, readTree } from '../xml/xml-tree.ts';

export type { Element };

/** The root of a reply, its status judged. */
type Envelope = { readonly status: 'success' | 'refused'; readonly response: Element };

/** Elements and attributes of a reply, unless its reader knows better: the system info of a device has about a hundred. */
const usualParts = 20_000;

/**
 * Parses one whole reply. Throws InvalidResponse for what is none: cut off, not XML, another root, a DOCTYPE, or more
 * elements and attributes than it may have.
 */
export function readEnvelope(text: string, intent: Intent, parts = usualParts): Envelope {
  const { name, value } = parseDocument(text, intent, parts);
  const response = asElement(value);
  if (name !== 'response') throw invalidResponse('it is no XML API reply', intent);
  const status = statusOf(attribute(response, 'status'), attribute(response, 'code'));
  if (status === undefined) throw invalidResponse('its status and its code contradict each other', intent);
  return { status, response };
}

/**
 * Reads a reply and gives the content of its <result>. Throws DeviceError: the device's own refusal, or InvalidResponse
 * for whatever is no complete reply.
 */
export function readResult(text: string, parts?: number): Element {
  const intent = 'read';
  const { status, response } = readEnvelope(text, intent, parts);
  if (status === 'refused') throw refusalOf(response, intent);
  const result = child(response, 'result');
  if (result === undefined) throw invalidResponse('it has no <result>', intent);
  return result;
}

/**
 * How a call ended, by the attributes of the root, each '' when absent. Only "success" is one; it has no code, or a
 * code of success. undefined when the two contradict each other.
 */
export function statusOf(status: string, code: string): Envelope['status'] | undefined {
  const successCode = code === '19' || code === '20';
  if (status === 'success') return code === '' || successCode ? 'success' : undefined;
  return successCode || status === '' ? undefined : 'refused';
}

/** Whether a text is a reply in which the device refuses: the one body that counts under an HTTP error status. */
export function isRefusal(text: string): boolean {
  try {
    return readEnvelope(text, 'read').status === 'refused';
  } catch {
    return false;
  }
}

/**
 * The refusal that a root with another status than success stands for.
 * @param echo of the tags that the device was sent, and may repeat.
 */
export function refusalOf(response: Element, intent: Intent, echo: Echo = noEcho): DeviceError {
  return refusal({ code: attribute(response, 'code'), text: wordsOf(response), intent, echo });
}

/** What the device says: the text in msg or in result/msg. */
export function wordsOf(response: Element): string {
  return textOf(response['msg']) || textOf(child(response, 'result')?.['msg']);
}

function isElement(value: unknown): value is Element {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** All children of a name. */
export function children(parent: Element | undefined, name: string): readonly Element[] {
  const value = parent?.[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(asElement);
}

/** The only child of a name, an empty element when it is empty; undefined when there is none or there are several. */
export function child(parent: Element, name: string): Element | undefined {
  const found = children(parent, name);
  return found.length === 1 ? found[0] : undefined;
}

function asElement(value: unknown): Element {
  if (isElement(value)) return value;
  return typeof value === 'string' && value !== '' ? { '#text': value } : {};
}

/** An attribute's value, '' when there is none. */
export function attribute(element: Element, name: string): string {
  const value = element[`@${name}`];
  return typeof value === 'string' ? value : '';
}

/** All text below a value, joined by spaces. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value.trim();
  if (Array.isArray(value)) return value.map(textOf).filter(Boolean).join(' ');
  if (!isElement(value)) return '';
  const parts = Object.entries(value).map(([name, inner]) => (name.startsWith('@') ? '' : textOf(inner)));
  return parts.filter(Boolean).join(' ');
}

function parseDocument(text: string, intent: Intent, parts: number): Node {
  try {
    return readTree(text, parts);
  } catch {
    throw invalidResponse('it is no well-formed XML, or more or less than a whole answer', intent);
  }
}
