// Mutation operators: each names small edits of one node of a source.

import {
  isArrayLiteralExpression,
  isArrowFunction,
  isBinaryExpression,
  isBreakOrContinueStatement,
  isCallExpression,
  isConditionalExpression,
  isElementAccessExpression,
  isExpressionStatement,
  isForStatement,
  isIfStatement,
  isNoSubstitutionTemplateLiteral,
  isNumericLiteral,
  isObjectLiteralExpression,
  isPostfixUnaryExpression,
  isPrefixUnaryExpression,
  isPropertyAccessExpression,
  isRegularExpressionLiteral,
  isReturnStatement,
  isStringLiteral,
  isTemplateExpression,
  isThrowStatement,
  isWhileStatement,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast';

/** Put this text in the node's place. */
export type Edit = readonly [node: Node, replacement: string];
export type Operator = (node: Node) => readonly Edit[];

const swaps: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&&': '||',
  '||': '&&',
  '+=': '-=',
  '-=': '+=',
  '??=': '=',
  '++': '--',
  '--': '++',
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  floor: 'ceil',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
};

const choices = new Set(['&&', '||', '??']);
/** Calls that answer something of their receiver's own type. */
const chained = new Set(['filter', 'sort', 'slice', 'reverse', 'trim', 'toLowerCase', 'flat', 'concat']);
const takesPredicate = new Set(['filter', 'some', 'every', 'find', 'findIndex']);

function binary(node: Node): readonly Edit[] {
  if (!isBinaryExpression(node)) return [];
  const operator = node.operatorToken.getText();
  const swap = swaps[operator];
  const sides: Edit[] = choices.has(operator)
    ? [
        [node, node.left.getText()],
        [node, node.right.getText()],
      ]
    : [];
  return swap === undefined ? sides : [[node.operatorToken, swap], ...sides];
}

function unary(node: Node): readonly Edit[] {
  if (!isPrefixUnaryExpression(node) && !isPostfixUnaryExpression(node)) return [];
  const operand = node.operand.getText();
  if (node.operator === SyntaxKind.PlusPlusToken || node.operator === SyntaxKind.MinusMinusToken)
    return [[node, node.getText().replace(/\+\+|--/, (sign) => swaps[sign] ?? sign)]];
  return [[node, operand]];
}

function condition(node: Node): readonly Edit[] {
  if (isConditionalExpression(node)) return bothWays(node.condition);
  if (isIfStatement(node)) return bothWays(node.expression);
  // Never `true`: it would only loop for ever.
  if (isWhileStatement(node)) return [[node.expression, 'false']];
  return isForStatement(node) && node.condition !== undefined ? [[node.condition, 'false']] : [];
}

function bothWays(node: Node): readonly Edit[] {
  return [
    [node, 'true'],
    [node, 'false'],
  ];
}

function literal(node: Node): readonly Edit[] {
  if (node.kind === SyntaxKind.TrueKeyword) return [[node, 'false']];
  if (node.kind === SyntaxKind.FalseKeyword) return [[node, 'true']];
  if (isNumericLiteral(node)) return [[node, String(Number(node.getText().replaceAll('_', '')) + 1)]];
  if (isTemplateExpression(node)) return [[node, "''"]];
  if (!isStringLiteral(node) && !isNoSubstitutionTemplateLiteral(node)) return [];
  return [[node, node.text === '' ? "'mutated'" : "''"]];
}

function pattern(node: Node): readonly Edit[] {
  if (!isRegularExpressionLiteral(node)) return [];
  const text = node.getText();
  const edits = [
    text.replace('/^', '/'),
    text.replace(/\$(\/\w*)$/, '$1'),
    text.replace('[^', '['),
    text.replace(/([^\\])\+/, '$1*'),
    text.replace(/([^\\])\*/, '$1+'),
  ];
  return edits.filter((edit) => edit !== text).map((edit) => [node, edit]);
}

function collection(node: Node): readonly Edit[] {
  if (isArrayLiteralExpression(node)) {
    if (node.elements.length === 0) return [[node, "['mutated']"]];
    return node.elements.map((out) => [node, `[${without(node.elements, out)}]`]);
  }
  if (!isObjectLiteralExpression(node)) return [];
  return node.properties.map((out) => [node, `{ ${without(node.properties, out)} }`]);
}

function without(nodes: readonly Node[], out: Node): string {
  return nodes
    .filter((node) => node !== out)
    .map((node) => node.getText())
    .join(', ');
}

function call(node: Node): readonly Edit[] {
  if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return [];
  const { name, expression: receiver } = node.expression;
  const swap = swaps[name.text];
  const [first] = node.arguments;
  const edits: Edit[] = swap === undefined ? [] : [[name, swap]];
  if (chained.has(name.text)) edits.push([node, receiver.getText()]);
  if (takesPredicate.has(name.text) && first !== undefined) edits.push([first, '() => true']);
  return edits;
}

function arrow(node: Node): readonly Edit[] {
  return isArrowFunction(node) && node.body.kind !== SyntaxKind.Block ? [[node.body, 'undefined']] : [];
}

function statement(node: Node): readonly Edit[] {
  if (isReturnStatement(node)) {
    const answer = node.expression?.getText() ?? 'undefined';
    return [[node, answer === 'undefined' ? ';' : 'return;']];
  }
  const droppable = isExpressionStatement(node) || isThrowStatement(node) || isBreakOrContinueStatement(node);
  return droppable ? [[node, ';']] : [];
}

function optionalChain(node: Node): readonly Edit[] {
  const chain = isPropertyAccessExpression(node) || isElementAccessExpression(node) || isCallExpression(node);
  if (!chain || node.questionDotToken === undefined) return [];
  return [[node.questionDotToken, isPropertyAccessExpression(node) ? '.' : '']];
}

export const operators: readonly Operator[] = [
  binary,
  unary,
  condition,
  literal,
  pattern,
  collection,
  call,
  arrow,
  statement,
  optionalChain,
];
