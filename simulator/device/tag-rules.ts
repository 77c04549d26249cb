// Syntax of a tag: the rules of Palo Alto Networks' API lab (page registered-user).

const bareOperator = /^(?:and|or|not)$/i;

const longerThan = (tag: string, limit: number): boolean =>
  tag.length > limit && Array.from(tag).length > limit;

/**
 * Whether the device can hold a tag: 1 to `limit` characters, no quotation mark, no two spaces in a row, not a
 * bare operator of the dynamic address group language.
 */
export const isTag = (tag: string, limit: number): boolean =>
  tag !== '' && !longerThan(tag, limit) && !/['"]| {2}/.test(tag) && !bareOperator.test(tag);
