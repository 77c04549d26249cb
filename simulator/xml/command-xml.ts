// Shared checks of the command readers: a well-formed document, no unexpected content in an element.
//
// Sources say little about what a device does with a command that is well-formed but odd. Where they are silent
// these readers refuse it as a whole (code 17), so that a client's slip is seen instead of being half applied.

import { CommandError } from './command-error.ts';
import { readXml, XmlError, type XmlElement } from './xml-reader.ts';

/** A well-formed command, or the refusal with code 18. */
export const readCommand = (document: string): XmlElement => {
  try {
    return readXml(document);
  } catch (error) {
    if (error instanceof XmlError) throw new CommandError(18, `malformed command: ${error.message}`);
    throw error;
  }
};

export const unexpected = (parent: XmlElement, child: string): CommandError =>
  new CommandError(17, `${parent.name} -> ${child} is unexpected`);

/** Refuses text beside child elements and children other than `names`. */
export const expectChildren = (element: XmlElement, names: readonly string[]): void => {
  if (element.text.trim() !== '') throw unexpected(element, 'text');
  const stranger = element.children.find((child) => !names.includes(child.name));
  if (stranger) throw unexpected(element, stranger.name);
};

/** An attribute that must be there. */
export const required = (element: XmlElement, name: string): string => {
  const value = element.attributes.get(name);
  if (value === undefined) throw new CommandError(17, `${element.name} -> ${name} is missing`);
  return value;
};

/** The one child that there may be, of the names allowed. */
export const onlyChild = (element: XmlElement, names: readonly string[]): XmlElement | undefined => {
  expectChildren(element, names);
  const [child, second] = element.children;
  if (second) throw new CommandError(17, `${element.name} -> ${second.name} is one too many`);
  return child;
};

/** A whole number of at least 1. */
export const readNumber = (parent: string, element: XmlElement): number => {
  const text = element.text.trim();
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new CommandError(17, `${parent} -> ${element.name} must be a number of 1 or more`);
  }
  return Number(text);
};
