import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** One name that a module exports, and whether a sentence stands directly before it. */
export interface Exported {
  readonly name: string;
  /** Below `src/`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly sentence: string;
}

/**
 * What a module exports, in its order. Overloads, and a type and a schema of one name, are one name: the first of them
 * has the sentence. What a module hands on of another one is not its own.
 */
export function exportsIn(text: string, file: string): readonly Exported[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = new Map<string, Exported>();
  for (const statement of source.statements) {
    // The sentence belongs where the name is made, and a name that is exported at the end has none there.
    const isList = ts.isExportDeclaration(statement) && statement.moduleSpecifier === undefined;
    const isExported =
      isList ||
      (ts.canHaveModifiers(statement) &&
        ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true);
    if (!isExported) continue;
    const line = source.getLineAndCharacterOfPosition(statement.getStart(source)).line + 1;
    const sentence = sentenceBefore(statement);
    for (const name of namesOf(statement)) {
      const known = found.get(name);
      if (known === undefined) found.set(name, { name, file, line, sentence });
      else if (known.sentence === '') found.set(name, { ...known, sentence });
    }
  }
  return [...found.values()];
}

/** All of `src/`, files in the order of their names. */
export function allExports(src: string): readonly Exported[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .flatMap((file) => exportsIn(readFileSync(join(src, file), 'utf8'), file));
}

/** Without the marks of the comment and without tags such as `@internal`. */
function sentenceBefore(statement: ts.Statement): string {
  const comment = ts.getJSDocCommentsAndTags(statement).find(ts.isJSDoc)?.comment;
  return (typeof comment === 'string' ? comment : (ts.getTextOfJSDocComment(comment) ?? '')).trim();
}

function namesOf(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  if (
    ts.isExportDeclaration(statement) &&
    statement.exportClause !== undefined &&
    ts.isNamedExports(statement.exportClause)
  )
    return statement.exportClause.elements.map(({ name }) => name.text);
  const { name } = statement as ts.Statement & { readonly name?: ts.Node };
  return name !== undefined && ts.isIdentifier(name) ? [name.text] : [];
}

function boundNames(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundNames(element.name) : []));
}

/** A name and the words of it, as in `fooOfBar` and "The foo of the bar.": nothing that one would not know without it. */
export function saysNothing({ name, sentence }: Exported): boolean {
  const told = wordsOf(sentence).filter((word) => !filler.has(word));
  const known = new Set(wordsOf(name));
  return told.every((word) => known.has(word));
}

const filler = new Set(['a', 'an', 'the', 'of', 'for', 'to', 'in', 'is', 'are', 'returns', 'gets', 'type', 'function']);

/** `readIndex` and "Read index." alike: `read`, `index`. */
function wordsOf(text: string): readonly string[] {
  return text
    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}
