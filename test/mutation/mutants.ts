// All mutants of one source file: each is the source with one small edit.

import {
  isExportDeclaration,
  isImportDeclaration,
  isPropertyAssignment,
  isTypeNode,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { operators } from './operators.ts';

export type Mutant = {
  /** The whole mutated source. */
  readonly source: string;
  /** Counted from 1. */
  readonly line: number;
  readonly original: string;
  readonly replacement: string;
};

export function mutantsOf(file: SourceFile): Mutant[] {
  const { text } = file;
  const mutants = new Map<string, Mutant>();
  const visit = (node: Node): void => {
    if (isDeclarative(node)) return;
    for (const [target, replacement] of operators.flatMap((operator) => operator(node))) {
      const start = target.getStart(file);
      const original = text.slice(start, target.end);
      const source = text.slice(0, start) + replacement + text.slice(target.end);
      const line = text.slice(0, start).split('\n').length;
      if (original !== replacement) mutants.set(source, { source, line, original, replacement });
    }
    if (isPropertyAssignment(node)) visit(node.initializer);
    else node.forEachChild(visit);
  };
  visit(file);
  return [...mutants.values()].sort((a, b) => a.line - b.line);
}

/** Has no effect when the program runs. */
function isDeclarative(node: Node): boolean {
  const types =
    node.kind === SyntaxKind.TypeAliasDeclaration || node.kind === SyntaxKind.InterfaceDeclaration;
  return types || isTypeNode(node) || isImportDeclaration(node) || isExportDeclaration(node);
}
