import assert from 'node:assert/strict';
import test from 'node:test';
import type { Heredoc, Instruction } from '../../src/dockerfile/dockerfile.ts';
import { heredocWords, runScript } from '../../src/dockerfile/heredoc.ts';
import { complaints, instructionOf, parsed, textAt } from './marked.ts';

const announced: [text: string, want: readonly string[]][] = [
  ['<<EOF', ['EOF']],
  ['cat <<EOF > x', ['EOF']],
  ['cat <<A <<B', ['A', 'B']],
  ['<<-EOF', ['EOF chomp']],
  ['<<"EOF"', ['EOF quoted']],
  ["<<'EOF'", ['EOF quoted']],
  ["<<-'EOF'", ['EOF quoted chomp']],
  ["<<E'O'F", ['EOF quoted']],
  ["<<'two words'", ['two words quoted']],
  ['<<\\EOF', ['EOF']],
  ["<<it\\'s", ["it's"]],
  ['3<<EOF', ['EOF fd 3']],
  ['<< EOF', ['EOF']],
  ['<< -EOF', ['-EOF']],
  ['<<$EOF', ['$EOF']],
  ['<<EOF.txt', ['EOF.txt']],
  ['echo "<<EOF"', []],
  ["echo '<<EOF'", []],
  ['echo \\<<EOF', []],
  ['cat <<<EOF', []],
  ['cat <<', []],
  ['cat <<-', []],
  ['<<""', []],
  ['a <EOF', []],
  ["it's <<EOF", []],
  ['echo "a\\"b" <<EOF', ['EOF']],
];
for (const [text, want] of announced) {
  test(`heredocWords() finds in ${text}`, () => {
    const words = heredocWords(text).map(({ name, expand, chomp, fileDescriptor }) =>
      [name, expand ? '' : 'quoted', chomp ? 'chomp' : '', fileDescriptor ? `fd ${fileDescriptor}` : '']
        .filter(Boolean)
        .join(' '),
    );
    assert.deepEqual(words, want);
  });
}

/** The bodies of the first instruction below FROM. */
function bodies(text: string): Readonly<Record<string, string>> {
  const instruction = instructionOf(text);
  return Object.fromEntries(heredocsOf(instruction).map(({ name, body }) => [name, body]));
}
function heredocsOf(instruction: Instruction): readonly Heredoc[] {
  return 'heredocs' in instruction ? instruction.heredocs : [];
}

const read: [title: string, text: string, want: Record<string, string>][] = [
  ['lines as they are', 'RUN <<E\na\n  b \\\n\tc\n\nE\n', { E: 'a\n  b \\\n\tc\n\n' }],
  ['an empty body', 'RUN <<E\nE\n', { E: '' }],
  ['comments and instructions as text', 'RUN <<E\n# a\nFROM b\nE\n', { E: '# a\nFROM b\n' }],
  ['several, one below the other', 'COPY <<A <<B /d/\na\nB\nA\nb\nA\nB\n', { A: 'a\nB\n', B: 'b\nA\n' }],
  ['tabs away, also before the end', 'RUN <<-E\n\t\ta\n\t b\n  \tc\n\tE\n', { E: 'a\n b\n  \tc\n' }],
  ['no end that is indented, without the dash', 'RUN <<E\n\tE\nE\n', { E: '\tE\n' }],
  ['no end with blanks behind it', 'RUN <<E\nE \nE\n', { E: 'E \n' }],
  ['carriage returns in the body, not at the end', 'RUN <<E\r\na\r\nE\r\n', { E: 'a\r\n' }],
  ['an end at the end of the file', 'RUN <<E\na\nE', { E: 'a\n' }],
  ['below a continued line', 'RUN cat \\\n  <<E\na\nE\n', { E: 'a\n' }],
  ['below a line with flags', 'RUN --network=none <<E\na\nE\n', { E: 'a\n' }],
  ['ADD', 'ADD <<E /f\na\nE\n', { E: 'a\n' }],
  ['none in exec form', 'RUN ["cat", "<<E"]\n', {}],
];
for (const [title, text, want] of read) {
  test(`a heredoc keeps ${title}`, () => assert.deepEqual(bodies(text), want));
}

test('a heredoc knows only the backslash, whatever the escape character is', () => {
  const text = '# escape=`\nFROM a\nRUN <<\\E "`" `\n  b\nx `\nE\nRUN c\n';
  const [first, second] = parsed(text).stages[0]?.instructions ?? [];
  assert.ok(first && second);
  assert.deepEqual(
    heredocsOf(first).map(({ name, body }) => [name, body]),
    [['E', 'x `\n']],
  );
  assert.equal(second.text, 'RUN c');
});

test('only RUN, COPY, ADD and ONBUILD of these have heredocs', () => {
  const text = 'FROM a\nENV A=<<E\nUSER <<E\nCMD <<E\nONBUILD RUN <<E\nx\nE\nRUN y\n';
  assert.deepEqual(
    parsed(text).stages[0]?.instructions.map((instruction) => instruction.text),
    ['ENV A=<<E', 'USER <<E', 'CMD <<E', 'ONBUILD RUN <<E', 'RUN y'],
  );
});

test('the place of an instruction covers its bodies', () => {
  const text = 'FROM a\n  RUN cat <<A <<B # x\na\nA\nb\nB\nRUN y\n';
  const [run] = parsed(text).stages[0]?.instructions ?? [];
  assert.equal(textAt(text, run?.at), 'RUN cat <<A <<B # x\na\nA\nb\nB');
  assert.equal(run?.text, 'RUN cat <<A <<B # x');
});

const wrong: [title: string, text: string, want: readonly string[]][] = [
  ['that does not end', 'RUN cat <<EOF\na\n', ['unterminated-heredoc 2:9 <<EOF']],
  ['of several that does not end', 'RUN <<A <<B\nA\n', ['unterminated-heredoc 2:9 <<B']],
  ['as destination', 'COPY a <<EOF\nEOF\n', ['heredoc-as-destination 2:8 <<EOF']],
  ['with a blank in its name, in COPY', "COPY <<'a b' /c\na b\n", ["heredoc-with-blanks 2:6 <<'a b'"]],
  ['with a blank before its name, in COPY', 'COPY << a /c\na\n', ['heredoc-with-blanks 2:6 << a']],
];
for (const [title, text, want] of wrong) {
  test(`parseDockerfile() refuses a heredoc ${title}`, () => assert.deepEqual(complaints(`FROM a\n${text}`), want));
}

test('the body below a line that is wrong is not taken for instructions', () => {
  assert.deepEqual(complaints('FROM a\nRUNN cat <<EOF\nnonsense\nEOF\nRUN --nope x <<EOF\nmore\nEOF\nRUN b\n'), [
    'unknown-instruction 2:1 RUNN',
    'unknown-flag 5:5 --nope',
  ]);
});

const unclear: [line: string, at: string][] = [
  ["COPY it's <<EOF /a", '2:11 <<EOF'],
  ['COPY a\\ <<EOF', '2:9 <<EOF'],
];
for (const [line, at] of unclear) {
  test(`parseDockerfile() refuses what only looks like a heredoc: ${line}`, () => {
    assert.deepEqual(complaints(`FROM a\n${line}\n`), [`unclear-heredoc ${at}`]);
  });
}

test('a form of the shell that the builder does not know hides no heredoc', () => {
  assert.deepEqual(bodies('RUN echo ${a[0]} ${#b} ${c^^} <<E\nx\nE\n'), { E: 'x\n' });
});

const scripts: [title: string, run: string, want: ReturnType<typeof runScript>][] = [
  ['text', 'RUN make all', { kind: 'shell', text: 'make all' }],
  ['the body of a single heredoc', 'RUN <<EOF\nmake $all\nEOF', { kind: 'shell', text: 'make $all\n' }],
  ['the body, without its tabs', 'RUN <<-EOF\n\tmake\n\tEOF', { kind: 'shell', text: 'make\n' }],
  ['a single heredoc with a blank', 'RUN << EOF\nmake\nEOF', { kind: 'shell', text: 'make\n' }],
  ['a file', "RUN <<'a b'\n#!/bin/x\nmake\na b", { kind: 'file', name: 'a b', body: '#!/bin/x\nmake\n' }],
  ['text again', 'RUN cat <<EOF > x\nhi\nEOF', { kind: 'shell', text: 'cat <<EOF > x\nhi\nEOF' }],
  ['text again, of several', "RUN a <<'A' <<B\n1\nA\n2\nB", { kind: 'shell', text: "a <<'A' <<B\n1\nA\n2\nB" }],
  ['text again, with #!', 'RUN python <<E\n#!x\nE', { kind: 'shell', text: 'python <<E\n#!x\nE' }],
  ['nothing in exec form', 'RUN ["a"]', undefined],
];
for (const [title, run, want] of scripts) {
  test(`runScript() makes ${title} of ${JSON.stringify(run)}`, () => {
    const instruction = instructionOf(run);
    assert.ok(instruction.keyword === 'RUN');
    assert.deepEqual(runScript(instruction), want);
  });
}
