import { readDirectives } from '../../src/dockerfile/directives.ts';
import { readLogicalLine } from '../../src/dockerfile/logical-line.ts';
import { Source } from '../../src/dockerfile/source.ts';
import { type Arguments, readStatement, type Statement } from '../../src/dockerfile/statement.ts';
import { valueIn } from './outcome.ts';

/** The statements of a Dockerfile without heredocs, one `(keyword [flags] "argument" …)` a line, as BuildKit prints them. */
export function sExpressions(text: string): string {
  const source = new Source('Dockerfile', text);
  const escapeCharacter = readDirectives(source).escape;
  const lines: string[] = [];
  for (
    let read = readLogicalLine(source, 0, escapeCharacter);
    read;
    read = readLogicalLine(source, read.next, escapeCharacter)
  ) {
    lines.push(statementText(valueIn(readStatement(read.line, escapeCharacter))));
  }
  return lines.join('\n');
}

function statementText({ keyword, flags, arguments: written }: Statement): string {
  const words = [keyword.toLowerCase()];
  if (flags.length > 0) words.push(`[${flags.map((flag) => quoted(flag.text)).join(' ')}]`);
  return `(${[...words, ...argumentTexts(written)].join(' ')})`;
}

function argumentTexts(written: Arguments): readonly string[] {
  switch (written.kind) {
    case 'nothing':
      return [];
    case 'words':
      return written.words.map(({ text }) => quoted(text));
    case 'json':
      return written.strings.map(quoted);
    case 'text':
      return [quoted(written.text.text)];
    case 'pairs':
      return written.pairs.flatMap(({ key, value, separator }) => [key.text, value.text, separator].map(quoted));
    case 'typed':
      return [quoted(written.type.text), ...argumentTexts(written.rest)];
    case 'statement':
      return [statementText(written.statement)];
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** A string as Go quotes it. */
function quoted(text: string): string {
  const escaped = text.replace(
    /["\\\u0000-\u001f\u007f]/g,
    (char) => ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
}
