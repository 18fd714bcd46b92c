import ts from 'typescript';

/** What takes more than three things by their places, and its line, from 1. */
export interface ManyParameters {
  readonly line: number;
  readonly count: number;
}

/** As many as callers can keep apart without their names. */
const most = 3;

/**
 * Functions, and types of functions, with more than three positional parameters. Biome's `useMaxParams` sees those with a
 * body alone: not the methods of an interface, nor a type that stands for a function. `this` is none that a caller gives.
 */
export function manyParametersIn(text: string): readonly ManyParameters[] {
  const source = ts.createSourceFile('text.ts', text, ts.ScriptTarget.Latest, true);
  const found: ManyParameters[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const count = node.parameters.filter(({ name }) => !ts.isIdentifier(name) || name.text !== 'this').length;
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      if (count > most) found.push({ line: line + 1, count });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
