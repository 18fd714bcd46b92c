import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Escape, readLogicalLine } from '../../src/dockerfile/logical-line.ts';
import { Source } from '../../src/dockerfile/source.ts';

/** All logical lines of a text; an empty line inside one is shown by its number. */
function linesOf(text: string, character: Escape = '\\'): readonly string[] {
  const source = new Source('Dockerfile', text);
  const lines: string[] = [];
  for (
    let read = readLogicalLine(source, source.start, character);
    read;
    read = readLogicalLine(source, read.next, character)
  ) {
    const { emptyLine } = read;
    const empty = emptyLine ? ` [empty: ${source.span(emptyLine.start, emptyLine.end).line}]` : '';
    lines.push(read.line.text + empty);
  }
  return lines;
}

const cases: [title: string, text: string, want: readonly string[], escape?: Escape][] = [
  ['nothing', '', []],
  ['comments and empty lines only', '# a\n\n   \n\t# b', []],
  ['the last line without a newline', 'A b\nC d', ['A b', 'C d']],
  ['no indentation in front', ' \t A b', ['A b']],
  ['a comment sign inside a line as text', 'A b # c', ['A b # c']],
  ['a continued line, indentation kept', 'A \\\n  b', ['A   b']],
  ['a word that is continued', 'A b\\\nc', ['A bc']],
  ['blanks behind the escape character', 'A \\ \t\nb', ['A b']],
  ['an escaped escape character as text', 'A \\\\\nB c', ['A \\\\', 'B c']],
  ['three escape characters as text', 'A \\\\\\\nB c', ['A \\\\\\', 'B c']],
  ['an escape character before other text', 'A \\ b\nB c', ['A \\ b', 'B c']],
  ['comments inside, indented or not', 'A b\\\n# x\n  # y \\\nc', ['A bc']],
  ['an empty line inside, and says where', 'A \\\n\n \nb', ['A b [empty: 2]']],
  ['a line of the escape character alone', 'A \\\n\\\n \\\nb', ['A  b']],
  ['a continuation at the end of the file', 'A b \\', ['A b ']],
  ['a continuation at the end, comments behind it', 'A b \\\n# x\n\n', ['A b  [empty: 3]']],
  ['an escape character alone in the file', '\\\n', ['']],
  ['escape characters and blanks alone', ' \\\n \\\n  \\\nA b', ['   A b']],
  ['escape characters and blanks up to the end', 'A b\n \\\n \\\n  \\', ['A b', '   ']],
  ['an escape character before the first instruction', '\\\n A b', [' A b']],
  ['CRLF', 'A \\\r\n b\r\n# x\r\nC d\r\n', ['A  b', 'C d']],
  ['CRLF and an empty line inside', 'A \\\r\n\r\nb\r\n', ['A b [empty: 2]']],
  ['a lone carriage return as text', 'A\rb\nC d', ['A\rb', 'C d']],
  ['a backtick', 'A `\n b\\\nC d', ['A  b\\', 'C d'], '`'],
  ['a doubled backtick as text', 'A ``\nB c', ['A ``', 'B c'], '`'],
  ['behind a byte order mark', '\ufeffA b', ['A b']],
];
for (const [title, text, want, character] of cases) {
  test(`readLogicalLine() reads ${title}`, () => assert.deepEqual(linesOf(text, character), want));
}

test('LogicalLine.span() covers what lies between the pieces of a broken word', () => {
  const text = '\ufeff  FROM \\\r\n# c\r\n  al\\\r\n\r\npine';
  const source = new Source('f', text);
  const read = readLogicalLine(source, source.start, '\\');
  assert.ok(read);
  assert.equal(read.line.text, 'FROM   alpine');
  const at = read.line.span(7, 13);
  assert.deepEqual(at, {
    file: 'f',
    line: 3,
    column: 3,
    offset: text.indexOf('al'),
    length: 'al\\\r\n\r\npine'.length,
  });
  assert.deepEqual(read.line.span(0, 4), { file: 'f', line: 1, column: 3, offset: 3, length: 4 });
  assert.deepEqual(read.line.span(13, 13), { file: 'f', line: 5, column: 5, offset: text.length, length: 0 });
});

test('LogicalLine.offsetOf() finds every character where it was written', () => {
  const piece = fc.stringMatching(/^[a-z ]{1,5}$/);
  const between = fc.constantFrom('\\\n', '\\ \r\n', '\\\n# comment\n', '\\\n\n', '\\\n\\\n');
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, between), { maxLength: 6 }), piece, (pieces, last) => {
      const text = `X${pieces.flat().join('')}${last}y`;
      const read = readLogicalLine(new Source('f', text), 0, '\\');
      assert.ok(read);
      const { line } = read;
      for (let index = 0; index < line.text.length; index++) {
        assert.equal(text[line.offsetOf(index)], line.text[index]);
        if (index > 0) assert.ok(line.offsetOf(index) > line.offsetOf(index - 1));
      }
    }),
  );
});
