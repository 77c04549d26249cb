// Reads one XML document strictly: what is not well-formed is an error, never a guess.
//
// A reader of the simulator's own, because a parser shared with a client under test would hide a bug that both
// have, and because a lax one forgives what a device refuses: undefined entities, a bare `<` in an attribute,
// control characters, two roots, text after the root.

export type XmlElement = {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Character data directly inside this element, CDATA included, references resolved, whitespace kept. */
  readonly text: string;
};

/** The text is not a well-formed document; the message names the offset in UTF-16 units. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

type OpenElement = { name: string; attributes: Map<string, string>; children: XmlElement[]; text: string };

/** As libxml2's default limit. */
const maxDepth = 256;
// oxlint-disable-next-line no-control-regex -- these are the characters that XML 1.0 cannot carry
const forbiddenCharacters = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const tagName = /[\p{L}_:][\p{L}\p{N}_:.-]*/uy;
const attribute = /\s+([\p{L}_:][\p{L}\p{N}_:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/uy;
const tagEnd = /\s*(\/?)>/y;
const closingEnd = /\s*>/y;
const declaration = /^<\?xml\s+version\s*=\s*["']1\.\d["'](?:\s+[\w-]+\s*=\s*["'][\w.-]*["'])*\s*\?>/;
const namedEntities = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

const fail = (what: string, offset: number): never => {
  throw new XmlError(`${what} at offset ${offset}`);
};

/** The match of a sticky pattern at `offset`, or undefined. */
const matchAt = (pattern: RegExp, source: string, offset: number): RegExpExecArray | undefined => {
  pattern.lastIndex = offset;
  return pattern.exec(source) ?? undefined;
};

const characterOf = (reference: string, offset: number): string => {
  const named = namedEntities.get(reference);
  if (named !== undefined) return named;
  const digits = /^#(?:(\d{1,7})|x([\da-fA-F]{1,6}))$/.exec(reference);
  const point = digits?.[1] ? Number(digits[1]) : Number.parseInt(digits?.[2] ?? '', 16);
  if (!(point > 0 && point <= 0x10ffff)) return fail(`unknown entity &${reference.slice(0, 20)};`, offset);
  const character = String.fromCodePoint(point);
  if (!character.isWellFormed() || forbiddenCharacters.test(character)) {
    return fail('a reference to a character that XML cannot carry', offset);
  }
  return character;
};

const resolveReferences = (text: string, offset: number): string => {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,20};)?/g, (_, reference: string | undefined) =>
    reference === undefined ? fail('a bare &', offset) : characterOf(reference.slice(0, -1), offset),
  );
};

/** Cursor over one document. The stack is explicit, so nesting costs no call stack. */
class Reader {
  readonly #source: string;
  readonly #stack: OpenElement[] = [];
  #offset = 0;
  #root: XmlElement | undefined;

  constructor(source: string) {
    this.#source = source;
    this.#offset = declaration.exec(source)?.[0].length ?? 0;
  }

  read(): XmlElement {
    const source = this.#source;
    for (;;) {
      const next = source.indexOf('<', this.#offset);
      this.#text(source.slice(this.#offset, next < 0 ? source.length : next));
      if (next < 0) break;
      this.#offset = next;
      this.#markup();
    }
    const unclosed = this.#stack.at(-1);
    if (unclosed) return fail(`<${unclosed.name}> is not closed`, source.length);
    return this.#root ?? fail('no root element', source.length);
  }

  #markup(): void {
    const source = this.#source;
    if (source.startsWith('</', this.#offset)) this.#close();
    else if (source.startsWith('<!--', this.#offset)) this.#comment();
    else if (source.startsWith('<![CDATA[', this.#offset)) this.#cdata();
    else if (source.startsWith('<?', this.#offset)) this.#instruction();
    else if (source.startsWith('<!', this.#offset)) fail('a document type is not accepted', this.#offset);
    else this.#open();
  }

  #text(raw: string): void {
    if (raw === '') return;
    const parent = this.#stack.at(-1);
    if (!parent) {
      if (/[^ \t\r\n]/.test(raw)) fail('text outside the root element', this.#offset);
      return;
    }
    if (raw.includes(']]>')) fail('a bare ]]>', this.#offset);
    parent.text += resolveReferences(raw, this.#offset);
  }

  #open(): void {
    const source = this.#source;
    const name = matchAt(tagName, source, this.#offset + 1)?.[0];
    if (name === undefined) return fail('a bare <', this.#offset);
    if (this.#root) return fail('a second root element', this.#offset);
    if (this.#stack.length === maxDepth) return fail('nested too deeply', this.#offset);
    this.#offset += 1 + name.length;
    const attributes = this.#attributes();
    const end = matchAt(tagEnd, source, this.#offset);
    if (!end) return fail(`<${name}> is malformed`, this.#offset);
    this.#offset += end[0].length;
    const element: OpenElement = { name, attributes, children: [], text: '' };
    if (end[1] === '/') this.#finish(element);
    else this.#stack.push(element);
  }

  #attributes(): Map<string, string> {
    const attributes = new Map<string, string>();
    for (;;) {
      const match = matchAt(attribute, this.#source, this.#offset);
      const name = match?.[1];
      if (!match || name === undefined) return attributes;
      if (attributes.has(name)) return fail(`attribute ${name} twice`, this.#offset);
      const raw = (match[2] ?? match[3] ?? '').replace(/[\t\r\n]/g, ' ');
      attributes.set(name, resolveReferences(raw, this.#offset));
      this.#offset += match[0].length;
    }
  }

  #close(): void {
    const element = this.#stack.pop();
    const name = matchAt(tagName, this.#source, this.#offset + 2)?.[0];
    if (!element || name !== element.name) return fail('a closing tag that closes nothing', this.#offset);
    const end = matchAt(closingEnd, this.#source, this.#offset + 2 + name.length);
    if (!end) return fail(`</${name}> is malformed`, this.#offset);
    this.#offset += 2 + name.length + end[0].length;
    this.#finish(element);
  }

  #finish(element: OpenElement): void {
    const parent = this.#stack.at(-1);
    if (parent) parent.children.push(element);
    else this.#root = element;
  }

  #comment(): void {
    const end = this.#source.indexOf('--', this.#offset + 4);
    if (end < 0 || this.#source[end + 2] !== '>') fail('a malformed comment', this.#offset);
    this.#offset = end + 3;
  }

  #cdata(): void {
    const parent = this.#stack.at(-1);
    const end = this.#source.indexOf(']]>', this.#offset);
    if (!parent || end < 0) return fail('a malformed CDATA section', this.#offset);
    parent.text += this.#source.slice(this.#offset + 9, end);
    this.#offset = end + 3;
  }

  #instruction(): void {
    const end = this.#source.indexOf('?>', this.#offset);
    if (end < 0 || !/^<\?(?!xml\b)[A-Za-z]/i.test(this.#source.slice(this.#offset, end))) {
      fail('a malformed processing instruction', this.#offset);
    }
    this.#offset = end + 2;
  }
}

/** The root element of a document; throws XmlError and nothing else. */
export const readXml = (document: string): XmlElement => {
  if (!document.isWellFormed() || forbiddenCharacters.test(document)) {
    throw new XmlError('a character that XML cannot carry');
  }
  return new Reader(document.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')).read();
};
