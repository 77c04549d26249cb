// The filter of a dynamic address group: tags joined by `and`, `or`, `not` and parentheses.

/** Whether an object with these tags is a member. */
type DagFilter = (tags: ReadonlySet<string>) => boolean;

/** The text is no filter; the message names what is wrong. */
class FilterError extends RangeError {
  override readonly name = 'FilterError';
}

type Token = { readonly kind: 'tag' | 'word' | 'open' | 'close'; readonly text: string };

const token = /\s*(?:'([^']*)'|"([^"]*)"|([()])|([^\s'"()]+))/y;

const tokensOf = (filter: string): Token[] => {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  const source = filter.trimEnd();
  while (token.lastIndex < source.length) {
    const offset = token.lastIndex;
    const match = token.exec(source);
    if (!match) throw new FilterError(`an unclosed quotation mark at ${offset}`);
    const [, single, double, parenthesis, bare = ''] = match;
    const quoted = single ?? double;
    if (quoted !== undefined) tokens.push({ kind: 'tag', text: quoted });
    else if (parenthesis !== undefined)
      tokens.push({ kind: parenthesis === '(' ? 'open' : 'close', text: parenthesis });
    else tokens.push({ kind: /^(?:and|or|not)$/i.test(bare) ? 'word' : 'tag', text: bare });
  }
  return tokens;
};

/** `not` binds tighter than `and`, and `and` tighter than `or`. */
class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): DagFilter {
    const filter = this.#or();
    const left = this.#tokens[this.#next];
    if (left) throw new FilterError(`${left.text} is unexpected`);
    return filter;
  }

  #or(): DagFilter {
    const parts = [this.#and()];
    while (this.#takes('or')) parts.push(this.#and());
    return (tags) => parts.some((part) => part(tags));
  }

  #and(): DagFilter {
    const parts = [this.#not()];
    while (this.#takes('and')) parts.push(this.#not());
    return (tags) => parts.every((part) => part(tags));
  }

  #not(): DagFilter {
    if (!this.#takes('not')) return this.#operand();
    const part = this.#not();
    return (tags) => !part(tags);
  }

  #operand(): DagFilter {
    const found = this.#tokens[this.#next++];
    if (found?.kind === 'tag') return (tags) => tags.has(found.text);
    if (found?.kind !== 'open') throw new FilterError(`a tag is missing before ${found?.text ?? 'the end'}`);
    const inner = this.#or();
    if (this.#tokens[this.#next++]?.kind !== 'close') throw new FilterError('a parenthesis is not closed');
    return inner;
  }

  #takes(word: string): boolean {
    const found = this.#tokens[this.#next];
    if (found?.kind !== 'word' || found.text.toLowerCase() !== word) return false;
    this.#next++;
    return true;
  }
}

/** Reads a filter; tags stand in single or double quotes, or bare where they have no space. Throws FilterError. */
export const readDagFilter = (filter: string): DagFilter => new Parser(tokensOf(filter)).parse();
