import type { Fault } from '../fault.ts';

const tests = ['test/doc/exports.test.ts'];
const file = 'test/doc/exports.ts';

/** The check itself may be blind: of the sources, of kinds of exports, of comments that are none. */
export const faults: readonly Fault[] = [
  {
    name: 'what is not exported needs a sentence too',
    file,
    find: 'if (!isExported) continue;',
    replace: 'if (false) continue;',
    tests,
  },
  {
    name: 'only the first constant of a statement is seen',
    file,
    find: 'statement.declarationList.declarations.flatMap(({ name })',
    replace: 'statement.declarationList.declarations.slice(0, 1).flatMap(({ name })',
    tests,
  },
  {
    name: 'constants are not seen',
    file,
    find: '  if (ts.isVariableStatement(statement))\n    return',
    replace:
      '  if (ts.isVariableStatement(statement)) return [];\n  if (ts.isVariableStatement(statement))\n    return',
    tests,
  },
  {
    name: 'the second overload has to have the sentence',
    file,
    find: "else if (known.sentence === '') found",
    replace: 'else found',
    tests,
  },
  {
    name: 'a sentence on the type of a schema is not seen',
    file,
    find: "else if (known.sentence === '') found.set(name, { ...known, sentence });",
    replace: '',
    tests,
  },
  {
    name: 'a tag is a sentence',
    file,
    find: '?.comment;\n  return (typeof',
    replace: '?.getText();\n  return (typeof',
    tests,
  },
  {
    name: 'an empty comment is a sentence',
    file,
    find: "(ts.getTextOfJSDocComment(comment) ?? '')",
    replace: "(ts.getTextOfJSDocComment(comment) ?? 'Says.')",
    tests,
  },
  {
    name: 'links in sentences are lost',
    file,
    find: "(typeof comment === 'string' ? comment : (ts.getTextOfJSDocComment(comment) ?? ''))",
    replace: "(typeof comment === 'string' ? comment : '')",
    tests,
  },
  {
    name: 'a comment further up will do',
    file,
    find: 'const sentence = sentenceBefore(statement);',
    replace: 'const sentence = sentenceBefore(statement) || sentenceBefore(source.statements[0]!);',
    tests,
  },
  {
    name: 'the words of a name are told apart by nothing',
    file,
    find: "    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2')\n",
    replace: '',
    tests,
  },
  {
    name: 'an abbreviation and the word after it are one word',
    file,
    find: '|([A-Z])(?=[A-Z][a-z])/g',
    replace: '|(ZZZ)/g',
    tests,
  },
  {
    name: 'one word that the name has is enough for a sentence to say nothing',
    file,
    find: 'told.every(',
    replace: 'told.some(',
    tests,
  },
  {
    name: 'articles say something',
    file,
    find: '.filter((word) => !filler.has(word))',
    replace: '',
    tests,
  },
  {
    name: 'what is exported at the end needs no sentence',
    file,
    find: 'statement.moduleSpecifier === undefined',
    replace: 'statement.moduleSpecifier !== undefined',
    tests,
  },
  {
    name: 'names of a pattern need no sentence',
    file,
    find: 'boundNames(element.name) : []',
    replace: '[] : []',
    tests,
  },
  {
    name: 'whoever answers a load has loaded it',
    file: 'src/engine/exporter/daemon.ts',
    find: 'if (said === undefined)',
    replace: "if (said === undefined && line === '')",
    tests: ['test/engine/exporter/daemon.test.ts'],
  },
];
